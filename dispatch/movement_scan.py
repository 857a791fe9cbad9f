"""Movements of ChartMogul's own list through the dispatcher: what the webhook brought starts nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from temporalio.service import RPCError, RPCStatusCode

from dispatch import returns
from dispatch.book import Book, Entry, in_words
from dispatch.dispatcher import Dispatcher
from dispatch.entries import acted, begun, is_stuck, priority_of, suppressed, why_missing, would_begin
from dispatch.known_runs import KnownRun, known_runs, of_template
from dispatch.matching import Matched, match
from models.event import Event
from models.movements import Found, Scan, Tally

AT_ONCE = 16
"""Starts under way, of a poll or a backfill."""

_Numbered = tuple[Event, Event]
"""A movement of the list, and the same with its number among those of its second."""


class MovementScan:
    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._starting = asyncio.Semaphore(AT_ONCE)

    async def take(self, scan: Scan, movements: Sequence[Event], now: datetime) -> Tally:
        """Start what has no run yet, and tell the runs whose movement was restated."""
        if not movements:
            return Tally()
        runs = await self._runs(scan.account, movements)
        book = Book(movements)
        for template in self._templates(scan):
            matched = match(movements, of_template(runs, template))
            await self._take_all(scan, template, matched, runs, book, now)
        if not scan.preview:
            await returns.tell(self._dispatcher.client, scan.account, movements)
        return book.tally()

    async def compare(self, scan: Scan, movements: Sequence[Event], now: datetime) -> Tally:
        """Which run each movement has; nothing is started. A run counts also where its template has no
        route any more."""
        if not movements:
            return Tally()
        runs = await self._runs(scan.account, movements)
        book, stuck = Book(movements), []
        for template in dict.fromkeys([*self._templates(scan), *(run.template for run in runs)]):
            matched = match(movements, of_template(runs, template))
            for event, run in matched.acted:
                book.note(event, acted(template, run))
                stuck += [run.workflow_id] if is_stuck(run, now) else []
            for event, run in matched.restated:
                book.note(event, Entry(template, Found.RESTATED, _revised(event, run), run))
            for event in matched.missing:
                route = self._dispatcher.routes.for_template(template, event)
                book.note(event, why_missing(scan, template, route, event, now))
        return book.tally().model_copy(
            update={
                "unaccounted": book.unaccounted(),
                "stuck": stuck,
                "shadows": book.shadows(),
                "named": book.named(scan.naming, self._dispatcher.routes.why_none),
            }
        )

    async def _take_all(
        self, scan: Scan, template: str, matched: Matched, runs: list[KnownRun], book: Book, now: datetime
    ) -> None:
        """What one template does about the movements; the book has what became of each."""
        for event, _ in matched.acted:
            book.note(event, Entry(template, Found.KNOWN))
        for event, _ in matched.restated:
            book.note(event, Entry(template, Found.RESTATED))
        if not scan.preview:
            await asyncio.gather(*(self._tell(run, event) for event, run in matched.restated))
        moments = self._missing(matched, template, runs)
        for found in await asyncio.gather(*(self._take(scan, template, each, now) for each in moments)):
            for event, what in found:
                book.note(event, Entry(template, what))

    async def _runs(self, account: str, movements: Sequence[Event]) -> list[KnownRun]:
        dates = [event.occurred_at for event in movements]
        return await known_runs(
            self._dispatcher.client, account, min(dates), max(dates) + timedelta(seconds=1)
        )

    def _templates(self, scan: Scan) -> list[str]:
        return scan.chosen(self._dispatcher.routes.templates)

    async def _take(
        self, scan: Scan, template: str, same_moment: list[_Numbered], now: datetime
    ) -> list[tuple[Event, Found]]:
        """Of several in one second each has its number. Where one turns out to have a run already, that
        run may be another's: the next scan sees it listed and tells them apart."""
        found = []
        for event, numbered in same_moment:
            what = await self._take_one(scan, template, numbered, now)
            found.append((event, what))
            if what is Found.KNOWN:
                break
        return found + [(event, Found.FRESH) for event, _ in same_moment[len(found) :]]

    async def _take_one(self, scan: Scan, template: str, event: Event, now: datetime) -> Found:
        route = self._dispatcher.routes.for_template(template, event)
        if why := suppressed(scan, route, event, now):
            return why
        assert route is not None
        if scan.preview:
            return would_begin(route)
        async with self._starting:
            run = await self._dispatcher.start(event, route, received_at=now, priority=priority_of(scan))
        return begun(run, route)

    def _missing(self, matched: Matched, template: str, runs: list[KnownRun]) -> list[list[_Numbered]]:
        """By moment. Only those that a route takes have a number: the webhook counts no others."""
        taken = Counter(run.moment for run in of_template(runs, template))
        moments: dict[object, list[_Numbered]] = {}
        for event in matched.missing:
            if self._dispatcher.routes.for_template(template, event):
                taken[event.moment] += 1
            numbered = event.numbered(taken[event.moment] or 1)
            moments.setdefault(event.moment, []).append((event, numbered))
        return list(moments.values())

    async def _tell(self, run: KnownRun, event: Event) -> None:
        """A run that has ended, or whose code fails, cannot be told; it stays listed as revised."""
        if not run.running or run.reported_problem:
            return
        handle = self._dispatcher.client.get_workflow_handle(run.workflow_id)
        try:
            await handle.signal("restated", event)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it has just ended
                raise


def _revised(event: Event, run: KnownRun) -> str:
    return f"its run took it as {in_words(run.stated[0])}; ChartMogul says {in_words(event.stated)} now"
