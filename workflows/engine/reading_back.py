"""Reading a customer back from ChartMogul, in one step, or in four as runs that began earlier do."""

from activities.chartmogul import ChartMogulActivities, CustomerQuery
from models.chartmogul import CustomerNow, Note
from workflows.engine.steps import StepFailed, glance, step, together


async def read_back(query: CustomerQuery, *, at_once: bool) -> CustomerNow | None:
    """None where ChartMogul does not know the customer. Raises StepFailed."""
    if not at_once:
        return await _in_four_steps(query)
    return await step(ChartMogulActivities.read_back, query, summary="Read the customer back")


async def _in_four_steps(query: CustomerQuery) -> CustomerNow | None:
    chartmogul = ChartMogulActivities
    try:
        customer, subscriptions, movements, (note, notes_read) = await together(
            step(chartmogul.read_customer, query, summary="Read the customer"),
            step(chartmogul.read_subscriptions, query, summary="Read the subscriptions"),
            step(chartmogul.read_movements, query, summary="Read the MRR movements"),
            _latest_note(query),
        )
    except StepFailed as failure:
        if (failure.step, failure.kind) == ("chartmogul.read_customer", "NotFound"):
            return None
        raise
    return CustomerNow(
        customer=customer,
        subscriptions=subscriptions,
        movements=movements,
        note=note,
        notes_read=notes_read,
    )


async def _latest_note(query: CustomerQuery) -> tuple[Note | None, bool]:
    """The note, and whether it could be read: the reason may stand in it, no more."""
    try:
        return await glance(ChartMogulActivities.read_latest_note, query), True
    except StepFailed:
        return None, False
