"""Taking back what a connector's operation did, by the operation that its file names as `undo`.

Whether a person has changed the object since can be told where the operation looks before it writes and its
file says, in `shown.before`, where the answer to that has the fields of the effect.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from activities.definition import refuse_outdated
from activities.undoing import Values, changed_since, gone, not_possible, same, undone
from clients.connector.client import ConnectorClient
from clients.connector.clients import ConnectorClients
from clients.connector.requests import Request, request_for
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call
from models.connectors import MOST_UNDO_BYTES, Connector, Inverse, LookUp, Operation
from models.effects import Action, Effect, Mode
from models.expressions import found, named_in, picked
from models.undo import Undoing, Undone

TAKEN_BACK = "taken back"
"""The field on the sides of the undo's own effect: false, then true."""

NONE_NAMED = "the connector's file names no `undo` of the operation"
NOT_AS_LEFT = "what the operation looks up is not as it left it, and stays so"


def kept_for_undo(
    content: Connector, operation: str, values: Mapping[str, Any], answer: Any
) -> dict[str, Any]:
    """Nothing where the file names no inverse. Of values that are too many the undo has none: it says then
    what it lacks."""
    if content.operations[operation].undo is None:
        return {}
    needed = content.with_all_of(operation)
    texts = [_texts(each) for each in needed.operations.values()]
    kept = picked({**values, "answer": answer}, named_in([*texts, dict(needed.headers)]))
    kept.pop("effect", None)
    if len(json.dumps(kept, default=str)) > MOST_UNDO_BYTES:
        kept = {}
    inverse = Inverse(operation=operation, content=needed, values=kept)
    return inverse.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _texts(operation: Operation) -> list[Any]:
    body = operation.body
    sent = [body.json_value, body.form, body.text] if body else []
    return [operation.path, dict(operation.query), dict(operation.headers), *sent]


async def taken_back(clients: ConnectorClients, undoing: Undoing) -> Undone:
    inverse = _inverse_of(undoing.effect)
    if inverse is None or inverse.done.undo is None:
        return not_possible(undoing, NONE_NAMED)
    client = await clients.to(undoing.effect.system, inverse.content)
    try:
        return await _looked_at(client, undoing, inverse) or await _made(client, undoing, inverse)
    except _CannotBeMade as error:
        return not_possible(undoing, str(error))


class _CannotBeMade(Exception):
    """Its request needs what is not known."""


def _inverse_of(effect: Effect) -> Inverse | None:
    try:
        return Inverse.model_validate(effect.undo)
    except ValidationError:
        return None


async def _looked_at(client: ConnectorClient, undoing: Undoing, inverse: Inverse) -> Undone | None:
    """None where nobody can tell, or it is as the operation left it."""
    done, effect = inverse.done, undoing.effect
    if done.once.look_up is None:
        return None
    there = await _found(client, inverse, done.once.look_up, inverse.values, effect.key)
    if there is None:
        if undoing.already(Action.UPDATED) is Action.UPDATED:
            return _back(undoing, inverse, Action.UPDATED)
        return gone(undoing) if done.method == "POST" else changed_since(undoing, [], NOT_AS_LEFT)
    now = {name: found(place, there) for name, place in done.shown.before.items() if name in effect.after}
    by_people = [name for name, value in now.items() if not same(value, effect.after[name])]
    return changed_since(undoing, by_people) if by_people else None


async def _made(client: ConnectorClient, undoing: Undoing, inverse: Inverse) -> Undone:
    effect, name = undoing.effect, str(inverse.done.undo)
    asked = inverse.content.operations[name]
    call = Call(effect.system, f"call {effect.system}.{name}", writes=True, done=f"{name} was done")
    values = {**inverse.values, "effect": _told(effect)}
    request = _request(call, inverse.content, asked, values, undoing.key)
    look_up = asked.once.look_up
    if look_up and await _found(client, inverse, look_up, values, undoing.key) is not None:
        return _back(undoing, inverse, undoing.already(Action.UPDATED))
    if undoing.mode is Mode.PREVIEW:
        return _back(undoing, inverse, Action.WOULD_UPDATE)
    refuse_outdated("connector", undoing)
    try:
        answer, now = await client.ask(call, asked, request)
    except NotFound:
        if undoing.already(Action.UPDATED) is Action.UPDATED:
            return _back(undoing, inverse, Action.UPDATED)
        return gone(undoing)
    action = Action.UPDATED if now else undoing.already(Action.UPDATED)
    return _back(undoing, inverse, action, answer.body)


async def _found(client: ConnectorClient, inverse: Inverse, look_up: LookUp, values: Values, key: str) -> Any:
    asked = inverse.content.operations[look_up.operation]
    call = Call(client.name, f"look up by {look_up.operation}")
    request = _request(call, inverse.content, asked, values, key)
    answer, _ = await client.ask(call, asked, request)
    return found(look_up.found, answer.body)


def _request(call: Call, content: Connector, asked: Operation, values: Values, key: str) -> Request:
    """Where a field would be left out it might mean another object: then there is none."""
    try:
        request = request_for(call, content, asked, values, key)
    except Rejected as error:
        raise _CannotBeMade(str(error)) from None
    if request.left_out:
        raise _CannotBeMade(f"its request cannot be made: {', '.join(request.left_out)}")
    return request


def _told(effect: Effect) -> Values:
    """As texts may name it: without what is not known, which would be sent as None."""
    told = {"id": effect.object_id, "before": effect.before, "after": effect.after}
    return {name: value for name, value in told.items() if value is not None}


def _back(undoing: Undoing, inverse: Inverse, action: Action, answer: Any = None) -> Undone:
    """Its own effect can be undone where the file names what takes the inverse back."""
    effect, name = undoing.effect, str(inverse.done.undo)
    before, after = _sides(effect)
    done = undone(undoing, action, after if action is Action.UNCHANGED else before, after)
    place = inverse.content.operations[name].shown.id
    id = found(place, answer) if place and answer is not None else None
    told = {
        "object_id": effect.object_id if id is None else str(id),
        "undo": kept_for_undo(inverse.content, name, inverse.values, answer),
    }
    return done.model_copy(update={"effect": done.effect.model_copy(update=told)})


def _sides(effect: Effect) -> tuple[Values, Values]:
    if effect.after.get(TAKEN_BACK) is True:
        return effect.after, {**(effect.before or {}), TAKEN_BACK: False}
    return {**effect.after, TAKEN_BACK: False}, {TAKEN_BACK: True}
