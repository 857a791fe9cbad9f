"""A deal: made once, and its amount, which is never put down in another currency than it is in.

What a person makes of it stays: an amount is set only while the deal is open, and what we last wrote is what
it still has. HubSpot offers no way to make that one act with the write: between the look and the write are
some tens of milliseconds.
"""

from decimal import Decimal, InvalidOperation

from activities.definition import refuse_outdated
from activities.hubspot.effects import effect_of, skipped
from activities.hubspot.mending import NAME_LENGTH, Mended, added, one_line, plain, write_mended
from clients.hubspot.client import HubSpotClient
from clients.hubspot.pipelines import stage_in
from clients.kit.errors import NotFound, Permanent, Rejected
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.hubspot import DealAmount, DealNow, DealWrite, HubSpotRecord, Pipeline, Properties
from models.money import CENT, in_words, same_to_the_cent
from models.wording import joined, was_cut

AMOUNT, CURRENCY, TEXT, IS_CLOSED = "amount", "deal_currency_code", "description", "hs_is_closed"
ESSENTIAL = ("dealname", "dealstage", "pipeline")
READ = (
    "dealname", "dealstage", "pipeline", AMOUNT, CURRENCY, IS_CLOSED, "closedate", "hubspot_owner_id",
    "hs_lastmodifieddate",
)  # fmt: skip
TO_SET = ("dealstage", "pipeline", AMOUNT, CURRENCY, IS_CLOSED, TEXT)
NOON = "T12:00:00Z"
"""HubSpot keeps an instant, and shows the day that it is in the portal's time zone."""

NO_CURRENCY = {"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"}
"""Of a portal whose deals have no currency of their own; of which HubSpot says nothing, so that both are
taken for that. Any other refusal is of one that it does not know."""

GONE = "The deal is gone: somebody deleted it, or its key."


async def save_deal(client: HubSpotClient, write: DealWrite) -> Effect:
    wanted = await _properties(client, write)
    if write.looks and (found := await client.find_deal(write.key, list(wanted))):
        return await _there(client, write, found, list(wanted))
    cut = was_cut("dealname", write.name, NAME_LENGTH)
    if write.only_find:
        return skipped(write, "deals", NOT_MADE_BEFORE)
    if write.mode is Mode.PREVIEW:
        action = Action.WOULD_CREATE
        return effect_of(client, write, "deals", action, None, before=None, after=wanted, note=cut)
    refuse_outdated("hubspot", write)
    mended = _MendedDeal(wanted, write)
    saved = await write_mended(lambda values: client.save_deal(write.key, values), mended)
    note = joined(cut, *mended.notes, *await _connect(client, saved.id, write.company_id))
    action = Action.CREATED if saved.created else Action.UPDATED
    return effect_of(client, write, "deals", action, saved.id, before=None, after=mended.values, note=note)


async def read_deal(client: HubSpotClient, key: str) -> DealNow | None:
    found = await client.find_deal(key, READ)
    if found is None:
        return None
    values, pipelines = found.properties, await client.pipelines.all()
    pipeline, stage = _names(pipelines, values)
    return DealNow.model_validate({
        "id": found.id,
        "link": client.link("deals", found.id),
        "name": values.get("dealname") or "",
        "stage": stage,
        "pipeline": pipeline,
        "amount": _amount_in(values),
        "currency": values.get(CURRENCY),
        "is_closed": _is_closed(pipelines, values),
        "close_date": (values.get("closedate") or "")[: len("2026-12-31")] or None,
        "owner_id": values.get("hubspot_owner_id"),
        "last_modified": values.get("hs_lastmodifieddate"),
    })  # fmt: skip


async def set_amount(client: HubSpotClient, wanted: DealAmount) -> Effect:
    found = await client.find_deal(wanted.deal_key, TO_SET)
    if found is None:
        return _nothing_to_set(client, wanted)
    values, pipelines = found.properties, await client.pipelines.all()
    missing, told = _missing(values, wanted)
    before: Properties = {name: values.get(name) for name in missing or (AMOUNT,)}
    closed = _is_closed(pipelines, values)
    if not missing or (closed and not told and AMOUNT not in missing):
        action = wanted.already(Action.UPDATED)
        return effect_of(client, wanted, "deals", action, found.id, before=before, after=before, note=told)
    if why := NOT_MADE_BEFORE if wanted.only_find else _why_not(values, pipelines, wanted, missing):
        action = Action.SKIPPED
        return effect_of(client, wanted, "deals", action, found.id, before=before, after=before, note=why)
    if wanted.mode is Mode.PREVIEW:
        action, after = Action.WOULD_UPDATE, {**before, **missing}
        return effect_of(client, wanted, "deals", action, found.id, before=before, after=after, note=told)
    refuse_outdated("hubspot", wanted)
    mended = Mended(missing)
    await write_mended(lambda given: _update(client, found.id, given), mended)
    action = Action.UPDATED if mended.values else Action.SKIPPED
    note = joined(told, *mended.notes)
    after = {**before, **mended.values}
    return effect_of(client, wanted, "deals", action, found.id, before=before, after=after, note=note)


class _MendedDeal(Mended):
    """Without its currency a deal has no amount either: HubSpot would take that for one in its own."""

    def __init__(self, properties: dict[str, str], write: DealWrite) -> None:
        super().__init__(properties, keeps=ESSENTIAL)
        self._write = write

    def mend(self, refusal: Rejected) -> bool:
        code = refusal.codes.get(CURRENCY)
        if code is None or CURRENCY not in self.values:
            return super().mend(refusal)
        if code not in NO_CURRENCY:
            raise Rejected(
                "hubspot",
                f"The deal is in {self._write.currency}, which is no currency of the HubSpot account"
                f" ({code}). Add it (Settings, Account Management, Account Defaults, Currency); nothing is"
                " converted, and nothing was written.",
            )
        del self.values[CURRENCY]
        if self.values.pop(AMOUNT, None) is not None:
            line = f"Amount: {in_words(self._write.amount, self._write.currency)}"
            self.values[TEXT] = added(self.values.get(TEXT, ""), line)
            self.notes.append(
                f"The amount is in the description alone: deals have no currency here ({code}), and it is in"
                f" {self._write.currency}. Nothing is converted."
            )
        return True


async def _properties(client: HubSpotClient, write: DealWrite) -> dict[str, str]:
    """HubSpot's names for it. Empty ones are left out. Raises Rejected where it has no such stage."""
    pipeline, stage = await client.pipelines.stage(write.pipeline, write.stage)
    named = {
        "dealname": one_line(write.name),
        "pipeline": pipeline.id,
        "dealstage": stage.id,
        AMOUNT: "" if write.amount is None else f"{write.amount:f}",
        CURRENCY: write.currency,
        "closedate": f"{write.close_date.isoformat()}{NOON}",
        "hubspot_owner_id": write.owner_id or "",
        TEXT: plain(write.description),
    }
    return {name: value for name, value in named.items() if value} | write.properties


async def _there(client: HubSpotClient, write: DealWrite, found: HubSpotRecord, names: list[str]) -> Effect:
    """As people have changed it since. What an earlier try may not have come to is made good."""
    notes = list[str]()
    if write.mode is Mode.LIVE and not write.only_find:
        notes = await _connect(client, found.id, write.company_id, if_none=True)
    values: Properties = {name: found.properties.get(name) for name in names}
    action = write.already(Action.CREATED)
    before = None if action is Action.CREATED else values
    note = joined(*notes)
    return effect_of(client, write, "deals", action, found.id, before=before, after=values, note=note)


async def _connect(
    client: HubSpotClient, deal_id: str, company_id: str | None, *, if_none: bool = False
) -> list[str]:
    if company_id is None:
        return []
    if if_none and (await client.associations("deals", "companies", [deal_id])).get(deal_id):
        return []
    try:
        await client.records.associate("deals", deal_id, "companies", company_id)
    except Permanent as refusal:
        return [f"It is on no company: {refusal}"]
    return []


async def _update(client: HubSpotClient, deal_id: str, values: dict[str, str]) -> None:
    if values:
        await client.records.update("deals", deal_id, values)


def _nothing_to_set(client: HubSpotClient, wanted: DealAmount) -> Effect:
    if wanted.only_find:
        return skipped(wanted, "deals", NOT_MADE_BEFORE)
    if wanted.mode is Mode.PREVIEW:  # it would be made before, in this very run
        after = {AMOUNT: f"{wanted.amount:f}"}
        return effect_of(client, wanted, "deals", Action.WOULD_UPDATE, None, before=None, after=after)
    raise NotFound("hubspot", GONE)


def _missing(values: Properties, wanted: DealAmount) -> tuple[dict[str, str], str | None]:
    """What is still to be set. In another currency than the deal's, the amount is told in the description
    alone, and why is the second."""
    its, line, told = values.get(CURRENCY), plain(wanted.description_line), None
    money = {} if same_to_the_cent(_amount_in(values), wanted.amount) else {AMOUNT: f"{wanted.amount:f}"}
    if its != wanted.currency:
        money = {}
        told = (
            f"The amount is in the description alone: it is in {wanted.currency}, and the deal's currency is"
        )
        told = f"{told} {its or 'not told'}. Nothing is converted."
        line = f"{line} Amount: {in_words(wanted.amount, wanted.currency)}".strip()
    text = values.get(TEXT) or ""
    described = {} if not line or line in text else {TEXT: added(text, line)}
    return money | described, told


def _why_not(
    values: Properties, pipelines: list[Pipeline], wanted: DealAmount, missing: dict[str, str]
) -> str | None:
    """Why the amount is a person's by now, and stays."""
    if _is_closed(pipelines, values):
        return f"It is closed ({_names(pipelines, values)[1]}): its amount stays as it is."
    if AMOUNT in missing and not same_to_the_cent(_amount_in(values), wanted.expected_amount):
        return "Its amount was changed since we wrote it, and stays as it is."
    return None


def _names(pipelines: list[Pipeline], values: Properties) -> tuple[str, str]:
    """As people know them; ids of what is no longer there."""
    pipeline, stage = values.get("pipeline") or "", values.get("dealstage") or ""
    found = stage_in(pipelines, pipeline or None, stage)
    return (found[0].label, found[1].label) if found else (pipeline, stage)


def _is_closed(pipelines: list[Pipeline], values: Properties) -> bool:
    """By its stage; also by what HubSpot computes of it, which may be a moment late."""
    found = stage_in(pipelines, values.get("pipeline") or None, values.get("dealstage") or "")
    return bool(found and found[1].is_closed) or values.get(IS_CLOSED) == "true"


def _amount_in(values: Properties) -> Decimal | None:
    try:
        return Decimal(values.get(AMOUNT) or "x").quantize(CENT)
    except InvalidOperation:  # none, or none that we could have written
        return None
