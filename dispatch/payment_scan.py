"""Failed payments of polled lists through the dispatcher: what a webhook has brought starts nothing."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from dispatch.book import Book, Entry
from dispatch.dispatcher import Dispatcher
from dispatch.entries import acted, begun, is_stuck, priority_of, suppressed, why_missing, would_begin
from dispatch.movement_scan import AT_ONCE
from dispatch.namesakes import Place, place_of
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
            first: list[FailedPayment] = []
            async with self._at_once:
                for payment, template, route in attempts:
                    has_run = any(not payment.is_of_another(each.origin) for each in first)
                    found = Found.KNOWN if has_run else await self._take(scan, payment, template, route, now)
                    book.note(payment, Entry(template, found))
                    if scan.preview and found in (Found.WOULD_START, Found.SHADOWED):
                        first.append(payment)

        seen = self._seen_by(scan.chosen(self._dispatcher.routes.templates), payments)
        await asyncio.gather(*map(take, _by_invoice(seen)))
        return book.tally()

    async def compare(self, scan: Scan, payments: Sequence[FailedPayment], now: datetime) -> Tally:
        """Which run each has; nothing is started. A run counts also where its template has no route any
        more."""
        book, stuck = Book(payments), dict[str, None]()

        async def compare(see: See) -> None:
            async with self._at_once:
                place = await self._place_of(*see[:2])
            if entry := self._entry(scan, see, place, now):
                book.note(see[0], entry)
            if place.run and is_stuck(place.run, now):
                stuck[place.run.workflow_id] = None

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

    async def _place_of(self, payment: FailedPayment, template: str) -> Place:
        return await place_of(self._dispatcher.client, template, payment)

    async def _take(
        self, scan: Scan, payment: FailedPayment, template: str, route: Route | None, now: datetime
    ) -> Found:
        if route is None:
            return Found.UNROUTED
        place = await self._place_of(payment, template)
        if place.run and (scan.preview or not place.needs_telling):
            return Found.KNOWN
        if why := suppressed(scan, route, payment, now):
            return why
        if scan.preview:
            return would_begin(route)
        started = await self._dispatcher.start(payment, route, received_at=now, priority=priority_of(scan))
        return begun(started, route)

    def _entry(self, scan: Scan, see: See, place: Place, now: datetime) -> Entry | None:
        """None of a template that has neither route nor run."""
        (payment, template, route), run = see, place.run
        if run is None:
            has_route = template in self._dispatcher.routes.templates
            return why_missing(scan, template, route, payment, now) if has_route else None
        if route and place.needs_telling:
            found = suppressed(scan, route, payment, now) or Found.UNACCOUNTED
            return Entry(template, found, "the run of its invoice has not heard of this attempt", run)
        return acted(template, run)


def _by_invoice(seen: Iterable[See]) -> Iterable[list[See]]:
    """For each template; oldest first, so that a run begins with the first attempt."""
    found: dict[tuple[str, str], list[See]] = {}
    for payment, template, route in sorted(seen, key=lambda see: see[0].occurred_at):
        found.setdefault((payment.run_key, template), []).append((payment, template, route))
    return found.values()
