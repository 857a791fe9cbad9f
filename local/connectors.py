"""Connectors where there are no real systems: each reaches the simulated product in the place of its API."""

import json
from pathlib import Path
from typing import Any

from configuration.connectors import load_connectors, variables_of
from simulators.kit.shapes import PRODUCT_TOKEN


def simulated_connectors(folder: Path, into: Path, simulators_url: str) -> dict[str, str]:
    """Write the folder's connectors anew, so that none of them leads to a real system, and give the variables
    that hold their secrets. Raises BadConfig."""
    into.mkdir(parents=True, exist_ok=True)
    for old in into.glob("*.yaml"):
        old.unlink()
    variables: dict[str, str] = {}
    for name, connector in load_connectors(folder).items():
        said = connector.model_dump(mode="json", by_alias=True, exclude_unset=True)
        led = _led_to(said, f"{simulators_url}/connector/api")
        text = json.dumps(led, indent=2, ensure_ascii=False)  # which is YAML, too
        (into / f"{name}.yaml").write_text(text, encoding="utf-8")
        variables |= dict.fromkeys(variables_of(connector.auth), PRODUCT_TOKEN)
    return variables


def _led_to(connector: dict[str, Any], url: str) -> dict[str, Any]:
    auth = connector.get("auth", {})
    at = {"token_url": f"{url}/token"} if "token_url" in auth else {}
    return connector | {"base_url": url} | ({"auth": auth | at} if auth else {})
