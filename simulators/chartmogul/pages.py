"""ChartMogul for people: customers, one customer, and buttons for what a customer may do."""

from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from simulators.chartmogul import actions
from simulators.chartmogul.book import Book, NotPossible
from simulators.chartmogul.catalog import source_of
from simulators.chartmogul.invoice_rows import invoice_row
from simulators.chartmogul.ledger import now
from simulators.chartmogul.rows import customer_row, named
from simulators.chartmogul.state import ChartMogul, chartmogul_of
from simulators.kit.pages import back_to, render
from simulators.kit.seed import Customer
from simulators.kit.shapes import Cancellation, Movement

ROWS = 50
PERIOD = timedelta(days=30)
SEARCHED = 20_000
"""Company names are looked through by reading customers one by one: this many at most."""

router = APIRouter(prefix="/chartmogul", include_in_schema=False)


@router.get("/")
async def customers(request: Request, q: str = "", page: int = 1) -> Response:
    chartmogul = chartmogul_of(request)
    page = max(page, 1)
    found = _search(chartmogul, q.strip()) if q.strip() else _page(chartmogul, page)
    return render(
        request,
        "chartmogul/templates/customers.html",
        system="chartmogul",
        rows=[(customer, actions.customer_row(chartmogul, customer)) for customer in found],
        q=q,
        page=page,
        pages=-(-len(chartmogul.book.customers.numbers()) // ROWS),
        total=len(chartmogul.book.customers.numbers()),
        most=ROWS,
    )


@router.get("/customers/{uuid}")
async def customer(request: Request, uuid: str) -> Response:
    return _customer_page(request, uuid)


@router.post("/customers/{uuid}/cancel")
async def cancel(
    request: Request,
    uuid: str,
    reason: Annotated[str, Form()] = "",
    how: Annotated[Literal["now", "at_period_end", "without_webhook"], Form()] = "now",
) -> Response:
    chartmogul = chartmogul_of(request)
    wish = Cancellation(
        reason=reason.strip() or None,
        at=now() + PERIOD if how == "at_period_end" else None,
        send=how != "without_webhook",
    )
    return _after(request, uuid, lambda customer: actions.cancel(chartmogul, customer, wish))


@router.post("/customers/{uuid}/payment")
async def pay(request: Request, uuid: str, failed: Annotated[bool, Form()]) -> Response:
    chartmogul = chartmogul_of(request)
    return _after(request, uuid, lambda customer: chartmogul.book.pay(customer, failed=failed))


@router.post("/customers/{uuid}/{kind}")
async def change(request: Request, uuid: str, kind: actions.Change) -> Response:
    chartmogul = chartmogul_of(request)
    return _after(request, uuid, lambda customer: actions.change(chartmogul, customer, kind, Movement()))


def _after(request: Request, uuid: str, act: Callable[[Customer], object]) -> Response:
    """The customer's page again, with the reason where it was not possible."""
    try:
        act(_known(chartmogul_of(request), uuid))
    except NotPossible as error:
        return _customer_page(request, uuid, problem=str(error))
    return back_to(f"/chartmogul/customers/{uuid}")


def _customer_page(request: Request, uuid: str, problem: str | None = None) -> Response:
    chartmogul = chartmogul_of(request)
    customer, book = _known(chartmogul, uuid), chartmogul.book
    return render(
        request,
        "chartmogul/templates/customer.html",
        409 if problem else 200,
        system="chartmogul",
        customer=customer,
        row=actions.customer_row(chartmogul, customer),
        subscriptions=book.subscriptions(customer),
        movements=book.movements(customer)[::-1],
        now=now(),
        notes=book.notes.of(customer),
        custom=book.custom_attributes(customer),
        tags=book.tags(customer),
        shown=customer_row(book, customer, chartmogul.url),
        events=_events_of(book, customer),
        invoices=[invoice_row(chartmogul.invoices, invoice) for invoice in chartmogul.invoices.of(customer)],
        problem=problem,
    )


def _events_of(book: Book, customer: Customer) -> list[dict[str, Any]]:
    ids = {(source_of(part).uuid, part.external_id) for part in book.customers.parts(customer)}
    rows = book.events.all()
    return [row for row in rows if (row["data_source_uuid"], row["customer_external_id"]) in ids]


def _known(chartmogul: ChartMogul, uuid: str) -> Customer:
    customer = chartmogul.book.customers.find(uuid)
    if customer is None:
        raise HTTPException(404, f"no customer {uuid}")
    return customer


def _page(chartmogul: ChartMogul, page: int) -> list[Customer]:
    numbers = chartmogul.book.customers.numbers()
    return [chartmogul.book.customers.numbered(n) for n in numbers[(page - 1) * ROWS : page * ROWS]]


def _search(chartmogul: ChartMogul, text: str) -> list[Customer]:
    """By uuid, e-mail or external id at once; else by company or name."""
    customers = chartmogul.book.customers
    one = customers.find(text)
    exact = [one] if one else chartmogul.book.with_email(text) or customers.of_external_id(text)
    if exact:
        return exact
    wanted = text.casefold()
    searched = map(customers.numbered, customers.numbers()[:SEARCHED])
    found = (c for c in searched if wanted in " ".join(named(chartmogul.book, c).values()).casefold())
    return list(islice(found, ROWS))
