"""How the recorded runs of what puts a customer at risk come about."""

from typing import Any

from models.effects import Mode
from models.event import Event
from models.runs import Outcome
from tests.histories.studio import Case, Run, Studio
from tests.workflows.template_runs import Invoice, begin, movement, payment

TASK = {"fallback_owner": "revops@mogulflow.example"}
TAG = {"system": "intercom", "tag": "at-risk"}


def payer(studio: Studio) -> str:
    """Whom Intercom knows as a user."""
    known = {each["uuid"] for each in studio.simulators.ask("GET", "intercom/customers?case=user")}
    paying = (each for each in studio.simulators.customers(case="account") if each.mrr)
    return next(each.uuid for each in paying if each.uuid in known)


async def at_risk(studio: Studio, event: Event, mode: Mode = Mode.LIVE, **wish: Any) -> Run:
    options: dict[str, Any] = {"task": TASK, "tag": TAG, "settling_seconds": 0.2} | wish
    return await begin(studio.client, "churn_risk", event, mode=mode, **options)


async def contracted(studio: Studio, mode: Mode = Mode.LIVE, **wish: Any) -> Run:
    body = studio.simulators.contract(payer(studio), 500, send=False)
    return await at_risk(studio, movement(body), mode, **wish)


async def downgraded(studio: Studio) -> Run:
    return await contracted(studio)


async def did_not_pay(studio: Studio) -> Run:
    """Twice: the first attempt is waited after."""
    customer = payer(studio)
    run = await at_risk(studio, payment("in_never_seen", customer=customer, attempt=1))
    await at_risk(studio, payment("in_never_seen", customer=customer, attempt=2))
    return run


async def paid(studio: Studio) -> Run:
    invoice = Invoice(studio.simulators)
    event = invoice.fails(minutes=5)
    invoice.act("pay")
    return await at_risk(studio, event)


async def in_part(studio: Studio) -> Run:
    studio.simulators.remove_field("Task", "Mogulflow_Key__c")
    return await contracted(studio)


async def preview(studio: Studio) -> Run:
    return await contracted(studio, Mode.PREVIEW)


CASES = [
    Case(downgraded, Outcome.ACTED),
    Case(did_not_pay, Outcome.ACTED),
    Case(paid, Outcome.ALREADY_PAID),
    Case(in_part, Outcome.PARTIAL),
    Case(preview, Outcome.PREVIEWED),
]
