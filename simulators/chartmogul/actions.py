"""What a person does in ChartMogul's place: a customer leaves, returns, grows, shrinks. With webhooks."""

from datetime import timedelta
from typing import Any, Literal

from simulators.chartmogul.ledger import now
from simulators.chartmogul.movements import FIRST_LIVE, MrrMovement
from simulators.chartmogul.rows import activity_row, webhook_body
from simulators.kit.seed import Customer
from simulators.kit.shapes import (
    Cancellation,
    Cancellations,
    CustomerRow,
    Movement,
    Restatement,
    Withdrawal,
)
from simulators.world import World

Change = Literal["reactivate", "subscribe", "expand", "contract"]

REAL_TIME = timedelta(hours=12)
"""ChartMogul sends no webhook for a movement that it learns of later than this."""


def cancel(world: World, customer: Customer, wish: Cancellation) -> dict[str, Any]:
    movement = world.chartmogul.cancel(customer, wish)
    return _announce(world, movement, send=wish.send)


def cancel_many(world: World, wish: Cancellations) -> list[dict[str, Any]]:
    leaving = world.chartmogul.next_payers(wish.count, wish.case)
    spacing, bodies = wish.over_seconds / wish.count, []
    for number, customer in enumerate(leaving):
        movement = world.chartmogul.cancel(customer, Cancellation())
        bodies.append(_announce(world, movement, send=wish.send, held_seconds=number * spacing))
    return bodies


def change(world: World, customer: Customer, kind: Change, wish: Movement) -> dict[str, Any]:
    book = world.chartmogul
    if kind == "reactivate":
        movement = book.reactivate(customer, wish)
    elif kind == "subscribe":
        movement = book.subscribe(customer, wish)
    else:
        movement = book.change(customer, wish, 1 if kind == "expand" else -1)
    return _announce(world, movement, send=wish.send)


def restate(world: World, customer: Customer, wish: Restatement) -> dict[str, Any]:
    """No webhook; only one that has not gone out yet says what is now so."""
    book = world.chartmogul
    movement = book.restate(customer, wish)
    if movement.id >= FIRST_LIVE:
        body = webhook_body(book, movement)
        world.webhook.replace(movement.id - FIRST_LIVE, body, _wait_seconds(movement))
    return activity_row(book, movement)


def withdraw(world: World, customer: Customer, wish: Withdrawal) -> None:
    movement = world.chartmogul.withdraw(customer, wish)
    world.webhook.withdraw(movement.id - FIRST_LIVE)


def customer_row(world: World, customer: Customer) -> CustomerRow:
    book = world.chartmogul
    return CustomerRow(
        number=customer.number,
        uuid=customer.uuid,
        external_id=customer.external_id,
        company=customer.company,
        name=customer.name,
        email=customer.email,
        plan=customer.plan.name,
        mrr=book.mrr(customer),
        status=book.status(customer),
        case=customer.case,
        owner_email=world.salesforce.seed.owner(customer),
    )


def _announce(
    world: World, movement: MrrMovement, *, send: bool, held_seconds: float = 0.0
) -> dict[str, Any]:
    """Send the webhook when the movement's day has come and ChartMogul knows of it."""
    body = webhook_body(world.chartmogul, movement)
    if send and movement.known_at - movement.date < REAL_TIME:
        world.webhook.send(body, _wait_seconds(movement) + held_seconds)
    else:
        world.webhook.keep(body)
    return body


def _wait_seconds(movement: MrrMovement) -> float:
    due = max(movement.date, movement.known_at)
    return max((due - now()).total_seconds(), 0.0)
