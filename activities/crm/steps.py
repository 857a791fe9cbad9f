"""The CRM sync: all customers into one CRM, or one customer into one of its objects."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity

from activities.chartmogul import client_of
from activities.crm.one import Order, sync_one
from activities.crm.reading import Reading
from activities.crm.staleness import Freshness
from activities.crm.sync import ObjectSync, Progress
from activities.crm.writing import NO_RETRY, in_parallel
from activities.definition import step_activity
from activities.heartbeats import heartbeats
from activities.private_files import private_folder
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.dates import Row
from clients.kit.errors import NotFound, Permanent, Rejected, Unavailable
from domains.crm.file import RunFile, cut
from domains.crm.match import Census
from domains.crm.systems import Crm
from models.chartmogul import Account
from models.crm import CrmName
from models.effects import Action, Effect, Mode
from models.event import to_the_second
from models.runs import Problem
from models.templates.crm_sync import (
    MOST_LISTED,
    CustomerWork,
    FactsNow,
    FactsQuery,
    ObjectReport,
    RecordPlan,
    Status,
    SyncReport,
    SyncWork,
)

FRESH = timedelta(seconds=5)
"""So old may facts be that are written."""

LONGEST_SHOWN, LONGEST_LABEL = 2_000, 200

NAMES: dict[CrmName, str] = {"hubspot": "HubSpot", "salesforce": "Salesforce"}


class CrmActivities:
    def __init__(self, clients: Mapping[str, ChartMogulClient], crms: Mapping[CrmName, Crm]) -> None:
        self._clients, self._crms = clients, crms
        self._order = Order()
        self._accounts: dict[str, Account] = {}

    @step_activity("crm.sync")
    async def sync(self, work: SyncWork) -> SyncReport:
        """Read, find, compare, write what differs. What an attempt has done the next one finds done."""
        began, progress = time.monotonic(), {"": Progress()}
        crm = self._crm(work.system).for_work(work.mapping, live=False)
        client = client_of(self._clients, work.account)
        reading = Reading(client, work.mapping, [work.system])
        async with heartbeats(lambda: _told(progress)), _file(str(activity.info().workflow_run_id)) as file:
            await read_into(file, reading, work.as_of, progress[""])
            read = time.monotonic()
            freshness = Freshness(reading, self._order, client.count_with_email, work.as_of)
            objects = await _sync_objects(crm, work, freshness, file, progress)
            left, left_off = file.left(MOST_LISTED)
            return SyncReport(
                customers=file.customers,
                unreadable=file.said("unreadable"),
                objects=objects,
                left=left,
                left_off=left_off,
                reading_seconds=read - began,
                seconds=time.monotonic() - began,
            )

    @step_activity("chartmogul.read_facts")
    async def read_facts(self, query: FactsQuery) -> FactsNow | None:
        """None where ChartMogul does not know the customer."""
        reading, now = self._reading(query.account, query), datetime.now(UTC)
        try:
            facts, movements = await reading.one(query.customer)
        except NotFound:
            return None
        self._remember(query.account, reading)
        return FactsNow(facts=facts, read_at=now, shows_movement=_shows(query, movements))

    @step_activity("hubspot.sync_customer")
    async def sync_to_hubspot(self, work: CustomerWork) -> Effect:
        return await self._sync_customer("hubspot", work)

    @step_activity("salesforce.sync_customer")
    async def sync_to_salesforce(self, work: CustomerWork) -> Effect:
        return await self._sync_customer("salesforce", work)

    async def _sync_customer(self, system: CrmName, work: CustomerWork) -> Effect:
        connected, mapping = self._crms.get(system), work.mapping.objects(system)[work.object]
        if connected is None:
            return _effect(system, work, RecordPlan(customer="", status=Status.NOT_FOUND, reason=off(system)))
        crm, client = connected.for_work(work.mapping, live=True), client_of(self._clients, work.account)
        key = (system, work.object, work.known.facts.uuid)
        async with self._order.turn(key):
            known = await self._fresh(work, later=self._order.has_later(key, work.known.read_at))
            writes = work.mode is Mode.LIVE
            done = await sync_one(
                crm, work.object, mapping, known.facts, client.count_with_email, write=writes, waits=NO_RETRY
            )
            if writes:
                self._order.note(key, known.read_at)
        _raise_if_refused(system, done)
        link = crm.link(work.object, done.record) if done.record else None
        return _effect(system, work, done, link)

    async def _fresh(self, work: CustomerWork, *, later: bool) -> FactsNow:
        """As they were read, in a first try just after that; one that had to wait reads them anew."""
        now = datetime.now(UTC)
        if activity.info().is_local and now - work.known.read_at < FRESH and not later:
            return work.known
        reading = self._reading(work.account, work)
        facts, _ = await reading.one(work.known.facts.uuid)
        return FactsNow(facts=facts, read_at=now)

    def _reading(self, account: str, work: FactsQuery | CustomerWork) -> Reading:
        client, known = client_of(self._clients, account), self._accounts.get(account)
        also = work.also if isinstance(work, FactsQuery) else []
        return Reading(client, work.mapping, ["hubspot", "salesforce"], known, also)

    def _remember(self, account: str, reading: Reading) -> None:
        if reading.account:
            self._accounts[account] = reading.account

    def _crm(self, system: CrmName) -> Crm:
        if (crm := self._crms.get(system)) is None:
            raise Rejected(system, f"{off(system)}. Set {system.upper()}__* or leave its schedule out.")
        return crm


def off(system: CrmName) -> str:
    return f"{NAMES[system]} is not connected"


async def read_into(file: RunFile, reading: Reading, as_of: datetime, progress: Progress) -> None:
    """All customers' facts, where an earlier attempt has not read them."""
    if file.said("read"):
        return

    def note(what: str, rows: int) -> None:
        progress.doing = f"reading {what}"
        progress.rows += rows

    await reading.all(file, as_of, note)


async def census_of(file: RunFile) -> Census:
    census = Census()
    for block in file.all():
        for facts in block:
            census.add(facts)
        await asyncio.sleep(0)
    return census


async def _sync_objects(
    crm: Crm, work: SyncWork, freshness: Freshness, file: RunFile, progress: dict[str, Progress]
) -> list[ObjectReport]:
    mappings, problems = work.mapping.objects(work.system), dict[str, Problem | None]()
    census = await census_of(file)

    async def sync(name: str) -> None:
        progress[name] = Progress()
        one = ObjectSync(crm, name, mappings[name], file, census, progress[name])
        problems[name] = await _sync_object(one, freshness)

    await in_parallel(iter(mappings), sync, crm.objects_at_once)
    return [file.report(name).model_copy(update={"problem": problems[name]}) for name in mappings]


async def _sync_object(one: ObjectSync, freshness: Freshness) -> Problem | None:
    """What is wrong with one object stops no other."""
    try:
        await one.check()
        await one.plan()
        await one.write(freshness)
    except Permanent as error:
        return Problem(step=f"{error.system} {one.name}", kind=type(error).__name__, message=str(error))
    return None


def _told(progress: Mapping[str, Progress]) -> dict[str, dict[str, Any]]:
    """By object, the reading under no name."""
    return {name: asdict(each) for name, each in progress.items()}


@asynccontextmanager
async def _file(run: str) -> AsyncIterator[RunFile]:
    """The run's own, which its attempts share. It goes when all is done; what ended otherwise, in a day."""
    folder = await private_folder("crm")
    file = RunFile(folder / run)
    try:
        yield file
    finally:
        file.close()
    await asyncio.to_thread(shutil.rmtree, folder / run, ignore_errors=True)


def _shows(query: FactsQuery, movements: list[Row]) -> bool:
    return any(
        row.get("type") == query.movement_type
        and to_the_second(datetime.fromisoformat(row["date"])) == query.occurred_at
        for row in movements
    )


def _raise_if_refused(system: CrmName, done: RecordPlan) -> None:
    """Of a live event: a person is told, or the durable way tries again."""
    if done.status is not Status.REFUSED:
        return
    message = f"The record {done.record or 'to make'} was not written: {done.detail or done.reason}"
    if done.reason in ("locked", "unanswered"):
        raise Unavailable(system, message)
    raise Rejected(system, message)


_ACTIONS = {
    Status.CREATED: Action.CREATED,
    Status.UPDATED: Action.UPDATED,
    Status.UNCHANGED: Action.UNCHANGED,
}


def _effect(system: CrmName, work: CustomerWork, done: RecordPlan, link: str | None = None) -> Effect:
    action = _ACTIONS.get(done.status, Action.SKIPPED)
    if done.status is Status.PLANNED:
        action = Action.WOULD_UPDATE if done.record else Action.WOULD_CREATE
    if action is Action.UNCHANGED and not activity.info().is_local:
        action = work.already(Action.UPDATED)  # by the local try, whose answer was lost
    notes = [done.reason] if done.reason else []
    notes += [f"a person's value stays in {', '.join(done.kept)}"] if done.kept else []
    return Effect(
        system=system,
        object_type=work.object,
        action=action,
        key=work.key,
        object_id=done.record,
        label=cut(work.known.facts.label, LONGEST_LABEL),
        link=link,
        before={name: _shown(change.before) for name, change in done.changes.items()}
        if done.record
        else None,
        after={name: _shown(value) for name, value in done.values.items()},
        note=_shown("; ".join(notes)) or None,
    )


def _shown(value: Any) -> Any:
    """A result shows the beginning of a long text; the CRM has it whole."""
    return cut(value, LONGEST_SHOWN) if isinstance(value, str) else value
