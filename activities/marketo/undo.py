"""Taking back what was written to Marketo, but for what a person has changed since.

Fields of a lead are set back, a lead that was made is deleted where that is asked for, who was put in a list
is taken out of it, who became a program's member is none any more, and a record of a custom object is
deleted. A campaign that was requested has run, and a member's status never goes back.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from activities.definition import refuse_outdated
from activities.marketo.effects import OBJECT_TYPES, saved
from activities.marketo.membership import list_member_taken_back, program_member_taken_back
from activities.marketo.record import record_taken_back
from activities.undoing import (
    DELETED_FOR_GOOD,
    NO_ID,
    NOT_ASKED,
    Values,
    before_newer,
    changed_since,
    deleted,
    is_deletion,
    not_possible,
    not_there,
    restored,
    touched,
    was_made,
)
from clients.kit.errors import NotFound
from clients.marketo.client import MarketoClient
from clients.marketo.fields import Fitted
from models.effects import Action, Mode
from models.undo import Undoing, Undone

HAS_RUN = "Marketo takes no request back: the campaign has run for the lead"
UNKNOWN_KIND = "nothing is known of how such a thing is taken back in Marketo"


async def undo(client: MarketoClient, undoing: Undoing) -> Undone:
    """What an undo needs of an effect its own undo needs of it."""
    take_back = WAYS.get(undoing.effect.object_type)
    if take_back is None:
        return not_possible(undoing, UNKNOWN_KIND)
    done = await take_back(client, undoing)
    return done.model_copy(update={"effect": done.effect.model_copy(update={"undo": undoing.effect.undo})})


async def _lead(client: MarketoClient, undoing: Undoing) -> Undone:
    effect = undoing.effect
    if effect.object_id is None:
        return not_possible(undoing, NO_ID)
    if is_deletion(effect):
        return not_possible(undoing, DELETED_FOR_GOOD)
    if was_made(effect) and not undoing.delete:
        return not_possible(undoing, NOT_ASKED)
    now = await _lead_now(client, effect.object_id, effect.after)
    if now is None:
        return not_there(undoing, deletes=was_made(undoing.effect))
    if was_made(effect):
        return await _delete_lead(client, undoing, now)
    lead = int(effect.object_id)

    async def save(values: dict[str, Any]) -> bool:
        return bool(values) and bool(await client.leads.update(lead, values))

    async def write(values: Values) -> tuple[Values, list[str]]:
        fit = Fitted({name: "" if value is None else value for name, value in values.items()})
        await saved(fit, save)
        return {name: values[name] for name in fit.values}, fit.notes

    return await restored(undoing, now, write)


async def _lead_now(client: MarketoClient, lead: str, fields: Mapping[str, Any]) -> Values | None:
    """Of fields that are there still."""
    specs = await client.leads.specs(fields)
    try:
        return dict((await client.leads.read(lead, [name for name in fields if name in specs])).values)
    except NotFound:
        return None


async def _delete_lead(client: MarketoClient, undoing: Undoing, now: Values) -> Undone:
    if by_people := touched(undoing.effect, before_newer(undoing, now)):
        return changed_since(undoing, by_people)
    if undoing.mode is Mode.PREVIEW:
        return deleted(undoing, Action.WOULD_UPDATE)
    refuse_outdated("marketo", undoing)
    try:
        await client.leads.delete(int(undoing.effect.object_id or ""))
    except NotFound:
        return not_there(undoing, deletes=was_made(undoing.effect))
    return deleted(undoing, Action.UPDATED)


async def _campaign(client: MarketoClient, undoing: Undoing) -> Undone:
    return not_possible(undoing, HAS_RUN)


WAYS: dict[str, Callable[[MarketoClient, Undoing], Awaitable[Undone]]] = {
    "lead": _lead,
    OBJECT_TYPES["static_list"]: list_member_taken_back,
    OBJECT_TYPES["program_status"]: program_member_taken_back,
    OBJECT_TYPES["custom_object"]: record_taken_back,
    OBJECT_TYPES["campaign"]: _campaign,
}
