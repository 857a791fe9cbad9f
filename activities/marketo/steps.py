"""Leads in Marketo, and where they are put."""

from activities.definition import refuse_outdated, step_activity
from activities.marketo.effects import OBJECT_TYPES, OFF, effect, skipped
from activities.marketo.enrolment import LEAD_TO_COME, NO_LEAD, enrolled, lead_of
from activities.marketo.lead import upserted
from activities.marketo.undo import undo
from activities.undoing import not_possible
from clients.kit.errors import Rejected
from clients.kit.http import Call, refused
from clients.marketo.assets import Campaign
from clients.marketo.client import MarketoClient
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.marketo import Enrolment, LeadWrite
from models.undo import Undoing, Undone

TRIGGER = (
    "In Marketo, give it the trigger Campaign is Requested with source Web Service API, and activate it."
)
ONCE_EVER = "by its qualification rules a lead runs through it once ever"


class MarketoActivities:
    def __init__(self, client: MarketoClient | None) -> None:
        self._client = client

    @step_activity("marketo.upsert_lead", looks_first=True)
    async def upsert_lead(self, write: LeadWrite) -> Effect:
        """`object_id` is the lead's id. Where an earlier try was without an answer, which of its values are
        ours nobody can tell: it counts as updated."""
        if self._client is None:
            return skipped(write, "lead", OFF)
        return await upserted(self._client, write)

    @step_activity("marketo.enrol")
    async def enrol(self, write: Enrolment) -> Effect:
        """In a list, a program or a custom object. A status of a program is never set back; `object_id` is
        the lead's id, of a custom object its record's."""
        if self._client is None:
            return skipped(write, OBJECT_TYPES[write.way], OFF)
        return await enrolled(self._client, write)

    @step_activity("marketo.request_campaign")
    async def request_campaign(self, write: Enrolment) -> Effect:
        """Each call runs the campaign's flow: called by `workflows.engine.once` alone. One that cannot be
        requested is refused before."""
        if self._client is None:
            return skipped(write, OBJECT_TYPES["campaign"], OFF)
        return await _requested(self._client, write)

    @step_activity("marketo.undo", looks_first=True)
    async def undo(self, undoing: Undoing) -> Undone:
        if self._client is None:
            return not_possible(undoing, OFF)
        return await undo(self._client, undoing)


async def _requested(client: MarketoClient, write: Enrolment) -> Effect:
    kind = OBJECT_TYPES["campaign"]
    if write.way != "campaign":
        raise refused(Call("marketo", "request a campaign"), Rejected, f"its way is {write.way}")
    lead, note = await lead_of(client, write)
    if lead is None and not (write.mode is Mode.PREVIEW and note == NO_LEAD):
        return skipped(write, kind, note)
    campaign = await _requestable(client, write)

    def said(action: Action, *notes: str) -> Effect:
        after = {"campaign": campaign.name or write.target}
        return effect(
            client, write, kind, action, id=lead, lead=lead, link=campaign.link, after=after, notes=notes
        )

    rule = ONCE_EVER if campaign.rule == "once" else ""
    if write.mode is Mode.PREVIEW:
        return said(Action.WOULD_CREATE, note if lead else LEAD_TO_COME, rule)
    if write.only_find:
        return skipped(write, kind, NOT_MADE_BEFORE)
    refuse_outdated("marketo", write)
    assert lead is not None
    await client.members.request(campaign.id, lead)
    return said(Action.CREATED, note, rule)


async def _requestable(client: MarketoClient, write: Enrolment) -> Campaign:
    campaign = await client.assets.campaign(write.target)
    if not campaign.requestable:
        call = Call("marketo", f"request campaign {write.target}")
        why = "it is not active" if not campaign.active else "it has no such trigger"
        raise refused(call, Rejected, f"it cannot be requested: {why}", TRIGGER)
    return campaign
