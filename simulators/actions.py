"""What a person does in ChartMogul's place: a customer leaves, returns, grows, shrinks. With webhooks."""

from datetime import timedelta
from typing import Any, Literal

from simulators.chartmogul_book import MrrMovement, now
from simulators.chartmogul_rows import webhook_body
from simulators.seed import Customer
from simulators.shapes import Cancellation, CustomerRow, Movement
from simulators.world import World

Change = Literal["reactivate", "expand", "contract"]

REAL_TIME = timedelta(hours=12)
"""ChartMogul sends no webhook for a movement that it learns of later than this."""


def cancel(world: World, customer: Customer, wish: Cancellation) -> dict[str, Any]:
    movement = world.chartmogul.cancel(customer, wish.at, wish.reason)
    return _announce(world, movement, send=wish.send)


def change(world: World, customer: Customer, kind: Change, wish: Movement) -> dict[str, Any]:
    book = world.chartmogul
    if kind == "reactivate":
        movement = book.reactivate(customer, wish.at, wish.cents)
    else:
        movement = book.change(customer, wish.at, wish.cents, 1 if kind == "expand" else -1)
    return _announce(world, movement, send=wish.send)


def customer_row(world: World, customer: Customer) -> CustomerRow:
    book = world.chartmogul
    mrr = book.mrr(customer)
    return CustomerRow(
        number=customer.number,
        uuid=customer.uuid,
        external_id=customer.external_id,
        company=customer.company,
        name=customer.name,
        email=customer.email,
        plan=customer.plan.name,
        mrr=mrr,
        status=book.status(customer, mrr),
        case=customer.case,
        owner_email=world.salesforce.seed.owner(customer),
    )


def _announce(world: World, movement: MrrMovement, *, send: bool) -> dict[str, Any]:
    """Send the webhook: now, or for a scheduled change on its day."""
    body = webhook_body(world.chartmogul, movement)
    wait = movement.date - now()
    if send and wait > -REAL_TIME:
        world.webhook.send(body, max(wait.total_seconds(), 0.0))
    else:
        world.webhook.keep(body)
    return body
