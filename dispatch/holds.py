"""Which holds are open, and how fast runs of each route begin: looked at from time to time, never while a
delivery waits for its answer.

Runs are counted in Temporal's list, which knows those of all processes and of before a restart, and what
this process has begun since it last looked is added. So several processes may go beyond a route's limit by
what they begin between two looks, and no further.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client import Gauge
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

import temporal
from dispatch.holdings import holdings
from models.effects import Mode
from models.event import Event, EventSource
from models.holds import TEMPLATE, Decision, Holding, HoldInput, HoldOn, Scope, brake_on, title
from models.routes import Route, Routes
from models.runs import Outcome

LOOK_EVERY_SECONDS = 3
LOOK_LIMIT_SECONDS = 5

KNOWN_WITHIN_SECONDS = LOOK_EVERY_SECONDS + 2 * LOOK_LIMIT_SECONDS
"""Until each process knows what Temporal's list has: a look that began before is ended, and one made."""

COUNT_ALL_EACH = 10
"""Looks."""

HOUR = timedelta(hours=1)

MOST_LISTED = 1000
"""Runs of a busy hour that are looked at one by one: of which route they are, and whether they were begun
again by hand. What lies beyond counts: to be too careful is better than not to be."""

OPEN = Gauge(
    "mogulflow_hold_open", "1 for each brake and pause that is open, as this process knows", ["hold"]
)

log = logging.getLogger("mogulflow.holds")


def held_by(route: Route, event: Event, open_now: Container[str], begun: int) -> str | None:
    """The hold that a new run begins under, where `begun` runs of its route count within the hour. The brake
    comes first: what a pause lets go at its end, nobody has looked at. A backfill was asked for by a person
    who has seen how many runs it would start."""
    brake = brake_on(route.name)
    too_many = brake in open_now or begun >= route.brake_above
    if event.source is not EventSource.BACKFILL and route.brake_above and too_many:
        return brake
    scopes = (Scope(), Scope(template=route.template), Scope(account=event.account))
    return next((scope.hold for scope in scopes if scope.hold in open_now), None)


class _Count:
    """Runs of one route that count for its brake, by id, each once: those that the list had at the last look,
    and what this process has begun and the list, which may lag, does not show. Of these no more are kept than
    the limit: there it is reached."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._listed: frozenset[str] = frozenset()
        self._beyond = 0
        self._unlisted: dict[str, datetime] = {}

    @property
    def begun(self) -> int:
        return len(self._listed) + self._beyond + len(self._unlisted)

    @property
    def is_behind(self) -> bool:
        """Whether the list, when it was last looked at, did not show all."""
        return bool(self._unlisted)

    def add(self, run: str) -> None:
        if run not in self._listed and len(self._unlisted) < self._limit:
            self._unlisted[run] = datetime.now(UTC)

    def note(self, listed: frozenset[str], beyond: int, since: datetime) -> None:
        """The list has these since then, and so many whose ids were not looked at."""
        self._listed, self._beyond = listed, beyond
        self._unlisted = {run: at for run, at in self._unlisted.items() if at > since and run not in listed}


class Holds:
    def __init__(self, client: Client, routes: Routes) -> None:
        self._client, self.routes = client, routes
        self._open: dict[str, Holding] = {}
        self._counts = {each.name: _Count(each.brake_above) for each in routes.routes}
        self._listeners: list[Callable[[Mapping[str, Holding]], None]] = []
        self._looks = 0
        self._known = False

    @property
    def open(self) -> Mapping[str, Holding]:
        return self._open

    def listen(self, listener: Callable[[Mapping[str, Holding]], None]) -> None:
        """Have this called with what is open, now and at each look."""
        self._listeners.append(listener)
        listener(self._open)

    def held_by(self, route: Route, event: Event) -> str | None:
        """Raises RuntimeError until it was looked once: something may be paused."""
        if not self._known:
            raise RuntimeError("Temporal has not said yet what is paused")
        return held_by(route, event, self._open, self._counts[route.name].begun)

    def note_begun(self, route: Route, event: Event, run: str) -> None:
        if event.source is not EventSource.BACKFILL:
            self._counts[route.name].add(run)

    async def ensure_open(self, hold: str, route: Route) -> Holding:
        """A brake that is not known to be on is put on, before the first run that it holds begins."""
        if hold not in self._open:
            why = f"more than {route.brake_above} runs began within an hour"
            self._open[hold] = await open_hold(self._client, hold, HoldOn(why=why))
            log.warning("brake put on", extra={"route": route.name, "runs_an_hour": route.brake_above})
        return self._open[hold]

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """What is paused is paused from the first event on: before that was looked at, none is taken."""
        await self._try_to_look()
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            await self._try_to_look()

    async def _try_to_look(self) -> None:
        try:
            async with asyncio.timeout(LOOK_LIMIT_SECONDS):
                await self.look()
        except Exception as error:  # whatever it was, the watch goes on, with what was known last
            log.warning("cannot look at holds", extra={"reason": str(error)[:200] or type(error).__name__})

    async def look(self) -> None:
        """Raises RPCError."""
        now = datetime.now(UTC)
        found = await holdings(self._client, now - HOUR)
        self._open, self._known = {each.name: each for each in found if each.is_open}, True
        for listener in self._listeners:
            listener(self._open)
        OPEN.clear()
        for name in self._open:
            OPEN.labels(hold=name).set(1)
        for route in self._worth_counting(found):
            since = _counts_from(route, found, now)
            self._counts[route.name].note(*await self._count(route, since), since)
        self._looks += 1

    def _worth_counting(self, found: list[Holding]) -> list[Route]:
        """Of a route that nothing begins of, now and then is enough: servers allow few such calls."""
        all_of_them = self._looks % COUNT_ALL_EACH == 0
        known = {each.name for each in found}
        return [
            route
            for route in self.routes.routes
            if route.brake_above
            and (all_of_them or self._counts[route.name].is_behind or brake_on(route.name) in known)
        ]

    async def _count(self, route: Route, since: datetime) -> tuple[frozenset[str], int]:
        """Runs that began to act on an event, and how many more there are. A run that was run again is listed
        once more."""
        query = _query(route, since)
        listed = self._client.list_workflows(query, limit=MOST_LISTED, page_size=MOST_LISTED)
        runs = [(run.id, await run.memo()) async for run in listed]
        first = frozenset(workflow_id for workflow_id, memo in runs if _is_first_of(route, memo, since))
        if len(runs) < MOST_LISTED:
            return first, 0
        return first, (await self._client.count_workflows(query)).count - MOST_LISTED


def _counts_from(route: Route, found: list[Holding], now: datetime) -> datetime:
    """An hour ago, or since a person decided on the brake: what they let go does not count again."""
    decided = [each.decided_at for each in found if each.name == brake_on(route.name) and each.decided_at]
    return max([now - HOUR, *decided])


def _is_first_of(route: Route, memo: Mapping[str, Any], since: datetime) -> bool:
    """Whether a run of the route begins with it, and not one again by hand. Runs of earlier versions do not
    say when they began."""
    begun = memo.get(temporal.BEGUN)
    again = temporal.RERUN in memo or (begun is not None and datetime.fromisoformat(begun) <= since)
    return not again and memo.get(temporal.ROUTE, route.name) == route.name


def _query(route: Route, since: datetime) -> str:
    """Runs that may be of the route. Only their memo tells it from another of the same template."""
    kinds = ", ".join(f"'{each}'" for each in route.when.types)
    return (
        f"Template = '{route.template}' AND `Mode` = '{Mode.LIVE}' AND StartTime > '{since.isoformat()}'"
        f" AND EventSource != '{EventSource.BACKFILL}' AND EventKind IN ({kinds})"
    )


async def open_hold(client: Client, name: str, opened: HoldOn, decision: Decision | None = None) -> Holding:
    """One that is open goes on; with another end where one is named, or decided on. Raises RPCError."""
    labels = {
        temporal.HEADLINE: title(name),
        temporal.TEMPLATE: TEMPLATE,
        temporal.OUTCOME: Outcome.OPEN.value,
        temporal.MODE: Mode.LIVE.value,
    }
    handle = await client.start_workflow(
        TEMPLATE,
        HoldInput(name=name, open=opened),
        id=name,
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal="decide" if decision else "hold_on",
        start_signal_args=[decision or opened],
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(key, value) for key, value in labels.items()]
        ),
        memo={temporal.HOLD: opened.as_memo()},
        priority=temporal.LIVE,
        static_summary=title(name),
    )
    return Holding(
        name=name, run_id=handle.result_run_id or "", since=datetime.now(UTC), **opened.model_dump()
    )
