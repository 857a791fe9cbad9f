"""The files of config/connectors: reading them, and what a check finds of them."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from clients.connector.addresses import Forbidden, Gate
from clients.connector.settings import Connectors
from configuration.files import BadConfig, load
from models.connectors import VARIABLE, Connector
from models.findings import Finding, State
from models.routes import Routes
from models.spelling import nearest
from models.templates.template import Names
from settings import Settings

_NAME = re.compile("[a-z][a-z0-9_]{0,59}")


def load_connectors(folder: str | Path) -> dict[str, Connector]:
    """By name: those of the folder's files. Raises BadConfig."""
    found = {}
    for file in sorted(Path(folder).glob("*.yaml")):
        if not _NAME.fullmatch(file.stem):
            said = "a connector's name has small letters, digits and `_`, as in my_product.yaml"
            raise BadConfig(f"{file}:1: {said}")
        found[file.stem] = load(file, Connector, "")
    return found


def connectors_for(routes: Routes, settings: Settings) -> dict[str, Connector]:
    """Those of config/connectors, where a route calls any. Raises BadConfig."""
    return load_connectors(settings.connector.folder) if routes.named(Names.OPERATION) else {}


async def connector_findings(
    settings: Connectors, routes: Routes, variables: Mapping[str, str]
) -> AsyncIterator[Finding]:
    try:
        connectors = load_connectors(settings.folder)
    except BadConfig as error:
        yield Finding("connectors", State.FAULT, str(error), "Mend the file: start-up refuses it.")
        return
    if not connectors:
        yield Finding("connectors", State.OFF, f"no file in {settings.folder}", "docs/connectors.md has one.")
    for name, each in connectors.items():
        for finding in _findings(name, each, Gate(settings.allowed), variables):
            yield finding
    for call in sorted(routes.named(Names.OPERATION)):
        if unknown := _unknown(call, connectors):
            yield unknown


def _findings(name: str, connector: Connector, gate: Gate, variables: Mapping[str, str]) -> Iterator[Finding]:
    what = f"connector {name}"
    missing = sorted(each for each in variables_of(connector.auth) if not variables.get(each))
    if missing:
        yield Finding(
            what, State.FAULT, f"not set: {', '.join(missing)}", "Set it in .env or the environment."
        )
    try:
        gate.check_host(connector.host)
    except Forbidden as error:
        yield Finding(what, State.FAULT, str(error))
        return
    if connector.base_url.startswith("http:") and not gate.is_allowed(connector.host):
        said = f"{connector.host} would be reached without TLS"
        yield Finding(what, State.FAULT, said, "Use https, or name the host in CONNECTOR__ALLOWED_HOSTS.")
    elif not missing:
        yield Finding(what, State.OK, f"{len(connector.operations)} operations at {connector.host}")


def variables_of(auth: BaseModel) -> Iterator[str]:
    """Names of the variables that hold its secrets."""
    for name, about in type(auth).model_fields.items():
        value: Any = getattr(auth, name)
        if value is not None and VARIABLE in about.metadata:
            yield value


def _unknown(call: str, connectors: Mapping[str, Connector]) -> Finding | None:
    known = [f"{name}.{each}" for name, one in connectors.items() for each in one.operations]
    if call in known:
        return None
    said = f"there is none{nearest(call, known)}"
    return Finding(f"operation {call}", State.FAULT, said, "Correct the route, or add it to a connector.")
