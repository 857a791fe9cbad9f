"""Merging two customers, and taking a merge back. ChartMogul accepts both, and does them a while later.

Asked for twice a merge is done once: the second finds nobody to merge. So a try that does not know whether an
earlier one was heard asks again, but not while it knows that ChartMogul has accepted it. UNVERIFIED: how long
ChartMogul takes, and what it says to the second one; any refusal is good where the first is gone.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity

from activities.chartmogul.customer import is_gone
from activities.chartmogul.effects import LOST, MERGE, after_a_write, effect_of, skipped
from activities.chartmogul.fields import read_itself
from activities.chartmogul.values import MOST, Row, plain
from activities.definition import refuse_outdated
from clients.chartmogul.writes import CustomerWrites
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call, refused, unclear
from models.chartmogul_writes import MergeWrite
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode, Write

INTO = "merged_into"
KEPT = ("uuid", "data_source_uuid", "external_id", "name", "company", "mrr")
"""Of the one that goes: what is needed to find it again, and to know it."""

ASK_AGAIN_AFTER = timedelta(minutes=5)
"""What ChartMogul has accepted and not done by then it is asked for anew."""


async def merge_customers(writes: CustomerWrites, write: MergeWrite) -> Effect:
    """Raises OutcomeUnknown until it is done."""
    uuid, into = write.customer_uuid, write.into_uuid
    if uuid == into:
        call = Call("chartmogul", f"merge customer {uuid}")
        raise refused(call, Rejected, "it cannot be merged into itself", "Name two.")
    target = await read_itself(writes, into)
    gone = await _before_the_merge(writes, write)
    if gone is None:
        return await _merged(writes, write, target)
    if write.mode is Mode.PREVIEW:
        return _effect(write, Action.WOULD_UPDATE, side_of(gone), into, gone)
    if write.only_find:
        return skipped(write, MERGE, NOT_MADE_BEFORE, uuid, gone)
    refuse_outdated("chartmogul", write)
    await do_merge(writes, uuid, into)
    return _effect(write, Action.UPDATED, side_of(gone), into, gone)


async def do_merge(writes: CustomerWrites, uuid: str, into: str) -> None:
    """Returns once it is done."""

    async def is_done() -> bool:
        return await is_gone(writes, uuid)

    what = f"merge customer {uuid} into {into}"
    await accepted_and_done(what, lambda: writes.merge(uuid, into), is_done)


async def do_unmerge(writes: CustomerWrites, into: str, side: Mapping[str, Any]) -> None:
    """`side` has data source and external id of the one that was merged."""
    data_source, external_id = str(side.get("data_source_uuid")), str(side.get("external_id"))

    async def is_done() -> bool:
        found = await writes.find(data_source, external_id)
        return found is not None and found["uuid"] != into

    what = f"unmerge a customer from {into}"
    await accepted_and_done(what, lambda: writes.unmerge(into, data_source, external_id), is_done)


async def accepted_and_done(
    what: str, ask: Callable[[], Awaitable[None]], is_done: Callable[[], Awaitable[bool]]
) -> None:
    """Ask once, and look. Raises OutcomeUnknown where it is not done yet: whoever tries again looks first."""
    if not _is_accepted():
        try:
            await ask()
        except (NotFound, Rejected):
            with after_a_write():
                if await is_done():
                    return
            raise
        _keep_in_mind()
    with after_a_write():
        if await is_done():
            return
    call = Call("chartmogul", what, writes=True, done="that is done", again="it is looked for until it is")
    raise unclear(call, "it was accepted, and takes a while")


def side_of(row: Row) -> dict[str, Any]:
    """One that is for itself. Where it has several external ids, all of them: they go over together."""
    kept = {name: plain(row[name]) for name in KEPT if row.get(name) not in (None, "")}
    ids = row.get("external_ids")
    more = {"external_ids": plain(ids[:MOST])} if isinstance(ids, list) and len(ids) > 1 else {}
    return {**kept, **more, INTO: None}


def _is_accepted() -> bool:
    """By what an earlier try of this activity has left. A local one leaves nothing."""
    details = activity.info().heartbeat_details
    try:
        return bool(details) and datetime.now(UTC) - datetime.fromisoformat(details[0]) < ASK_AGAIN_AFTER
    except (TypeError, ValueError):
        return False


def _keep_in_mind() -> None:
    if not activity.info().is_local:
        activity.heartbeat(datetime.now(UTC).isoformat())


async def _before_the_merge(writes: CustomerWrites, write: MergeWrite) -> Row | None:
    """None where it is merged already, by an earlier try or by somebody. Raises NotFound where it is gone,
    and nobody knows why."""
    call = Call("chartmogul", f"read customer {write.customer_uuid}")
    try:
        row = await writes.read(write.customer_uuid)
    except NotFound:
        if write.mode is Mode.PREVIEW or not write.repeat:
            raise
        return None
    if row["uuid"] == write.into_uuid:
        return None
    if row["uuid"] != write.customer_uuid:
        raise refused(call, NotFound, f"it was merged into {row['uuid']}", "Name that one.")
    return row


async def _merged(writes: CustomerWrites, write: MergeWrite, target: Row) -> Effect:
    """Raises NotFound where the one is gone, and the other does not have what it had."""
    was, into = write.was, write.into_uuid
    if was and not await is_part(writes, was, into):
        call = Call("chartmogul", f"merge customer {write.customer_uuid}")
        raise refused(call, NotFound, "it is gone, and was not merged into that one")
    action = write.already(Action.UPDATED)
    done = action is Action.UPDATED
    side = {**(was or {"uuid": write.customer_uuid}), INTO: None if done else into}
    return _effect(write, action, side, into, target, LOST if done and was is None else None)


async def is_part(writes: CustomerWrites, side: Mapping[str, Any], into: str) -> bool:
    """Whether that customer has the one's external id now."""
    found = await writes.find(str(side.get("data_source_uuid")), str(side.get("external_id")))
    return found is not None and found["uuid"] == into


def _effect(
    write: MergeWrite, action: Action, before: Mapping[str, Any], into: str, row: Row, note: str | None = None
) -> Effect:
    return merge_effect(write, action, before, {**before, INTO: into}, row, note)


def merge_effect(
    write: Write,
    action: Action,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    row: Row | None = None,
    note: str | None = None,
) -> Effect:
    """Both sides have what finds the one that goes, or went."""
    id = before.get("uuid")
    return effect_of(
        write, MERGE, action, str(id) if id else None, before=before, after=after, row=row, note=note
    )
