"""A simulated billing system for people: invoices, and one with its attempts and what may become of it."""

from itertools import islice
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from simulators.billing.books import DECLINES, NotPossible
from simulators.billing.control import Action, Wish, act, known
from simulators.billing.shown import shown_one
from simulators.billing.state import Billing
from simulators.kit.pages import back_to, render
from simulators.world import world_of

ROWS = 100
BUTTONS: tuple[tuple[Action, str], ...] = (
    ("fail_payment", "Fail a payment"),
    ("pay", "Collect it"),
    ("void", "Void it"),
    ("give_up", "Give up"),
)


def router_of(name: str, state: type[Billing], more: tuple[str, ...] = ()) -> APIRouter:
    """`more` are paths by which the vendor's own links lead to an invoice, with `{id}`."""
    router = APIRouter(prefix=f"/{name}", include_in_schema=False)

    def page(request: Request, id: str, problem: str | None = None) -> Response:
        billing = world_of(request).of(state)
        values: dict[str, Any] = {"bill": known(billing, id), "declines": DECLINES, "buttons": BUTTONS}
        status = 409 if problem else 200
        return render(
            request, "billing/templates/invoice.html", status, system=name, problem=problem, **values
        )

    @router.get("/")
    async def invoices(request: Request) -> Response:
        billing = world_of(request).of(state)
        changed = billing.bills.kept()
        ids = {bill.id for bill in changed}
        newest = (bill for bill in billing.bills.newest_first() if bill.id not in ids)
        rows = [*changed[:ROWS], *islice(newest, max(ROWS - len(changed), 0))]
        return render(request, "billing/templates/invoices.html", system=name, rows=rows)

    @router.get("/invoices/{id}")
    async def invoice(request: Request, id: str) -> Response:
        return _of_the_book(request, name, state, id) or page(request, id)

    for path in more:
        router.get(path)(invoice)

    @router.post("/invoices/{id}/{action}")
    async def change(request: Request, id: str, action: Action) -> Response:
        try:
            await act(request, world_of(request).of(state), id, action, Wish())
        except NotPossible as error:
            return page(request, id, str(error))
        return back_to(f"/{name}/invoices/{id}")

    return router


def _of_the_book(request: Request, name: str, state: type[Billing], id: str) -> Response | None:
    """An invoice of the book of truth is on its subscription's page."""
    it = shown_one(request, name, state, id.removeprefix("in_"))
    if it is None or it.truth is None:
        return None
    return back_to(f"/{name}/subscriptions/{it.id}")
