"""ChartMogul for people: customers, one customer, and buttons for what a customer may do."""

from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from simulators.chartmogul import actions
from simulators.chartmogul.book import NotPossible
from simulators.chartmogul.invoice_rows import invoice_row
from simulators.chartmogul.ledger import now
from simulators.kit.pages import back_to, render
from simulators.kit.seed import Customer
from simulators.kit.shapes import Cancellation, Movement
from simulators.world import World, world_of

ROWS = 50
PERIOD = timedelta(days=30)
SEARCHED = 20_000
"""Company names are looked through by reading customers one by one: this many at most."""

router = APIRouter(prefix="/chartmogul", include_in_schema=False)


@router.get("/")
async def customers(request: Request, q: str = "", page: int = 1) -> Response:
    world = world_of(request)
    page = max(page, 1)
    found = _search(world, q.strip()) if q.strip() else _page(world, page)
    return render(
        "chartmogul_customers.html",
        system="chartmogul",
        rows=[(customer, actions.customer_row(world, customer)) for customer in found],
        q=q,
        page=page,
        pages=-(-len(world.chartmogul.customers.numbers()) // ROWS),
        total=len(world.chartmogul.customers.numbers()),
        most=ROWS,
    )


@router.get("/customers/{uuid}")
async def customer(request: Request, uuid: str) -> Response:
    return _customer_page(world_of(request), uuid)


@router.post("/customers/{uuid}/cancel")
async def cancel(
    request: Request,
    uuid: str,
    reason: Annotated[str, Form()] = "",
    how: Annotated[Literal["now", "at_period_end", "without_webhook"], Form()] = "now",
) -> Response:
    world = world_of(request)
    wish = Cancellation(
        reason=reason.strip() or None,
        at=now() + PERIOD if how == "at_period_end" else None,
        send=how != "without_webhook",
    )
    return _after(world, uuid, lambda customer: actions.cancel(world, customer, wish))


@router.post("/customers/{uuid}/payment")
async def pay(request: Request, uuid: str, failed: Annotated[bool, Form()]) -> Response:
    world = world_of(request)
    return _after(world, uuid, lambda customer: world.chartmogul.pay(customer, failed=failed))


@router.post("/customers/{uuid}/{kind}")
async def change(request: Request, uuid: str, kind: actions.Change) -> Response:
    world = world_of(request)
    return _after(world, uuid, lambda customer: actions.change(world, customer, kind, Movement()))


def _after(world: World, uuid: str, act: Callable[[Customer], object]) -> Response:
    """The customer's page again, with the reason where it was not possible."""
    try:
        act(_known(world, uuid))
    except NotPossible as error:
        return _customer_page(world, uuid, problem=str(error))
    return back_to(f"/chartmogul/customers/{uuid}")


def _customer_page(world: World, uuid: str, problem: str | None = None) -> Response:
    customer, book = _known(world, uuid), world.chartmogul
    return render(
        "chartmogul_customer.html",
        409 if problem else 200,
        system="chartmogul",
        customer=customer,
        row=actions.customer_row(world, customer),
        subscriptions=book.subscriptions(customer),
        movements=book.movements(customer)[::-1],
        now=now(),
        notes=book.notes.of(customer),
        custom=book.custom_attributes(customer),
        invoices=[invoice_row(world.invoices, invoice) for invoice in world.invoices.of(customer)],
        problem=problem,
    )


def _known(world: World, uuid: str) -> Customer:
    customer = world.chartmogul.customers.find(uuid)
    if customer is None:
        raise HTTPException(404, f"no customer {uuid}")
    return customer


def _page(world: World, page: int) -> list[Customer]:
    numbers = world.chartmogul.customers.numbers()
    return [world.seed.customer(n) for n in numbers[(page - 1) * ROWS : page * ROWS]]


def _search(world: World, text: str) -> list[Customer]:
    """By uuid, e-mail or external id at once; else by company or name."""
    customers = world.chartmogul.customers
    exact = customers.find(text) or customers.find_email(text) or customers.find_external_id(text)
    if exact:
        return [exact]
    wanted = text.casefold()
    searched = map(world.seed.customer, customers.numbers()[:SEARCHED])
    found = (c for c in searched if wanted in f"{c.company} {c.name} {c.email}".casefold())
    return list(islice(found, ROWS))
