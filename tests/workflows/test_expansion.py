"""Expansion: one opportunity for who pays more, with the exact sum of what follows."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from clients.hubspot.client import HubSpotClient
from clients.hubspot.records import key_property
from clients.hubspot.settings import HubSpot
from models.cases import Joining
from models.effects import Mode
from models.runs import Outcome
from simulators.kit.control import Control
from simulators.kit.shapes import HUBSPOT_TOKEN, CustomerRow
from tests.waiting import until
from tests.workflows.conftest import SECOND, RunAgain
from tests.workflows.leaving import tried
from tests.workflows.template_runs import CHANNEL, Run, actions, begin, movement

DEAL = {"stage": "Prospecting", "fallback_owner": "revops@mogulflow.example"}


@pytest.fixture(autouse=True)
def _workers(workers: None) -> None:
    """All queues are worked on."""


def payer(simulators: Control) -> CustomerRow:
    return next(each for each in simulators.customers(case="account") if each.mrr)


async def expanded(
    client: Client, simulators: Control, cents: int = 5000, mode: Mode = Mode.LIVE, **options: object
) -> Run:
    body = simulators.expand(payer(simulators).uuid, cents, send=False)
    given: dict[str, Any] = {"opportunity": DEAL, "settling_seconds": 0.2, "log_in": "nowhere"} | options
    return await begin(client, "expansion", movement(body), mode=mode, **given)


async def test_an_expansion_is_one_opportunity_and_one_alert(client: Client, simulators: Control) -> None:
    result = await (await expanded(client, simulators)).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    assert actions(result.effects) == {"salesforce Opportunity": "created", "slack message": "created"}
    [opportunity] = simulators.records("Opportunity")
    assert opportunity["Amount"] == 600
    assert opportunity["StageName"] == "Prospecting"
    [message] = simulators.messages(CHANNEL)
    assert "expanded by $50.00 MRR" in message["text"]


async def test_a_preview_writes_nothing(client: Client, simulators: Control) -> None:
    result = await (await expanded(client, simulators, mode=Mode.PREVIEW)).result()
    assert set(actions(result.effects).values()) == {"would create"}
    assert simulators.records("Opportunity") == []
    assert simulators.messages(CHANNEL) == []


async def test_two_at_once_are_one_opportunity_of_the_exact_sum(client: Client, simulators: Control) -> None:
    uuid = payer(simulators).uuid
    now = datetime.now(UTC)
    bodies = [
        simulators.expand(uuid, cents, send=False, at=(now - timedelta(seconds=cents)).isoformat())
        for cents in (5000, 2000)
    ]
    runs = await asyncio.gather(
        *(
            begin(
                client,
                "expansion",
                movement(body),
                opportunity=DEAL,
                settling_seconds=0.2,
                log_in="nowhere",
                merge_within_days=1,
            )
            for body in bodies
        )
    )
    results = [await run.result() for run in runs]
    assert [each.outcome for each in results] == [Outcome.ACTED] * 2
    [opportunity] = simulators.records("Opportunity")
    assert opportunity["Amount"] == 840


async def test_less_than_the_route_asks_for_is_let_go(client: Client, simulators: Control) -> None:
    result = await (await expanded(client, simulators, 1, minimum_percent=50)).result()
    assert result.effects == []
    assert "less than 50 %" in result.verdict


async def test_what_is_restated_while_slack_is_away_is_not_told(client: Client, simulators: Control) -> None:
    slack = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    run = await expanded(client, simulators, reread_after_seconds=0)
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    simulators.restate(payer(simulators).uuid, type="new_biz")
    await asyncio.sleep(1.2)  # what was read a second ago counts as true
    simulators.remove_fault(slack.id)
    result = await run.result()
    assert (result.outcome, result.problems) == (Outcome.UNVERIFIED, [])
    assert simulators.messages(CHANNEL) == []


async def test_a_misspelt_channel_leaves_the_rest_done(client: Client, simulators: Control) -> None:
    result = await (await expanded(client, simulators, channel="#no-such-channel")).result()
    assert result.outcome is Outcome.PARTIAL
    assert actions(result.effects) == {"salesforce Opportunity": "created"}
    assert [problem.step for problem in result.problems] == ["slack.post_message"]


async def test_a_deal_is_on_the_company_whoever_named_the_owner(client: Client, simulators: Control) -> None:
    """Salesforce names the owner; the deal is HubSpot's, and so is its owner, known there by e-mail."""
    hubspot = HubSpotClient(HubSpot(token=SecretStr(HUBSPOT_TOKEN), base_url=simulators.hubspot_url))
    await hubspot.prepare("deals", [key_property("mogulflow_key")], dry_run=False)
    await hubspot.aclose()
    known = {each.uuid for each in simulators.hubspot_customers("contact_and_company")}
    uuid = next(each.uuid for each in simulators.customers(case="account") if each.mrr and each.uuid in known)
    body = simulators.expand(uuid, 5000, send=False)
    deal = {"stage": "Qualified To Buy", "fallback_owner": "revops@mogulflow.example"}
    options: dict[str, Any] = {"deal": deal, "settling_seconds": 0.2, "log_in": "nowhere"}
    result = await (await begin(client, "expansion", movement(body), **options)).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    [made] = simulators.hubspot_records("deals")
    assert made["hubspot_owner_id"]
    effect = next(each for each in result.effects if each.system == "hubspot")
    assert effect.note is None
    [message] = simulators.messages(CHANNEL)
    assert "HubSpot has no company" not in str(message["blocks"])


@pytest.mark.parametrize("days", [1.0, 4 * SECOND])
async def test_running_one_again_that_was_added_adds_nothing(
    client: Client, simulators: Control, run_again: RunAgain, days: float
) -> None:
    """While further ones are waited for, and afterwards."""
    uuid, now = payer(simulators).uuid, datetime.now(UTC)
    options: dict[str, Any] = {"opportunity": DEAL, "settling_seconds": 0.2, "log_in": "nowhere"}
    for cents in (5000, 2000):
        body = simulators.expand(uuid, cents, send=False, at=(now - timedelta(seconds=cents)).isoformat())
        run = await begin(client, "expansion", movement(body), merge_within_days=days, **options)
        await run.result()
    if days < 1:
        await client.get_workflow_handle(window_of(uuid)).result()
    result = await run_again(run)
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    [opportunity] = simulators.records("Opportunity")
    assert opportunity["Amount"] == 840
    assert len(simulators.messages(CHANNEL)) == 2


def window_of(customer: str) -> str:
    joining = Joining(
        workflow="expansion_window",
        account="default",
        customer_uuid=customer,
        template="",
        headline="",
        summary="",
        told={},
    )
    return joining.case_id
