"""The page on analytics: its lines for a terminal print what it shows; its readings are those there are."""

import os
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from local.devserver import DevServer
from models.analytics import Readings
from simulators.kit.control import Control
from systems import CHARTMOGUL
from tests import imported
from tests.conftest import ROOT
from tests.waiting import PATIENCE_SECONDS

PAGE = (ROOT / "docs/analytics.md").read_text(encoding="utf-8")


async def test_the_lines_for_a_terminal_print_what_is_shown(
    temporal_server: DevServer, workers: None, simulators: Control, simulators_url: str, tmp_path: Path
) -> None:
    simulators.reset(customers=200, seed=7, movements=12)
    names = [name for name in ("PATH", "HOME", "MOGULFLOW_CACHE_DIR") if name in os.environ]
    environment = {name: os.environ[name] for name in names} | {
        name: value.format(simulators=simulators_url) for name, value in CHARTMOGUL.simulated.items()
    }
    environment |= {"TEMPORAL_ADDRESS": temporal_server.address, "TEMPORAL_CONFIG_FILE": os.devnull}
    block = PAGE.split("```console\n", 1)[1].split("```", 1)[0]
    shown = [part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    assert len(shown) == 4
    for command, _, said in shown:
        (tmp_path / "output").unlink(missing_ok=True)
        code = await imported.run(shlex.split(command)[1:], environment, tmp_path, PATIENCE_SECONDS)
        output = (tmp_path / "output").read_text()
        assert (code, lines(output)) == (0, lines(said)), output


def lines(text: str) -> list[str]:
    """Without when it was."""
    timeless = re.sub(r", as of [^\n]*|all \d+ months", "", text)
    return [line.strip() for line in timeless.splitlines() if line.strip()]


def test_the_readings_are_those_there_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)`[^|]* \| `(\w+)`", PAGE, re.MULTILINE)
    given = {name: get_args(field.annotation) for name, field in Readings.model_fields.items()}
    assert {name: (default, other) for name, default, other in rows} == given
    assert Readings() == Readings.model_validate({name: default for name, default, _ in rows})


@pytest.mark.parametrize("metric", ["customer_churn", "net_mrr_retention"])
def test_each_metric_is_named(metric: str) -> None:
    assert metric in PAGE
