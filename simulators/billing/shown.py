"""Subscriptions for people: those of the book of truth, and the seed's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, cast

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from simulators.billing.state import Billing
from simulators.billing.subscriptions import Subscription
from simulators.billing.truth.book import cost, invoice_of, seats_of, unit_of
from simulators.billing.truth.shapes import System, TrueSubscription
from simulators.kit.pages import render
from simulators.world import world_of

ROWS = 100
PATHS = ("/subscriptions/{id}", "/test/subscriptions/{id}", "/d/subscriptions/{id}")
"""Where links of the vendors lead."""


TERMS = (
    "trial_ends_at", "paused_at", "cancel_asked_at", "ends_at", "ended_at", "owed_since", "tax_percent",
    "tax_included", "set_up_fee", "usage", "upgraded_at", "changed_at", "pending_unit", "refunded",
    "credited",
)  # fmt: skip


def router_of(name: str, state: type[Billing]) -> APIRouter:
    router = APIRouter(prefix=f"/{name}", include_in_schema=False)

    @router.get("/subscriptions")
    async def subscriptions(request: Request) -> Response:
        rows = list(islice(shown(request, name, state), ROWS))
        return render(request, "billing/templates/subscriptions.html", system=name, rows=rows)

    async def subscription(request: Request, id: str) -> Response:
        if (it := shown_one(request, name, state, id)) is None:
            raise HTTPException(404, f"no subscription {id}")
        values: dict[str, Any] = {"it": it, "invoice": invoice_of(it.truth) if it.truth else None}
        return render(request, "billing/templates/subscription.html", system=name, **values)

    for path in PATHS:
        router.get(path)(subscription)
    return router


@dataclass(frozen=True)
class Shown:
    id: str
    customer: str
    company: str
    status: str
    plan: str
    minor: int
    currency: str
    every: str
    since: datetime
    truth: TrueSubscription | None = None

    @property
    def terms(self) -> list[tuple[str, object]]:
        if self.truth is None:
            return []
        found = [(name.replace("_", " ").capitalize(), getattr(self.truth, name)) for name in TERMS]
        coupon = self.truth.coupon
        words = f"{coupon.id}, {coupon.percent or coupon.amount} {coupon.duration}" if coupon else None
        return [(name, value) for name, value in [*found, ("Coupon", words)] if value]


def shown(request: Request, system: str, state: type[Billing]) -> Iterator[Shown]:
    truth, billing = world_of(request).truth, world_of(request).of(state)
    yield from map(_of_truth, truth.of(cast(System, system)))
    if not truth.is_alone:
        yield from map(_of_seed, billing.subscriptions.all())


def shown_one(request: Request, system: str, state: type[Billing], id: str) -> Shown | None:
    said = world_of(request).truth.find(cast(System, system), id)
    if said:
        return _of_truth(said)
    found = world_of(request).of(state).subscriptions.find(id)
    return _of_seed(found) if found else None


def _of_truth(said: TrueSubscription) -> Shown:
    every = said.interval if said.interval_count == 1 else f"{said.interval_count} {said.interval}s"
    minor = cost(said, unit_of(said), seats_of(said))
    return Shown(
        said.id, said.customer, said.company, said.standing, said.plan, minor, said.currency, every,
        said.started_at, said,
    )  # fmt: skip


def _of_seed(it: Subscription) -> Shown:
    status = "canceled" if it.ended else "past_due" if it.past_due else "active"
    return Shown(
        it.id, it.customer.external_id, it.customer.company, status, it.plan.name, it.amount, it.currency,
        it.plan.cycle, it.started,
    )  # fmt: skip
