"""Importing a subscription event: once, by its external id."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from activities.chartmogul.effects import CONFIRMED, EVENT, after_a_write, effect_of, skipped
from activities.chartmogul.values import Row, as_asked, plain, same
from activities.definition import refuse_outdated
from clients.chartmogul.refusals import in_words, is_duplicate
from clients.chartmogul.subscription_events import EventWrites
from clients.kit.errors import OutcomeUnknown, Rejected
from clients.kit.http import Call, brief, refused
from models.changes import SubscriptionEvent
from models.chartmogul_writes import EventWrite
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode, Write

OTHER = "there is an event with that external id that says otherwise: {}"
DISABLED = "there is an event with that external id, and it is disabled"
NOT_THERE = "ChartMogul took the event, and does not have it among those that it answers"
CORRECT = "It is there, and does not count. Delete it, correct what is named here, and import it anew."


async def import_event(events: EventWrites, write: EventWrite) -> Effect:
    """Raises Rejected where ChartMogul takes it, and says that it does not count."""
    return await import_fields(events, write, fields_of(write.event), write.was)


async def import_fields(
    events: EventWrites, write: Write, wanted: Mapping[str, Any], was: Mapping[str, Any] | None = None
) -> Effect:
    source, external_id = str(wanted["data_source_uuid"]), str(wanted["external_id"])
    if there := await events.find(source, external_id):
        return _there(write, there, wanted, was)
    if write.only_find:
        return skipped(write, EVENT, NOT_MADE_BEFORE)
    if write.mode is Mode.PREVIEW:
        return effect_of(write, EVENT, Action.WOULD_CREATE, None, after=wanted)
    refuse_outdated("chartmogul", write)
    row, note = await _imported(events, write, wanted)
    _check(row)
    after = event_values(row, wanted)
    return effect_of(write, EVENT, Action.CREATED, str(row["id"]), after=after, note=note)


async def _imported(events: EventWrites, write: Write, wanted: Mapping[str, Any]) -> tuple[Row, str | None]:
    """As it is there now, and what there is to note."""
    unclear: OutcomeUnknown | Rejected | None = None
    try:
        await events.create(wanted)
    except (OutcomeUnknown, Rejected) as error:
        if not (isinstance(error, OutcomeUnknown) or (write.repeat and is_duplicate(error))):
            raise
        unclear = error
    with after_a_write():
        row = await events.find(str(wanted["data_source_uuid"]), str(wanted["external_id"]))
    if row is None:
        raise unclear or OutcomeUnknown("chartmogul", NOT_THERE)
    return row, CONFIRMED if unclear else None


def fields_of(event: SubscriptionEvent) -> dict[str, Any]:
    """As ChartMogul takes them; times as it writes them itself."""
    fields = event.model_dump(exclude_none=True)
    return {name: _zulu(each) if isinstance(each, datetime) else each for name, each in fields.items()}


def event_values(row: Row, names: Mapping[str, Any]) -> dict[str, Any]:
    """Amounts and quantities come back as they were sent once, as texts perhaps."""
    return as_asked(names, {name: plain(row.get(name)) for name in names})


def differing(row: Row, wanted: Mapping[str, Any]) -> list[str]:
    return [name for name, each in wanted.items() if not same(name, plain(row.get(name)), each)]


def _there(write: Write, row: Row, wanted: Mapping[str, Any], was: Mapping[str, Any] | None) -> Effect:
    """One that was there at the preview was not imported by us, and one that says otherwise never was."""
    id, other = str(row["id"]), differing(row, wanted)
    if other or row.get("disabled") is True:
        return skipped(write, EVENT, OTHER.format(", ".join(other)) if other else DISABLED, id)
    action = write.already(Action.CREATED) if was is None else Action.UNCHANGED
    after = event_values(row, wanted)
    if action is Action.CREATED:
        _check(row)
    before = None if action is Action.CREATED else after
    return effect_of(write, EVENT, action, id, before=before, after=after)


def _check(row: Row) -> None:
    """`errors` is an empty map where all is well."""
    if row.get("errors"):
        call = Call("chartmogul", f"import subscription event {row['id']}", writes=True)
        raise refused(call, Rejected, brief(in_words(row["errors"])) or "it has errors", CORRECT)


def _zulu(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
