"""Call API: what a connector's file describes is called, once."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle

import worker
from activities.runs.steps import find_trouble
from configuration.connectors import load_connectors
from dispatch.deliveries import CHARTMOGUL, Delivery, event_of
from dispatch.dispatcher import Dispatcher
from local.stack import EXAMPLE_CONFIG
from models.attention import AttentionQuery
from models.connectors import Connector
from models.effects import Action, Mode
from models.routes import Routes
from models.runs import Outcome, RunResult
from models.templates.template import Installation
from simulators.connector.api import TOKEN
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own, settings_for
from tests.waiting import until_listed
from tests.workflows.conftest import RunAgain, cancelled

CREATE, GRANT = "my_product.create_account", "my_product.grant_wiki"
Run = WorkflowHandle[Any, RunResult]


@pytest.fixture(autouse=True)
def _workers(workers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All queues are worked on, and the product's token is set."""
    monkeypatch.setenv("MY_PRODUCT_TOKEN", TOKEN)


@pytest.fixture
def product(simulators_url: str) -> Connector:
    """The example, to the simulated product."""
    example = load_connectors(EXAMPLE_CONFIG / "connectors")["my_product"]
    return example.model_copy(update={"base_url": f"{simulators_url}/connector/api"})


async def started(
    client: Client, product: Connector, body: dict[str, Any], *calls: str, mode: Mode = Mode.LIVE
) -> Run:
    route = {
        "name": "test",
        "template": "call_api",
        "when": {"movements": ["churn"]},
        "options": {"calls": list(calls or (CREATE, GRANT))},
    }
    installation = Installation(connectors={"my_product": product})
    dispatcher = Dispatcher(client, Routes.model_validate({"routes": [route]}), "", installation)
    event = event_of(Delivery(CHARTMOGUL, "default", json.dumps(body).encode()))
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC), mode=mode)
    return client.get_workflow_handle(run.workflow_id, result_type=RunResult)


def held(simulators: Control) -> tuple[list[Any], list[Any]]:
    """Accounts and grants of the product."""
    return simulators.ask("GET", "connector/accounts"), simulators.ask("GET", "connector/grants")


async def test_later_calls_use_what_earlier_ones_answered(
    client: Client, simulators: Control, product: Connector
) -> None:
    body = cancelled(simulators)
    result = await (await started(client, product, body)).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    [account], [grant] = held(simulators)
    assert account["external_id"] == body["customer"]["uuid"]
    assert grant["account"] == account["id"]
    made, access = result.effects
    assert (made.system, made.object_type, made.object_id) == ("my_product", "account", account["id"])
    assert (made.action, access.action) == (Action.CREATED, Action.CREATED)
    assert made.after == {"name": account["name"]}
    assert access.after == {"tool": "wiki"}


async def test_a_preview_shows_every_field_and_writes_nothing(
    client: Client, simulators: Control, product: Connector
) -> None:
    body = cancelled(simulators)
    result = await (await started(client, product, body, CREATE, mode=Mode.PREVIEW)).result()
    assert (result.outcome, result.problems) == (Outcome.PREVIEWED, [])
    [effect] = result.effects
    assert effect.action is Action.WOULD_CREATE
    assert effect.after["external_id"] == body["customer"]["uuid"]
    assert held(simulators) == ([], [])


async def test_a_write_with_a_key_is_made_again_and_done_once(
    client: Client, simulators: Control, product: Connector
) -> None:
    simulators.fault("connector", "drop_after", method="POST", path="/accounts")
    result = await (await started(client, product, cancelled(simulators), CREATE)).result()
    accounts, _ = held(simulators)
    assert (result.outcome, len(accounts)) == (Outcome.ACTED, 1)
    assert result.effects[0].action is Action.CREATED


async def test_a_write_without_a_key_is_made_at_most_once(
    client: Client, simulators: Control, product: Connector, run_again: RunAgain
) -> None:
    """Nobody knows whether it was done: a person is told, and no later run makes it."""
    simulators.fault("connector", "drop_after", method="POST", path="/access")
    run = await started(client, product, cancelled(simulators))
    for result in (await run.result(), await run_again(run)):
        assert result.outcome is Outcome.PARTIAL
        [problem] = result.problems
        assert problem.kind == "Undetermined"
        assert "may have been done" in problem.message
        accounts, grants = held(simulators)
        assert (len(accounts), len(grants)) == (1, 1)


async def test_a_write_that_was_refused_is_made_by_the_next_run(
    client: Client, simulators: Control, product: Connector, run_again: RunAgain
) -> None:
    simulators.fault("connector", "status", method="POST", path="/access", status=400)
    run = await started(client, product, cancelled(simulators))
    first = await run.result()
    assert (first.outcome, [each.kind for each in first.problems]) == (Outcome.PARTIAL, ["Rejected"])
    second = await run_again(run)
    assert second.outcome is Outcome.ACTED
    assert [each.action for each in second.effects] == [Action.UNCHANGED, Action.CREATED]
    assert [len(each) for each in held(simulators)] == [1, 1]


async def test_a_write_without_a_key_waits_for_a_system_that_takes_no_call(
    client: Client, simulators: Control, product: Connector
) -> None:
    """It says when to come again, and so that nothing was done: it is tried again."""
    full = {"status": 503, "retry_after": 1}
    simulators.fault("connector", "status", method="POST", path="/access", times=2, **full)
    result = await (await started(client, product, cancelled(simulators))).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    assert len(held(simulators)[1]) == 1


async def test_what_fails_stops_no_other_call(
    client: Client, simulators: Control, product: Connector
) -> None:
    run = await started(client, product, cancelled(simulators), "my_product.nothing", GRANT, CREATE)
    result = await run.result()
    assert result.outcome is Outcome.PARTIAL
    missing, unfilled = result.problems
    assert "There is no operation my_product.nothing" in missing.message
    assert "there is no create_account" in unfilled.message
    assert [each.object_type for each in result.effects] == ["account"]
    assert [len(each) for each in held(simulators)] == [1, 0]


async def test_the_run_of_one_write_is_in_no_list_of_what_waits_for_a_person(
    client: Client, simulators: Control, product: Connector
) -> None:
    """It failed, and its event's run says so."""
    own = await in_a_namespace_of_its_own(client)
    simulators.fault("connector", "status", method="POST", path="/access", status=400)
    async with worker.running(own, settings_for(simulators.url)):
        run = await started(own, product, cancelled(simulators))
        assert (await run.result()).outcome is Outcome.PARTIAL
    await until_listed(own, f"WorkflowId = '{run.id}' AND Outcome = 'partial' AND CloseTime IS NOT NULL")
    await until_listed(own, "WorkflowType = 'once' AND ExecutionStatus = 'Failed'")
    found = await find_trouble(own, AttentionQuery(), datetime.now(UTC))
    assert [each.workflow_id for each in found.runs] == [run.id]
