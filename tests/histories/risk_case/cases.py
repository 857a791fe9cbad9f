"""How the recorded cases of customers at risk come about."""

from datetime import timedelta

from models.runs import Outcome
from tests.histories.churn_risk.cases import at_risk, contracted, payer
from tests.histories.studio import Case, Run, Studio
from tests.workflows.template_runs import case_of, payment

SOON = timedelta(seconds=1) / timedelta(hours=1)
BRIEF = timedelta(seconds=3) / timedelta(days=1)


def case(studio: Studio) -> Run:
    return case_of(studio.client, "risk_case", payer(studio))


async def saved(studio: Studio) -> Run:
    await (await contracted(studio, check_every_hours=SOON)).result()
    run = case(studio)
    studio.simulators.expand(payer(studio), 500, send=False)
    return run


async def for_two_reasons(studio: Studio) -> Run:
    """Still there when it closes."""
    await (await contracted(studio, watch_days=BRIEF)).result()
    again = payment("in_never_seen", customer=payer(studio), attempt=3)
    await (await at_risk(studio, again, watch_days=BRIEF)).result()
    return case(studio)


async def in_part(studio: Studio) -> Run:
    studio.simulators.remove_field("Task", "Mogulflow_Key__c")
    await (await contracted(studio, watch_days=BRIEF)).result()
    return case(studio)


async def nothing_lost(studio: Studio) -> Run:
    """Temporal is asked whether a message may be a repeat, and it is not looked for."""
    return await saved(studio)


CASES = [
    Case(saved, Outcome.SAVED),
    Case(for_two_reasons, Outcome.ACTED),
    Case(in_part, Outcome.PARTIAL),
    Case(nothing_lost, Outcome.SAVED),
]
