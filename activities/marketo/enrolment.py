"""A lead is put in a list, in a program or in a record of a custom object, once."""

from collections.abc import Awaitable, Callable

from activities.definition import refuse_outdated
from activities.marketo.custom_object import in_object
from activities.marketo.effects import OBJECT_TYPES, effect, skipped
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call, refused
from clients.marketo.assets import Kind, Program
from clients.marketo.client import MarketoClient
from clients.marketo.leads import unusable
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.marketo import Enrolment, Way
from models.spelling import nearest

NO_LEAD = "there is no lead with this address"
LEAD_TO_COME = "once the lead is there"
BY_ITSELF = "Let the step that requests campaigns do it: it is made at most once."


async def lead_of(client: MarketoClient, write: Enrolment) -> tuple[str | None, str]:
    """Its id, or why there is none."""
    if write.lead_id is not None:
        return write.lead_id, ""
    if why := unusable(write.email):
        return None, why
    found = await client.leads.find(write.email)
    return (str(found.id), found.note) if found else (None, NO_LEAD)


async def enrolled(client: MarketoClient, write: Enrolment) -> Effect:
    if write.way == "campaign":
        raise refused(Call("marketo", "enrol by a campaign"), Rejected, "not by this step", BY_ITSELF)
    lead, note = await lead_of(client, write)
    if lead is None and not (write.mode is Mode.PREVIEW and note == NO_LEAD):
        return skipped(write, OBJECT_TYPES[write.way], note)
    try:
        made = await WAYS[write.way](client, write, lead)
    except NotFound:
        if kind := REMEMBERED.get(write.way):
            client.assets.forget(kind, write.target)
        raise
    notes = [made.note, note if lead else LEAD_TO_COME]
    return made.model_copy(update={"note": "; ".join(filter(None, notes)) or None})


async def _in_list(client: MarketoClient, write: Enrolment, lead: str | None) -> Effect:
    target = await client.assets.static_list(write.target)
    there = {"list": target.name or write.target}

    def said(action: Action) -> Effect:
        before = there if action is Action.UNCHANGED else None
        kind = OBJECT_TYPES[write.way]
        return effect(
            client, write, kind, action, id=lead, lead=lead, link=target.link, before=before, after=there,
            place={"list": target.id},
        )  # fmt: skip

    if lead and await client.members.is_in_list(target.id, lead):
        return said(write.already(Action.CREATED))
    if write.only_find:
        return skipped(write, OBJECT_TYPES[write.way], NOT_MADE_BEFORE)
    if lead is None or write.mode is Mode.PREVIEW:
        return said(Action.WOULD_CREATE)
    refuse_outdated("marketo", write)
    await client.members.add_to_list(target.id, lead)
    return said(Action.CREATED)


async def _in_program(client: MarketoClient, write: Enrolment, lead: str | None) -> Effect:
    """Marketo skips who is past the status: a member never goes back. Which status comes after which says
    the step that the program's channel gives it."""
    program = await client.assets.program(write.target)
    steps = await client.assets.steps(program.channel)
    wanted = _status(write, program, steps)
    now = await client.members.status(program.id, lead) if lead else None

    def said(action: Action, note: str = "", *, moved: bool = True) -> Effect:
        before = None if now is None else {"program": program.name, "status": now}
        after = {"program": program.name, "status": wanted if moved else now}
        return effect(
            client, write, OBJECT_TYPES[write.way], action, id=lead, lead=lead, link=program.link,
            before=before, after=after, notes=[note], place={"program": program.id},
        )  # fmt: skip

    if now == wanted:
        return said(write.already(Action.UPDATED))
    if now is not None and steps.get(now, 0) > steps[wanted]:
        return said(Action.UNCHANGED, f"{now} comes after {wanted}: no member goes back", moved=False)
    if write.only_find:
        return skipped(write, OBJECT_TYPES[write.way], NOT_MADE_BEFORE)
    if lead is None or write.mode is Mode.PREVIEW:
        return said(Action.WOULD_CREATE if now is None else Action.WOULD_UPDATE)
    refuse_outdated("marketo", write)
    if not await client.members.set_status(program.id, lead, wanted):
        return said(Action.UNCHANGED, f"Marketo has the lead in {wanted} already, or past it", moved=False)
    return said(Action.CREATED if now is None else Action.UPDATED)


def _status(write: Enrolment, program: Program, steps: dict[str, int]) -> str:
    """As the channel writes it. Raises Rejected where it has no such status."""
    given = write.status or ""
    found = next((name for name in steps if name.casefold() == given.casefold()), None)
    if found is None:
        call = Call("marketo", f"set a status in program {program.name}")
        detail = f"channel {program.channel} has no status {given or 'without a name'}{nearest(given, steps)}"
        raise refused(call, Rejected, detail, f"Name one of: {', '.join(steps)}.")
    return found


WAYS: dict[Way, Callable[[MarketoClient, Enrolment, str | None], Awaitable[Effect]]] = {
    "static_list": _in_list,
    "program_status": _in_program,
    "custom_object": in_object,
}
REMEMBERED: dict[Way, Kind] = {"static_list": "list", "program_status": "program"}
"""By which name a target is known that may be there no more."""
