"""Two ChartMogul accounts in one installation: each with its own key, secret, routes and poll."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client

import temporal
from local.stack import ANY_PORTS, Stack
from models.movements import Found, PollInput, PollState
from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from tests.conftest import running_simulators
from tests.imported import ImportedStack

ROUTES = """
routes:
  - name: churn-save
    template: churn_save
    when: {movements: [churn], accounts: [default]}
    options: {channel: "#revenue-saves", check_back_days: [], settling_seconds: 0.2}
  - name: churn-save-europe
    template: churn_save
    when: {movements: [churn], accounts: [europe]}
    options: {channel: "#revops-alerts", check_back_days: [], settling_seconds: 0.2}
"""
SECRET = "europes-own-secret-in-the-url"


@pytest.fixture(scope="module")
def europe() -> Iterator[Control]:
    """Another account's ChartMogul, with other customers."""
    with running_simulators() as url, Control(url) as control:
        control.reset(seed=99)
        yield control


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory, europe: Control) -> AsyncIterator[Stack]:
    state = tmp_path_factory.mktemp("accounts")
    routes = state / "routes.yaml"
    routes.write_text(ROUTES)
    environment = {
        "ROUTES_FILE": str(Path(routes)),
        "SLACK__SETTLE_SECONDS": "0.2",
        "CHARTMOGUL__EUROPE__API_KEY": "cm-demo-key",
        "CHARTMOGUL__EUROPE__WEBHOOK_SECRETS": SECRET,
        "CHARTMOGUL__EUROPE__BASE_URL": europe.chartmogul_url,
    }
    async with ImportedStack(state, ANY_PORTS, environment=environment) as stack:
        yield stack


@pytest.fixture
async def client(stack: Stack) -> Client:
    return await stack.client()


async def deliver(stack: Stack, secret: str, body: dict[str, Any]) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.post(f"{stack.ingress_url}/webhooks/chartmogul/{secret}", json=body)
    return dict(answer.raise_for_status().json())


async def outcome(client: Client, said: dict[str, Any]) -> tuple[Outcome, str]:
    """What the run came to, and whose account it is of."""
    handle = client.get_workflow_handle(said["runs"][0]["workflow_id"], result_type=RunResult)
    result = await handle.result()
    return result.outcome, str((await handle.describe()).typed_search_attributes.get(temporal.ACCOUNT))


def paying(control: Control, number: int = 0) -> str:
    return [each for each in control.customers(limit=100) if each.mrr][number].uuid


async def test_each_secret_leads_to_its_account(stack: Stack, client: Client, europe: Control) -> None:
    with Control(stack.simulators_url) as home:
        at_home = home.cancel(paying(home), send=False)
        abroad = europe.cancel(paying(europe), send=False)
        said = await deliver(stack, stack.webhook_secret, at_home)
        assert await outcome(client, said) == (Outcome.ACTED, "default")
        said = await deliver(stack, SECRET, abroad)
        assert await outcome(client, said) == (Outcome.ACTED, "europe")
        assert [len(home.messages(channel)) for channel in ("#revenue-saves", "#revops-alerts")] == [1, 1]


async def test_another_accounts_customer_is_not_believed(
    stack: Stack, client: Client, europe: Control
) -> None:
    said = await deliver(stack, stack.webhook_secret, europe.cancel(paying(europe, 1), send=False))
    assert await outcome(client, said) == (Outcome.UNVERIFIED, "default")


async def test_each_account_is_polled_by_itself(stack: Stack, client: Client, europe: Control) -> None:
    europe.cancel(paying(europe, 2), send=False)
    started = {}
    for account in ("default", "europe"):
        given = PollInput(account=account, head_start=timedelta(0), look_back=timedelta(minutes=5))
        state = await client.execute_workflow(
            "movement_poll", given, id=f"poll/{account}", task_queue=temporal.WORKFLOWS, result_type=PollState
        )
        started[account] = state.tally.of(Found.STARTED)
    # of Europe's three cancellations one came by webhook, and one to the wrong account
    assert started == {"default": 0, "europe": 2}
