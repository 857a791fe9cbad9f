"""Connectors of config/connectors: what there is, and trying one operation without a run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clients.connector.clients import ConnectorClients
from clients.connector.lists import all_rows
from clients.connector.requests import Request, request_for
from clients.kit.errors import IntegrationError
from clients.kit.http import Call
from configuration.connectors import load_connectors, variables_of
from models.connectors import Answer, Connector, Operation
from models.findings import Finding
from models.routes import Routes
from models.spelling import nearest
from operations.doctor.connectors import connector_findings
from operations.errors import Stopped
from settings import Settings

HIDDEN = "••••"


@dataclass(frozen=True)
class Listed:
    """One operation. `guard` says how a repeat has no second effect."""

    connector: str
    operation: str
    method: str
    path: str
    guard: str
    summary: str


@dataclass(frozen=True)
class Tried:
    """What was, or would be, sent; and what came back, where it was sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str
    left_out: tuple[str, ...]
    answer: Answer | None = None
    rows: list[Any] = field(default_factory=list)


def listed(settings: Settings) -> list[Listed]:
    """Raises BadConfig."""
    return [
        Listed(name, operation, each.method, each.path, guard_of(each), each.summary)
        for name, connector in load_connectors(settings.connector.folder).items()
        for operation, each in connector.operations.items()
    ]


def guard_of(operation: Operation) -> str:
    """In words."""
    once = operation.once
    if operation.is_read:
        return "a read"
    ways = [
        *([f"our key in {once.header}"] if once.header else []),
        *([f"our key in the field {once.field}"] if once.field else []),
        *([f"looked up by {once.look_up.operation} first"] if once.look_up else []),
    ]
    if ways:
        return ", and ".join(ways)
    return "may be repeated" if operation.may_repeat else "at most once"


async def checked(settings: Settings, routes: Routes) -> list[Finding]:
    return [each async for each in connector_findings(settings, routes)]


async def tried(
    settings: Settings, name: str, operation: str, values: Mapping[str, Any], *, key: str, send: bool
) -> Tried:
    """The request, with every secret hidden; sent where it is a read, or `send` says so. Raises Stopped,
    BadConfig."""
    connector, asked = _found(settings, name, operation)
    call = Call(name, f"call {name}.{operation}", writes=not asked.is_read)
    try:
        request = request_for(call, connector, asked, values, key)
        shown = _shown(connector, request)
        if not (asked.is_read or send):
            return shown
        clients = ConnectorClients(settings.connector, os.environ)
        try:
            client = await clients.to(name, connector)
            if asked.pages:
                return replace(shown, rows=await all_rows(client, call, connector, asked, values))
            answer, _ = await client.ask(call, asked, request)
            return replace(shown, answer=answer)
        finally:
            await clients.aclose()
    except IntegrationError as error:
        raise Stopped(str(error)) from None


def _found(settings: Settings, name: str, operation: str) -> tuple[Connector, Operation]:
    connectors = load_connectors(settings.connector.folder)
    if name not in connectors:
        where = settings.connector.folder
        raise Stopped(f"There is no connector {name} in {where}{nearest(name, connectors)}.")
    known = connectors[name].operations
    if operation not in known:
        raise Stopped(f"{name} has no operation {operation}{nearest(operation, known)}.")
    return connectors[name], known[operation]


def _shown(connector: Connector, request: Request) -> Tried:
    """As it would be sent, and in the place of secrets the names of their variables."""
    secrets = ", ".join(variables_of(connector.auth))
    signed = {f"({connector.auth.kind})": f"{HIDDEN} {secrets}"} if secrets else {}
    body = (request.body or b"").decode(errors="replace")
    return Tried(request.method, request.url, {**request.headers, **signed}, body, request.left_out)
