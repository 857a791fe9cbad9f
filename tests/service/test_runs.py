"""`mogulflow runs`: whose run it is, what it came to, and what an open one waits for."""

from datetime import UTC, datetime
from pathlib import Path

from temporalio.client import Client

from dispatch.dispatcher import Dispatcher
from local.stack import Stack
from models.chartmogul import MovementWebhook
from models.events import movement_from_webhook
from models.routes import Routes
from simulators.kit.control import Control
from tests import imported
from tests.service.cancellations import begun, churn_route
from tests.service.conftest import Command, until_shown
from tests.waiting import until_listed


async def test_a_list_names_the_customer_and_what_an_open_run_waits_for(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    customers = simulators.customers(case="account")
    names = [customers[number].company for number in range(2)]
    open_run = await begun(client, simulators, churn_route(check_back_days=[7]), 0)
    closed = await begun(client, simulators, churn_route(), 1)
    await closed.result()
    said = await until_shown(mogulflow, "Check back 7 days after the cancellation: ", "runs")
    for shown in (*names, open_run.id, closed.id, "Started, UTC", "acted"):
        assert shown in said.text
    of_one = (await mogulflow("runs", "--customer", names[0][2:].upper())).text
    assert (open_run.id in of_one, closed.id in of_one) == (True, False)
    by_id = (await mogulflow("runs", "--customer", customers[1].uuid)).text
    assert (open_run.id in by_id, closed.id in by_id) == (False, True)
    only_open = (await mogulflow("runs", "--open", "--template", "churn_save")).text
    assert (open_run.id in only_open, closed.id in only_open) == (True, False)
    await until_listed(client, f"WorkflowId = '{closed.id}' AND Outcome = 'acted'")
    acted = (await mogulflow("runs", "--outcome", "acted")).text
    assert (open_run.id in acted, closed.id in acted) == (False, True)
    assert "no runs of that kind" in (await mogulflow("runs", "--customer", "Nobody has this name")).text
    await open_run.terminate()


async def test_a_run_that_waits_for_a_system_says_which_and_when_it_is_tried(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    simulators.fault("salesforce", "status", method="PATCH", status=503, times=None)
    run = await begun(client, simulators, churn_route(alert_waits_seconds=0))
    await until_listed(client, f"WorkflowId = '{run.id}' AND WaitsFor = 'salesforce'")
    said = await until_shown(mogulflow, "salesforce.create_save_task, try ", "runs", "--open")
    assert "waits for salesforce" in said.text
    await run.terminate()


async def test_words_that_are_none_of_ours_and_a_filter_that_is_wrong_are_named(mogulflow: Command) -> None:
    said = await mogulflow("runs", "--outcome", "x' OR Outcome = 'acted")
    assert (said.code, "There is no outcome x' OR" in said.text) == (1, True)
    assert (
        "There is no template y; there are: churn_save" in (await mogulflow("runs", "--template", "y")).text
    )
    said = await mogulflow("runs", "--query", "Outcom = 'acted'")
    assert said.code == 1
    assert "Temporal cannot use --query \"Outcom = 'acted'\": " in said.text
    assert "Outcom" in said.text.split("': ", 1)[-1]
    assert "doctor" not in said.text


async def test_a_list_is_readable_at_eighty_columns(
    stack: Stack, simulators: Control, client: Client, tmp_path: Path
) -> None:
    run = await begun(client, simulators, churn_route())
    await run.result()
    assert await imported.run(("runs",), stack.environment | {"COLUMNS": "80"}, tmp_path) == 0
    table, _, _ = (tmp_path / "output").read_text().partition("Web UI: ")
    assert max(map(len, table.splitlines())) <= 80
    assert run.id in table


async def test_the_headline_names_the_customer_only_where_that_is_wished(
    simulators: Control, client: Client
) -> None:
    routes = Routes.model_validate({"routes": [churn_route()]})
    for number, wished in enumerate((False, True)):
        customer = simulators.customers(case="account")[number]
        body = MovementWebhook.model_validate(simulators.cancel(customer.uuid, send=False))
        event = movement_from_webhook(body, "default")
        dispatcher = Dispatcher(client, routes, "http://127.0.0.1:8233", customer_in_headline=wished)
        [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
        described = await client.get_workflow_handle(run.workflow_id).describe()
        attributes = {pair.key.name: str(pair.value) for pair in described.typed_search_attributes}
        assert attributes["Headline"].startswith(f"{customer.company}: Churn −") is wished
        assert (event.customer_name in attributes["Headline"]) is wished
