"""Where no task of a run was lost, no message of it is looked for before it is posted."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client

from models.runs import Outcome
from simulators.kit.control import Control
from tests.workflows.conftest import until_effects
from tests.workflows.template_runs import CHANNEL, Invoice, Run, begin, case_of, movement

TASK = {"fallback_owner": "revops@mogulflow.example"}
SOON = timedelta(seconds=0.3) / timedelta(hours=1)


@pytest.fixture(autouse=True)
def _workers(workers: None) -> None:
    """All queues are worked on."""


def looks(simulators: Control) -> int:
    """At the channel's messages, and at those of a thread."""
    paths = [call.path for call in simulators.calls("slack")]
    return sum(path.endswith(("conversations.history", "conversations.replies")) for path in paths)


async def test_replies_in_a_thread_are_not_looked_for(client: Client, simulators: Control) -> None:
    invoice = Invoice(simulators, 30)

    async def fails(minutes: float) -> Run:
        return await begin(client, "failed_payment", invoice.fails(minutes), check_every_hours=SOON)

    run = await fails(180)
    await until_effects(run, 1)
    await fails(60)
    await until_effects(run, 2)
    invoice.act("pay")
    assert (await run.result()).outcome is Outcome.RECOVERED
    alert, *replies = simulators.messages(CHANNEL)
    assert [each["thread_ts"] for each in replies] == [alert["ts"]] * 2
    assert looks(simulators) == 0


async def test_a_case_that_is_its_customers_first_looks_for_nothing_and_the_next_does(
    client: Client, simulators: Control
) -> None:
    customer = next(each.uuid for each in simulators.customers(case="account") if each.mrr)

    async def contracted() -> None:
        body = simulators.contract(customer, 500, send=False)
        options: dict[str, Any] = {"task": TASK, "settling_seconds": 0.2, "check_every_hours": SOON}
        await (await begin(client, "churn_risk", movement(body), **options)).result()

    await contracted()
    assert (len(simulators.messages(CHANNEL)), looks(simulators)) == (1, 0)
    simulators.expand(customer, 500, send=False)
    assert (await case_of(client, "risk_case", customer).result()).outcome is Outcome.SAVED
    before = looks(simulators)  # for its last word it looks
    await contracted()
    assert looks(simulators) == before + 1
