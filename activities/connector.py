"""Steps of any REST API that a connector's file describes."""

import json
from typing import Any

from activities.definition import refuse_outdated, step_activity
from activities.inverse import kept_for_undo, taken_back
from clients.connector.client import ConnectorClient
from clients.connector.clients import ConnectorClients
from clients.connector.lists import all_rows
from clients.connector.requests import Request, request_for
from clients.kit.errors import Rejected
from clients.kit.http import Call, refused
from models.connectors import MOST_KEPT_BYTES, Called, ConnectorCall, Operation
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.expressions import BadExpression, Missing, fill_in, found
from models.undo import Undoing, Undone


class ConnectorActivities:
    def __init__(self, clients: ConnectorClients) -> None:
        self._clients = clients

    @step_activity("connector.read")
    async def read(self, given: ConnectorCall) -> Called:
        """A read; of a list all rows."""
        client, operation = await self._client(given), given.asked
        call = _call(given, operation)
        if operation.pages:
            rows = await all_rows(client, call, given.content, operation, given.values)
            return Called(answer=_kept(call, operation, rows))
        request = request_for(call, given.content, operation, given.values)
        answer, _ = await client.ask(call, operation, request)
        return Called(answer=_kept(call, operation, answer.body))

    @step_activity("connector.write")
    async def write(self, given: ConnectorCall) -> Called:
        """A write. What the file says may not be repeated is called by `workflows.engine.once` alone."""
        client, operation = await self._client(given), given.asked
        call = _call(given, operation)
        request = request_for(call, given.content, operation, given.values, given.key)
        before = await self._looked_up(client, given, operation)
        if before is not None:
            action = given.already(_action(operation))
            return Called(
                answer=_kept(call, operation, before), effect=_effect(given, request, action, before)
            )
        if given.mode is Mode.PREVIEW:
            return Called(effect=_effect(given, request, _would(operation)))
        if given.only_find:
            return Called(effect=_effect(given, request, Action.SKIPPED, note=NOT_MADE_BEFORE))
        refuse_outdated("connector", given)
        answer, now = await client.ask(call, operation, request)
        action = _action(operation) if now else given.already(_action(operation))
        return Called(
            answer=_kept(call, operation, answer.body),
            effect=_effect(given, request, action, answer=answer.body),
        )

    @step_activity("connector.undo", looks_first=True)
    async def undo(self, undoing: Undoing) -> Undone:
        """By the operation that the file names as `undo` of the one that was made."""
        return await taken_back(self._clients, undoing)

    async def _client(self, given: ConnectorCall) -> ConnectorClient:
        return await self._clients.to(given.connector, given.content)

    async def _looked_up(self, client: ConnectorClient, given: ConnectorCall, operation: Operation) -> Any:
        """What is there already; None where nothing is, or nobody asks."""
        look_up = operation.once.look_up
        if look_up is None:
            return None
        asked = given.content.operations[look_up.operation]
        call = Call(given.connector, f"look up by {look_up.operation}")
        request = request_for(call, given.content, asked, given.values, given.key)
        answer, _ = await client.ask(call, asked, request)
        return found(look_up.found, answer.body)


def _call(given: ConnectorCall, operation: Operation) -> Call:
    what = f"call {given.connector}.{given.operation}"
    return Call(given.connector, what, writes=not operation.is_read, done=f"{given.operation} was done")


def _action(operation: Operation) -> Action:
    return Action.CREATED if operation.method == "POST" else Action.UPDATED


def _would(operation: Operation) -> Action:
    return Action.WOULD_CREATE if operation.method == "POST" else Action.WOULD_UPDATE


def _kept(call: Call, operation: Operation, answer: Any) -> Any:
    """What travels on. Raises Rejected where a read gives more than a run may keep; a write was done."""
    kept = (
        {name: found(place, answer) for name, place in operation.keeps.items()} if operation.keeps else answer
    )
    if len(json.dumps(kept, default=str)) <= MOST_KEPT_BYTES:
        return kept
    if call.writes:
        return None
    detail = f"its answer has more than {MOST_KEPT_BYTES // 1024} KiB"
    raise refused(call, Rejected, detail, "Say in `keeps` what of it is needed.")


def _effect(
    given: ConnectorCall,
    request: Request,
    action: Action,
    before: Any = None,
    answer: Any = None,
    note: str | None = None,
) -> Effect:
    shown, there = given.asked.shown, before if answer is None else answer
    id = found(shown.id, there) if shown.id and there is not None else None
    after = {name: found(place, there) for name, place in shown.after.items()} if there is not None else {}
    left_out = f"left out: {', '.join(request.left_out)}" if request.left_out else None
    return Effect(
        system=given.connector,
        object_type=shown.object_type or given.operation,
        object_id=None if id is None else str(id),
        link=_link(given, request, there),
        action=action,
        key=given.key,
        before={name: found(place, before) for name, place in shown.before.items()} if before else None,
        after=after or _sent(request),
        note="; ".join(filter(None, (note, left_out))) or None,
        undo=kept_for_undo(given.content, given.operation, given.values, answer),
    )


def _sent(request: Request) -> dict[str, Any]:
    return request.sent if isinstance(request.sent, dict) else {"body": request.sent} if request.sent else {}


def _link(given: ConnectorCall, request: Request, answer: Any) -> str | None:
    if (text := given.asked.shown.link) is None or answer is None:
        return None
    try:
        return str(fill_in(text, given.values | {"answer": answer, "request": request.sent}))
    except (BadExpression, Missing):
        return None  # a link is a convenience
