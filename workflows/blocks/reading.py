"""Read the customer back, and give ChartMogul time to show the movement that we were told of."""

from datetime import timedelta
from typing import NamedTuple

from temporalio import workflow

from activities.chartmogul import ChartMogulActivities, CustomerQuery
from models.chartmogul import CustomerMovement, CustomerNow, Traces
from models.chartmogul_values import same_spelling
from models.event import to_the_second
from models.events import MrrMovement
from workflows.engine.steps import step

SETTLING = (1, 3, 9)
"""In the route's `settling_seconds`: how long ChartMogul's lists may lag behind its webhook, and contradict
each other."""


class Confirmed(NamedTuple):
    """`customer` is None where ChartMogul contradicts the event: `doubt` says how, in a sentence."""

    customer: CustomerNow | None
    doubt: str = ""


def query_of(event: MrrMovement) -> CustomerQuery:
    """With what finds a customer who was merged into another."""
    traces = Traces(
        occurred_at=event.occurred_at,
        subscription_external_id=event.subscription_external_id,
        customer_external_id=event.customer_external_id,
    )
    return CustomerQuery(account=event.account, customer_uuid=event.customer_uuid, traces=traces)


async def customer_of(event: MrrMovement) -> CustomerNow | None:
    """None where ChartMogul knows neither the customer nor whom it was merged into. Raises StepFailed."""
    return await step(ChartMogulActivities.read_back, query_of(event), summary="Read the customer back")


async def confirmed(event: MrrMovement, settling_seconds: float) -> Confirmed:
    """A webhook is a wake-up, no truth: the customer's own list decides. Raises StepFailed."""
    customer = await customer_of(event)
    for times in SETTLING:
        if customer and is_listed(customer, event):
            break
        await workflow.sleep(
            timedelta(seconds=times * settling_seconds), summary="Give ChartMogul time to show the movement"
        )
        customer = await customer_of(event)
    if customer is None:
        return Confirmed(None, "Not acted on: ChartMogul knows no such customer.")
    if is_listed(customer, event):
        return Confirmed(customer)
    return Confirmed(None, f"Not acted on: {_instead(customer, event)}.")


def is_listed(customer: CustomerNow, event: MrrMovement) -> bool:
    """Also where the list is refused for good: then nothing contradicts the event."""
    return "movements" in customer.unread or movement_of(customer, event) is not None


def movement_of(customer: CustomerNow, event: MrrMovement) -> CustomerMovement | None:
    """The row of the event: of several of its second and type those of its subscription, then of its amount,
    then by its number among them."""
    rows = [each for each in reversed(_of_the_second(customer, event)) if each.type == event.type]
    wanted = same_spelling(event.subscription_external_id or "")
    own = [each for each in rows if same_spelling(each.subscription_external_id or "") == wanted] or rows
    same = [each for each in own if abs(each.change or 0) == abs(event.amount.cents)]
    if same:
        return same[0]
    return own[min(event.occurrence, len(own)) - 1] if own else None


def _of_the_second(customer: CustomerNow, event: MrrMovement) -> list[CustomerMovement]:
    then = to_the_second(event.occurred_at)
    return [each for each in customer.movements if to_the_second(each.date) == then]


def _instead(customer: CustomerNow, event: MrrMovement) -> str:
    others = sorted({each.type for each in _of_the_second(customer, event)})
    when = f"{event.occurred_at:%d %b %Y %H:%M:%S} UTC"
    if others:
        return f"at {when} ChartMogul lists {', '.join(others)}, and no {event.type}"
    return f"ChartMogul lists no movement of the customer at {when}"
