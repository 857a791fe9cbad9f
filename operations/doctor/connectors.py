"""Connectors: can their files be read, are their variables set, and is there what the routes call?"""

import os
from collections.abc import AsyncIterator, Iterator, Mapping

from clients.connector.addresses import Forbidden, Gate
from configuration.connectors import load_connectors, variables_of
from configuration.files import BadConfig
from models.connectors import Connector
from models.findings import Finding, State
from models.routes import Routes
from models.spelling import nearest
from models.templates.template import Names
from settings import Settings


async def connector_findings(settings: Settings, routes: Routes) -> AsyncIterator[Finding]:
    folder, gate = settings.connector.folder, Gate(settings.connector.allowed)
    try:
        connectors = load_connectors(folder)
    except BadConfig as error:
        yield Finding("connectors", State.FAULT, str(error), "Mend the file: start-up refuses it.")
        return
    for name, each in connectors.items():
        for finding in _findings(name, each, gate, os.environ):
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


def _unknown(call: str, connectors: Mapping[str, Connector]) -> Finding | None:
    known = [f"{name}.{each}" for name, one in connectors.items() for each in one.operations]
    if call in known:
        return None
    said = f"there is none{nearest(call, known)}"
    return Finding(f"operation {call}", State.FAULT, said, "Correct the route, or add it to a connector.")
