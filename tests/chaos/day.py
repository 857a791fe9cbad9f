"""A day: events of all kinds, while each system refuses calls, drops lines, and one is away for a while."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, cycle, islice
from statistics import fmean
from typing import Any

from pydantic import SecretStr
from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError

import temporal
from benchmarks.memory import resident
from clients.hubspot.client import HubSpotClient
from clients.hubspot.records import key_property
from clients.hubspot.settings import HubSpot
from models.effects import Action
from models.runs import RunResult
from simulators.kit.control import Control
from simulators.kit.shapes import HUBSPOT_TOKEN, FaultRule
from tests.chaos import FULL
from tests.chaos.books import KEY, name_of
from tests.chaos.proofs import READS, message_keys
from tests.chaos.sizes import Day
from tests.chaos.template_scenes import (
    Happen,
    Happening,
    cancelled,
    contracted,
    expanded,
    happening,
    reactivated,
    unpaid,
)
from workflows.engine.once import UNKNOWN

LOOK_SECONDS = 5.0 if FULL else 0.5
Tell = Callable[[Happening], Awaitable[None]]

REFUSED, DROPPED = 0.1, 0.05
"""Of a system's calls, and of its writes that were done."""

AWAY = "slack"

AT_ONCE = 16
"""Webhooks under way: on a slow machine the day is longer, and no proof of a webhook too old."""

SYSTEMS = (
    "chartmogul", "salesforce", "slack", "hubspot", "marketo", "intercom", "zendesk", "gong", "stripe",
    "connector",
)  # fmt: skip
ONCE = {
    "connector.write": ("connector", r"/access$"),
    "intercom.send_message": ("intercom", r"/api/messages$"),
    "marketo.request_campaign": ("marketo", r"/campaigns/\d+/trigger\.json$"),
}
"""Steps that are made at most once, and the calls that they are."""

WRITES: list[dict[str, Any]] = [
    {"system": "salesforce", "method": "PATCH", "path": "/sobjects"},
    {"system": "salesforce", "method": "POST", "path": "/sobjects"},
    {"system": "slack", "path": r"/chat\.postMessage$"},
    {"system": "hubspot", "method": "POST", "path": "/objects/.*/(upsert|create|update)$"},
    {"system": "marketo", "path": r"/leads\.json$", "text": r"\?\n"},
    {"system": "marketo", "path": r"/lists/\d+/leads\.json$"},
    {"system": "intercom", "method": "POST", "path": "/contacts/[^/]+/tags$"},
    {"system": "intercom", "method": "DELETE", "path": "/tags/"},
    {"system": "zendesk", "method": "PUT", "path": "/tags$"},
    {"system": "gong", "path": "/digital-interaction$"},
    {"system": "connector", "method": "POST", "path": "/accounts$"},
    *({"system": system, "path": path} for system, path in ONCE.values()),
]


def returned(control: Control) -> Iterator[Happening]:
    return reactivated(control, part=1, parts=3, cents=4900)


def returned_for_more(control: Control) -> Iterator[Happening]:
    return reactivated(control, part=2, parts=3, cents=90_000)


def begun(control: Control) -> Iterator[Happening]:
    """ChartMogul's list says, as its webhook does, that who comes here was never there."""
    for each in reactivated(control, part=0, parts=3, cents=4900):
        control.restate(each.customer.uuid, type="new_biz", new_ids=False)
        body = json.loads(each.body) | {"movement_type": "new_biz"}
        yield happening("onboarding", each.customer, body)


def expanded_twice(control: Control) -> Iterator[Happening]:
    return _twice(expanded(control), lambda uuid: control.expand(uuid, 3000, send=False))


def contracted_twice(control: Control) -> Iterator[Happening]:
    return _twice(contracted(control), lambda uuid: control.contract(uuid, 300, send=False))


def expanded_by_much(control: Control) -> Iterator[Happening]:
    return expanded(control, part=3, cents=70_000)


def _twice(firsts: Iterable[Happening], again: Callable[[str], dict[str, Any]]) -> Iterator[Happening]:
    """Each customer's a second time, when another's first has come between."""
    last: Happening | None = None
    for each in firsts:
        yield each
        if last:
            yield happening(last.run.partition("/")[0], last.customer, again(last.customer.uuid))
        last = each


@dataclass(frozen=True)
class Kind:
    """Of event: how many of twenty are, how each happens, and which runs take it, with how many effects at
    least."""

    share: int
    happen: Happen
    runs: dict[str, int]


KINDS = (
    Kind(1, begun, {"onboarding": 8}),
    Kind(1, returned, {"onboarding": 8}),
    Kind(1, returned_for_more, {"onboarding": 3}),
    Kind(6, cancelled, {"churn_save": 2, "call_api": 2, "customer_sync": 2}),
    Kind(4, expanded_twice, {"expansion": 3}),
    Kind(2, expanded_by_much, {"expansion": 3}),
    Kind(3, contracted_twice, {"churn_risk": 2}),
    Kind(2, unpaid, {"failed_payment": 4}),
)


@dataclass
class Told:
    happening: Happening
    kind: Kind

    def runs(self) -> dict[str, int]:
        event = self.happening.run.partition("/")[2]
        return {f"{template}/{event}": least for template, least in self.kind.runs.items()}


def events(control: Control, known: Collection[str]) -> Iterator[Told]:
    """Endless, well mixed: each happens when it is asked for. `known`: runs of scenes before, as an invoice
    has the same id after a reset."""
    coming = [(kind, kind.happen(control)) for kind in KINDS]
    order = [
        each
        for number in range(max(kind.share for kind in KINDS))
        for each in coming
        if number < each[0].share
    ]
    for kind, happenings in cycle(order):
        yield Told(next(each for each in happenings if each.run not in known), kind)


@dataclass
class Weather:
    """Rules of faults, and how often each kind of rule has struck."""

    control: Control
    rules: list[FaultRule] = field(default_factory=list)
    _past: list[FaultRule] = field(default_factory=list)

    def begin(self, systems: Iterable[str] = SYSTEMS) -> None:
        for system in systems:
            for write in WRITES:
                if write["system"] == system:
                    self._add("drop_after", DROPPED, **write)
            for status, share in ((429, REFUSED / 2), (503, REFUSED / 2 / (1 - REFUSED / 2))):
                for once in (path for of, path in ONCE.values() if of == system):
                    self._add("status", share, system=system, path=once, status=status)
                self._add("status", share, system=system, status=status)

    def take_away(self, system: str) -> None:
        """It refuses each call, and none is done."""
        self._end(system)
        self._add("status", 1, system=system, status=503)

    def bring_back(self, system: str) -> None:
        self._end(system)
        self.begin([system])

    def struck(self, kind: str, **of: Any) -> int:
        now = [*self._past, *self._known()]
        return sum(
            each.hits
            for each in now
            if each.kind == kind and all(getattr(each, name) == value for name, value in of.items())
        )

    def left_open(self, step: str) -> int:
        """How often the answer left open whether that was done."""
        system, path = ONCE[step]
        dropped = self.struck("drop_after", system=system, path=path)
        away = self.struck("status", status=503, system=system, path=path)
        return dropped + away

    def end(self) -> None:
        for system in SYSTEMS:
            self._end(system)

    def _end(self, system: str) -> None:
        for each in self._known():
            if each.system == system:
                self._past.append(each)
                self.control.remove_fault(each.id)

    def _known(self) -> list[FaultRule]:
        return self.control.faults()

    def _add(self, kind: Any, probability: float, **of: Any) -> None:
        self.control.fault(kind=kind, times=None, probability=probability, **of)


@dataclass
class Memory:
    """Megabytes, one by one as time went by."""

    samples: list[float] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return self._mean(1)

    @property
    def last(self) -> float:
        return self._mean(2)

    def _mean(self, third: int) -> float:
        size = max(1, len(self.samples) // 3)
        return fmean(self.samples[third * size :][:size] or self.samples[-1:])


@asynccontextmanager
async def sampled(pid: int) -> AsyncIterator[Memory]:
    """The resident memory of a process, as long as the block lasts."""
    memory = Memory()

    async def sample() -> None:
        while True:
            memory.samples.append(await resident(pid))
            await asyncio.sleep(LOOK_SECONDS)

    async with _beside(sample()):
        yield memory


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def live(day: list[Told], tell: Tell, weather: Weather, size: Day, known: Collection[str]) -> float:
    """All events of `day`, evenly; each tenth is told twice. One system is away in the middle: for how many
    seconds."""
    began, slots = time.monotonic(), asyncio.Semaphore(AT_ONCE)

    async def told(each: Told) -> None:
        await tell(each.happening)
        slots.release()

    async with asyncio.TaskGroup() as tasks:
        absence = tasks.create_task(_absence(weather, size))
        for number, each in enumerate(islice(events(weather.control, known), size.events)):
            await asyncio.sleep(max(0.0, began + size.over_seconds * number / size.events - time.monotonic()))
            day.append(each)
            for _ in range(2 if number % 10 == 0 else 1):
                await slots.acquire()
                tasks.create_task(told(each))
    return absence.result()


async def _absence(weather: Weather, size: Day) -> float:
    await asyncio.sleep((size.over_seconds - size.away_seconds) / 2)
    weather.take_away(AWAY)
    began = time.monotonic()
    await asyncio.sleep(size.away_seconds)
    weather.bring_back(AWAY)
    return time.monotonic() - began


async def all_ended(client: Client, day: list[Told]) -> dict[str, RunResult]:
    """What each run has come to; without those that are not there, or have failed."""
    found: dict[str, RunResult] = {}

    async def wait(run: str) -> None:
        with suppress(RPCError, WorkflowFailureError):
            async with READS:
                found[run] = await client.get_workflow_handle(run, result_type=RunResult).result()

    await asyncio.gather(*(wait(run) for each in day for run in each.runs()))
    return found


async def waiting(client: Client, workflow: str, began: datetime) -> set[str]:
    """Customers of whom such a run is open."""
    query = (
        f"WorkflowType = '{workflow}' AND StartTime >= '{began.isoformat()}' AND ExecutionStatus = 'Running'"
    )
    runs = [run async for run in client.list_workflows(query)]
    return {run.typed_search_attributes[temporal.CUSTOMER] for run in runs}


def customers(day: list[Told], happen: Happen) -> set[str]:
    return {each.happening.customer.uuid for each in day if each.kind.happen is happen}


def paying(control: Control, day: list[Told]) -> AbstractAsyncContextManager[None]:
    """Each invoice, once somebody was told that it is not paid: before that there is nothing to tell."""
    paid = set[str]()

    async def pay() -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            told = {key.partition(":")[0] for key in message_keys(control)}
            for each in day:
                invoice, event = each.happening.invoice, each.happening.run.partition("/")[2]
                if invoice and invoice not in paid and event in told:
                    paid.add(invoice)
                    control.ask("POST", f"stripe/invoices/{invoice}/pay", {"send": False})

    return _beside(pay())


def lost_runs(day: list[Told], results: dict[str, RunResult]) -> list[str]:
    """With fewer effects and told failures than they have at least, and what these are."""
    least = {run: count for each in day for run, count in each.runs().items()}
    done = {run: _done(results.get(run)) for run in least}
    return [f"{run}: {', '.join(done[run])}" for run, count in least.items() if len(done[run]) < count]


def _done(result: RunResult | None) -> list[str]:
    if result is None:
        return []
    effects = (f"{each.system} {each.object_type} {each.action}" for each in result.effects)
    problems = (f"{each.step} {each.kind}: {each.message}" for each in result.problems)
    return [*effects, *problems, *result.fallbacks]


def made(result: RunResult) -> Iterator[str]:
    """As `written` has them: what the run says that it has made."""
    for each in result.effects:
        if each.action is Action.CREATED and (name := name_of(each)):
            yield name


def several(control: Control) -> list[str]:
    """Accounts with more than one opportunity, or case."""
    opportunities = Counter(each["AccountId"] for each in control.records("Opportunity"))
    cases = Counter(
        each["WhatId"] for each in control.records("Task") if each.get(KEY, "").endswith(":case:follow_up")
    )
    return [account for found in (opportunities, cases) for account, count in found.items() if count > 1]


def unknown(results: Iterable[RunResult]) -> Counter[str]:
    """By step: what nobody knows whether it was done, as people are told."""
    problems = chain.from_iterable(each.problems for each in results)
    return Counter(each.step for each in problems if each.kind == UNKNOWN)


async def prepare_deals(control: Control) -> None:
    """Give the portal our property."""
    settings = HubSpot(token=SecretStr(HUBSPOT_TOKEN), base_url=control.hubspot_url)
    hubspot = HubSpotClient(settings)
    await hubspot.prepare("deals", [key_property(settings.deal_key_property)], dry_run=False)
    await hubspot.aclose()
