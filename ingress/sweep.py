"""Movements of ChartMogul's own list through the door: what the webhook brought starts nothing."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from temporalio.service import RPCError, RPCStatusCode

import temporal
from ingress import returns
from ingress.dispatch import Door
from ingress.known_runs import KnownRun, known_runs, of_template
from ingress.matching import Matched, match
from models.events import EventSource, MrrMovement
from models.movements import Found, Sweep, Tally
from models.routes import Route
from models.runs import Outcome

AT_ONCE = 16
"""Starts under way, of a poll or a backfill."""

STUCK_AFTER = timedelta(hours=1)

BY_OUTCOME = {Outcome.HELD.value: Found.HELD, Outcome.DROPPED.value: Found.DROPPED}
"""Of these it says more than how we learned of the movement."""


class Sweeper:
    def __init__(self, door: Door) -> None:
        self._door = door
        self._starting = asyncio.Semaphore(AT_ONCE)

    async def take(self, sweep: Sweep, movements: Sequence[MrrMovement], now: datetime) -> Tally:
        """Start what has no run yet, and tell the runs whose movement was restated."""
        if not movements:
            return Tally()
        runs = await self._runs(sweep.account, movements)
        found = []
        for template in self._templates(sweep):
            matched = match(movements, of_template(runs, template))
            found += [(event, Found.KNOWN) for event, _ in matched.acted]
            found += [(event, Found.RESTATED) for event, _ in matched.restated]
            if not sweep.preview:
                await asyncio.gather(*(self._tell(run, event) for event, run in matched.restated))
            for each in await asyncio.gather(
                *(
                    self._take(sweep, template, moment, now)
                    for moment in self._missing(matched, template, runs)
                )
            ):
                found += each
        if not sweep.preview:
            await returns.tell(self._door.client, sweep.account, movements)
        return tally(found)

    async def compare(self, sweep: Sweep, movements: Sequence[MrrMovement], now: datetime) -> Tally:
        """Which run each movement has; nothing is started."""
        if not movements:
            return Tally()
        runs = await self._runs(sweep.account, movements)
        found, stuck = [], []
        for template in self._templates(sweep):
            matched = match(movements, of_template(runs, template))
            for event, run in matched.acted:
                found.append((event, BY_OUTCOME.get(run.outcome) or Found(run.source.value)))
                stuck += [run.workflow_id] if _is_stuck(run, now) else []
            found += [(event, Found.RESTATED) for event, _ in matched.restated]
            found += [(event, self._why_missing(sweep, template, event, now)) for event in matched.missing]
        lost = [f"{event.event_id} {event.occurred_at:%Y-%m-%dT%H:%M:%SZ} {event.stated}"
                for event, why in found if why is Found.UNACCOUNTED]  # fmt: skip
        return tally(found).model_copy(update={"unaccounted": lost, "stuck": stuck})

    async def _runs(self, account: str, movements: Sequence[MrrMovement]) -> list[KnownRun]:
        dates = [event.occurred_at for event in movements]
        return await known_runs(self._door.client, account, min(dates), max(dates) + timedelta(seconds=1))

    def _templates(self, sweep: Sweep) -> list[str]:
        return [
            each for each in self._door.routes.templates if not sweep.templates or each in sweep.templates
        ]

    async def _take(
        self, sweep: Sweep, template: str, same_moment: list[MrrMovement], now: datetime
    ) -> list[tuple[MrrMovement, Found]]:
        """Of several in one second each has its number. Where one turns out to have a run already, that
        run may be another's: the next sweep sees it listed and tells them apart."""
        found = []
        for event in same_moment:
            what = await self._take_one(sweep, template, event, now)
            found.append((event, what))
            if what is Found.KNOWN:
                break
        return found + [(event, Found.FRESH) for event in same_moment[len(found) :]]

    async def _take_one(self, sweep: Sweep, template: str, event: MrrMovement, now: datetime) -> Found:
        route = self._door.routes.for_template(template, event)
        if why := _suppressed(sweep, route, event, now):
            return why
        assert route is not None
        if sweep.preview:
            return Found.WOULD_START
        priority = temporal.BULK if sweep.source is EventSource.BACKFILL else temporal.LIVE
        async with self._starting:
            run = await self._door.start(event, route, received_at=now, priority=priority)
        if run.new:
            return Found.HELD if run.held_by else Found.STARTED
        return Found.KNOWN

    def _missing(self, matched: Matched, template: str, runs: list[KnownRun]) -> list[list[MrrMovement]]:
        """By moment. Only those that a route takes have a number: the webhook counts no others."""
        taken = Counter(run.moment for run in of_template(runs, template))
        moments: dict[object, list[MrrMovement]] = {}
        for event in matched.missing:
            if self._door.routes.for_template(template, event):
                taken[event.moment] += 1
            numbered = event.numbered(taken[event.moment] or 1)
            moments.setdefault(event.moment, []).append(numbered)
        return list(moments.values())

    def _why_missing(self, sweep: Sweep, template: str, event: MrrMovement, now: datetime) -> Found:
        route = self._door.routes.for_template(template, event)
        if why := _suppressed(sweep, route, event, now):
            return why
        return Found.FUTURE if event.occurred_at > now else Found.UNACCOUNTED

    async def _tell(self, run: KnownRun, event: MrrMovement) -> None:
        """A run that has ended, or whose code fails, cannot be told; it stays listed as revised."""
        if not run.running or run.reported_problem:
            return
        handle = self._door.client.get_workflow_handle(run.workflow_id)
        try:
            await handle.signal("restated", event)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it has just ended
                raise


def tally(found: Iterable[tuple[MrrMovement, Found]]) -> Tally:
    counts: dict[Found, dict[str, int]] = {}
    for event, what in found:
        of_type = counts.setdefault(what, {})
        of_type[event.movement_type.value] = of_type.get(event.movement_type.value, 0) + 1
    return Tally(counts=counts)


def _suppressed(sweep: Sweep, route: Route | None, event: MrrMovement, now: datetime) -> Found | None:
    """Why nothing is done about it, where that is so."""
    if route is None:
        return Found.UNROUTED
    if sweep.fresh_after and sweep.fresh_after <= event.occurred_at <= now:
        return Found.FRESH
    days = route.act_within_days if sweep.act_within_days is None else sweep.act_within_days
    if event.occurred_at < now - timedelta(days=days):
        return Found.TOO_OLD
    return None


def _is_stuck(run: KnownRun, now: datetime) -> bool:
    """Its code fails over and over, or a system it waits for has not answered for an hour."""
    waiting = run.waits_since is not None and run.waits_since < now - STUCK_AFTER
    return run.running and (run.reported_problem or waiting)
