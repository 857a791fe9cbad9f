"""Failed payments of polled lists through the dispatcher: what a webhook has brought starts nothing."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from dispatch.book import Book, Entry
from dispatch.dispatcher import Dispatcher
from dispatch.entries import acted, begun, is_stuck, priority_of, suppressed, why_missing, would_begin
from dispatch.known_runs import KnownRun, known_run
from dispatch.movement_scan import AT_ONCE
from models.events import FailedPayment
from models.movements import Found, Scan, Tally
from models.routes import Route
from models.templates.catalogue import TEMPLATES

See = tuple[FailedPayment, str, Route | None]
"""A payment and a template that is for such, with the route by which it takes this one, if any does."""


class PaymentScan:
    """One run is for an invoice, and is found by its id: no list of runs, which runs behind, is asked."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def take(self, scan: Scan, payments: Sequence[FailedPayment], now: datetime) -> Tally:
        """Start what has no run yet, and tell the run of an invoice of further attempts. In a preview the
        first attempt would begin that run, and the others find it."""
        book = Book(payments)

        async def take(attempts: list[See]) -> None:
            has_run = False
            async with self._at_once:
                for see in attempts:
                    found = Found.KNOWN if has_run else await self._take(scan, *see, now)
                    has_run = has_run or (scan.preview and found in (Found.WOULD_START, Found.SHADOWED))
                    book.note(see[0], Entry(see[1], found))

        seen = self._seen_by(scan.chosen(self._dispatcher.routes.templates), payments)
        await asyncio.gather(*map(take, _by_invoice(seen)))
        return book.tally()

    async def compare(self, scan: Scan, payments: Sequence[FailedPayment], now: datetime) -> Tally:
        """Which run each has; nothing is started. A run counts also where its template has no route any
        more."""
        book, stuck = Book(payments), dict[str, None]()

        async def compare(see: See) -> None:
            async with self._at_once:
                run = await self._run_of(*see[:2])
            if entry := self._entry(scan, see, run, now):
                book.note(see[0], entry)
            if run and is_stuck(run, now):
                stuck[run.workflow_id] = None

        await asyncio.gather(*map(compare, self._seen_by(TEMPLATES, payments)))
        return book.tally().model_copy(
            update={
                "unaccounted": book.unaccounted(),
                "stuck": list(stuck),
                "shadows": book.shadows(),
                "named": book.named(scan.naming, self._dispatcher.routes.why_none),
            }
        )

    def _seen_by(self, templates: Iterable[str], payments: Sequence[FailedPayment]) -> list[See]:
        routes = self._dispatcher.routes
        return [
            (payment, template, routes.for_template(template, payment))
            for payment in payments
            for template in templates
            if payment.type in TEMPLATES[template].takes
        ]

    async def _run_of(self, payment: FailedPayment, template: str) -> KnownRun | None:
        return await known_run(self._dispatcher.client, f"{template}/{payment.run_key}")

    async def _take(
        self, scan: Scan, payment: FailedPayment, template: str, route: Route | None, now: datetime
    ) -> Found:
        if route is None:
            return Found.UNROUTED
        run = await self._run_of(payment, template)
        if run and (scan.preview or not run.needs(payment)):
            return Found.KNOWN
        if why := suppressed(scan, route, payment, now):
            return why
        if scan.preview:
            return would_begin(route)
        started = await self._dispatcher.start(payment, route, received_at=now, priority=priority_of(scan))
        return begun(started, route)

    def _entry(self, scan: Scan, see: See, run: KnownRun | None, now: datetime) -> Entry | None:
        """None of a template that has neither route nor run."""
        payment, template, route = see
        if run is None:
            has_route = template in self._dispatcher.routes.templates
            return why_missing(scan, template, route, payment, now) if has_route else None
        if route and run.needs(payment):
            found = suppressed(scan, route, payment, now) or Found.UNACCOUNTED
            return Entry(template, found, "the run of its invoice has not heard of this attempt", run)
        return acted(template, run)


def _by_invoice(seen: Iterable[See]) -> Iterable[list[See]]:
    """For each template; oldest first, so that a run begins with the first attempt."""
    found: dict[tuple[str, str], list[See]] = {}
    for payment, template, route in sorted(seen, key=lambda see: see[0].occurred_at):
        found.setdefault((payment.run_key, template), []).append((payment, template, route))
    return found.values()
