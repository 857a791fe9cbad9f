"""Taking back what was written to Salesforce, but for what a person has changed since.

A task or opportunity that was made is closed, or deleted where that is asked for and nobody has changed it; a
note, which is a completed task or a post, is deleted. An account, contact or lead is deleted on request
alone. Fields that were set are set back.
"""

from typing import Any

from activities.definition import refuse_outdated
from activities.salesforce.mending import DESCRIPTION_LENGTH, Mended, find_record, write_mended
from activities.salesforce.task import closed_status
from activities.undoing import (
    DELETED_FOR_GOOD,
    NO_ID,
    NOT_ASKED,
    Values,
    before_newer,
    changed_since,
    deleted,
    gone,
    is_deletion,
    not_possible,
    restored,
    same,
    touched,
    undone,
    was_made,
)
from clients.kit.errors import NotFound, Permanent
from clients.salesforce.by_id import ON_ACCOUNTS
from clients.salesforce.client import SalesforceClient
from models.effects import Action, Effect, Mode
from models.undo import Undoing, Undone
from models.wording import joined

TAKEN_BACK = "Taken back: the run that made this was undone."
STATUS, STAGE, TEXT = "Status", "StageName", "Description"
CLOSED_BY = {"Task": STATUS, "Opportunity": STAGE}
"""The field whose value closes such a record."""

NO_STAGE = "the org has no active stage that closes an opportunity as lost"


async def undo(client: SalesforceClient, undoing: Undoing) -> Undone:
    effect = undoing.effect
    if effect.object_id is None:
        return not_possible(undoing, NO_ID)
    if is_deletion(effect):
        return not_possible(undoing, DELETED_FOR_GOOD)
    now = await _now(client, effect)
    if now is None:
        return await _not_there(client, undoing)
    if was_made(effect):
        return await _of_what_was_made(client, undoing, now)
    return await restored(undoing, now, lambda values: _write(client, effect, values))


async def _now(client: SalesforceClient, effect: Effect) -> Values | None:
    """The record's fields that the effect concerns, and those by which it is closed."""
    closing = CLOSED_BY.get(effect.object_type) if was_made(effect) else None
    names = [*effect.after, *([closing, TEXT] if closing else [])]
    found = await find_record(client.records(effect.object_type), effect.object_id or "", names)
    return {name: value for name, value in found.items() if name != "Id"} if found else None


async def _not_there(client: SalesforceClient, undoing: Undoing) -> Undone:
    """An earlier try may have deleted it, where that was to be done."""
    effect = undoing.effect
    if undoing.already(Action.UPDATED) is not Action.UPDATED or not was_made(effect):
        return gone(undoing)
    deletes = undoing.delete or effect.object_type == "FeedItem" or await _is_note(client, effect)
    return deleted(undoing, Action.UPDATED) if deletes else gone(undoing)


async def _is_note(client: SalesforceClient, effect: Effect) -> bool:
    """A task that was made as a completed one."""
    status = effect.after.get(STATUS) if effect.object_type == "Task" else None
    return status is not None and status == (await closed_status(client))[0].get(STATUS)


async def _of_what_was_made(client: SalesforceClient, undoing: Undoing, now: Values) -> Undone:
    effect, found = undoing.effect, before_newer(undoing, now)
    by_people = touched(effect, found)
    closing = CLOSED_BY.get(effect.object_type)
    if effect.object_type == "FeedItem":
        return await _delete_untouched(client, undoing, by_people)
    if closing is None:
        if not undoing.delete:
            return not_possible(undoing, NOT_ASKED)
        if why := await _others_on_it(client, undoing):
            return changed_since(undoing, by_people, why)
        return await _delete_untouched(client, undoing, by_people)
    if (undoing.delete and not by_people) or await _is_note(client, effect):
        return await _delete_untouched(client, undoing, by_people)
    to, why_not = await _closed(client, effect)
    if to is None:
        return not_possible(undoing, why_not)
    return await _close(client, undoing, found, closing, to)


async def _delete_untouched(client: SalesforceClient, undoing: Undoing, by_people: list[str]) -> Undone:
    if by_people:
        return changed_since(undoing, by_people)
    if undoing.mode is Mode.PREVIEW:
        return deleted(undoing, Action.WOULD_UPDATE)
    refuse_outdated("salesforce", undoing)
    effect = undoing.effect
    try:
        await client.records(effect.object_type).delete(effect.object_id or "")
    except NotFound:
        return await _not_there(client, undoing)
    return deleted(undoing, Action.UPDATED)


async def _others_on_it(client: SalesforceClient, undoing: Undoing) -> str:
    """What Salesforce would delete together with an account, but for what the same run has made there."""
    effect = undoing.effect
    if effect.object_type != "Account":
        return ""
    ours = {each.object_id for each in undoing.newer if was_made(each)}
    for name in ON_ACCOUNTS:
        try:
            others = await client.records(name).of_account(effect.object_id or "") - ours
        except Permanent as refusal:
            return f"it cannot be seen whether there is any {name} on it ({refusal.code}): it stays"
        if others:
            return f"there is a {name} on it by now, which would be deleted with it: it stays"
    return ""


async def _closed(client: SalesforceClient, effect: Effect) -> tuple[str | None, str]:
    """The value that closes it; else why there is none."""
    if effect.object_type == "Task":
        status, why = await closed_status(client)
        return status.get(STATUS), why or ""
    try:
        return await client.lost_stage(), NO_STAGE
    except Permanent as refusal:
        return None, str(refusal)


async def _close(client: SalesforceClient, undoing: Undoing, found: Values, closing: str, to: str) -> Undone:
    """Unless a person has moved it on; with a line that says why it is closed, where there is room."""
    was = undoing.effect.after.get(closing)
    if was is None and closing == STATUS:
        was = await client.default_status()
    text = str(found.get(TEXT) or "")
    if same(found.get(closing), to) and (TAKEN_BACK in text or undoing.repeat):
        return _found_closed(undoing, text, {closing: (was, to)})
    if was is not None and not same(found.get(closing), was):
        return changed_since(undoing, [closing])
    before, after = _sides(found, text, closing, to)
    if undoing.mode is Mode.PREVIEW:
        return undone(undoing, Action.WOULD_UPDATE, before, after)
    refuse_outdated("salesforce", undoing)
    try:
        written, notes = await _write(client, undoing.effect, after, keeps=(closing,))
    except NotFound:
        return gone(undoing)
    return undone(
        undoing, Action.UPDATED, {name: before[name] for name in written}, written, note=joined(*notes) or ""
    )


def _sides(found: Values, text: str, closing: str, to: str) -> tuple[Values, Values]:
    said = f"{text}\n\n{TAKEN_BACK}".strip()
    with_line = TEXT in found and len(said) <= DESCRIPTION_LENGTH
    before = {closing: found.get(closing)} | ({TEXT: found[TEXT]} if with_line else {})
    return before, {closing: to} | ({TEXT: said} if with_line else {})


def _found_closed(undoing: Undoing, text: str, changed: dict[str, tuple[Any, Any]]) -> Undone:
    """By an earlier try, or by an undo before this one."""
    [(closing, (was, to))] = changed.items()
    action = undoing.already(Action.UPDATED)
    after = {closing: to, TEXT: text}
    if action is Action.UNCHANGED:
        return undone(undoing, action, after, after)
    earlier = text.removesuffix(TAKEN_BACK).rstrip() or None
    return undone(undoing, action, {closing: was, TEXT: earlier}, after)


async def _write(
    client: SalesforceClient, effect: Effect, values: Values, keeps: tuple[str, ...] = ()
) -> tuple[Values, list[str]]:
    """What of it Salesforce takes. Raises NotFound."""
    records, mended = client.records(effect.object_type), Mended(values, tells=False, keeps=keeps)

    async def update(left: Values) -> None:
        if left:
            await records.update(effect.object_id or "", left)

    await write_mended(client, update, mended)
    return mended.values, mended.notes
