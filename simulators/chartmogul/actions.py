"""What a person does in ChartMogul's place: a customer leaves, returns, grows, shrinks. With webhooks."""

from datetime import timedelta
from typing import Any, Literal

from simulators.chartmogul.ledger import now
from simulators.chartmogul.movements import FIRST_LIVE, MrrMovement
from simulators.chartmogul.rows import activity_row, named, webhook_body
from simulators.chartmogul.state import ChartMogul
from simulators.kit.seed import Customer
from simulators.kit.shapes import (
    Cancellation,
    Cancellations,
    CustomerRow,
    Movement,
    Restatement,
    Withdrawal,
)
from simulators.salesforce.seed import owner_email

Change = Literal["reactivate", "subscribe", "expand", "contract"]

REAL_TIME = timedelta(hours=12)
"""ChartMogul sends no webhook for a movement that it learns of later than this."""


def cancel(chartmogul: ChartMogul, customer: Customer, wish: Cancellation) -> dict[str, Any]:
    movement = chartmogul.book.cancel(customer, wish)
    return _announce(chartmogul, movement, send=wish.send)


def cancel_many(chartmogul: ChartMogul, wish: Cancellations) -> list[dict[str, Any]]:
    leaving = chartmogul.book.next_payers(wish.count, wish.case)
    spacing, bodies = wish.over_seconds / wish.count, []
    for number, customer in enumerate(leaving):
        movement = chartmogul.book.cancel(customer, Cancellation())
        bodies.append(_announce(chartmogul, movement, send=wish.send, held_seconds=number * spacing))
    return bodies


def change(chartmogul: ChartMogul, customer: Customer, kind: Change, wish: Movement) -> dict[str, Any]:
    book = chartmogul.book
    if kind == "reactivate":
        movement = book.reactivate(customer, wish)
    elif kind == "subscribe":
        movement = book.subscribe(customer, wish)
    else:
        movement = book.change(customer, wish, 1 if kind == "expand" else -1)
    return _announce(chartmogul, movement, send=wish.send)


def restate(chartmogul: ChartMogul, customer: Customer, wish: Restatement) -> dict[str, Any]:
    """No webhook; only one that has not gone out yet says what is now so."""
    book = chartmogul.book
    movement = book.restate(customer, wish)
    if movement.id >= FIRST_LIVE:
        body = webhook_body(book, movement)
        chartmogul.webhook.replace(movement.id - FIRST_LIVE, body, _wait_seconds(movement))
    return activity_row(book, movement)


def withdraw(chartmogul: ChartMogul, customer: Customer, wish: Withdrawal) -> None:
    movement = chartmogul.book.withdraw(customer, wish)
    chartmogul.webhook.withdraw(movement.id - FIRST_LIVE)


def customer_row(chartmogul: ChartMogul, customer: Customer) -> CustomerRow:
    book = chartmogul.book
    shown = named(book, customer)
    return CustomerRow(
        number=customer.number,
        uuid=customer.uuid,
        external_id=customer.external_id,
        company=shown["company"],
        name=shown["name"],
        email=shown["email"],
        plan=customer.plan.name,
        mrr=book.mrr(customer),
        status=book.status(customer),
        case=customer.case,
        owner_email=owner_email(customer),
    )


def _announce(
    chartmogul: ChartMogul, movement: MrrMovement, *, send: bool, held_seconds: float = 0.0
) -> dict[str, Any]:
    """Send the webhook when the movement's day has come and ChartMogul knows of it."""
    body = webhook_body(chartmogul.book, movement)
    if send and movement.known_at - movement.date < REAL_TIME:
        chartmogul.webhook.send(body, _wait_seconds(movement) + held_seconds)
    else:
        chartmogul.webhook.keep(body)
    return body


def _wait_seconds(movement: MrrMovement) -> float:
    due = max(movement.date, movement.known_at)
    return max((due - now()).total_seconds(), 0.0)
