"""`mogulflow preview event`: an answer also where a system gives none, and no run left open."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from local.stack import Stack
from simulators.kit.control import Control
from simulators.kit.shapes import System
from tests.service.conftest import Command, Write, one_of_each, started
from tests.waiting import output_of, until_listed
from tests.whole_system import ROUTES

OPEN = "ExecutionStatus = 'Running' AND `Mode` = 'preview'"


async def until_no_preview_is_open(client: Client) -> None:
    await until_listed(client, OPEN, 0)


@pytest.mark.parametrize(
    ("system", "away", "shown", "missing"),
    [
        ("slack", "slack", "salesforce Task", "slack message"),
        ("salesforce", "salesforce", "slack message", "salesforce Task"),
    ],
)
@pytest.mark.parametrize("how", ["out of order", "asks for an hour"])
async def test_a_system_that_does_not_answer_is_named_and_the_rest_previewed(
    stack: Stack,
    simulators: Control,
    mogulflow: Command,
    event_file: Write,
    client: Client,
    system: System,
    away: str,
    shown: str,
    missing: str,
    how: str,
) -> None:
    file = event_file(simulators)
    refusal: dict[str, Any] = (
        {"status": 503} if how == "out of order" else {"status": 429, "retry_after": 3600}
    )
    simulators.fault(system, "status", times=None, **refusal)
    said = await mogulflow("preview", str(file))
    if how == "asks for an hour":  # the next test's must not remember that
        await stack.serve.stop()
    assert said.code == 0, said.text
    assert f"Previewed without {away}: what depends on it is missing above." in said.text
    assert (shown in said.text, missing in said.text) == (True, False)
    await until_no_preview_is_open(client)
    simulators.clear_faults()
    assert one_of_each(simulators, 0)


async def test_where_chartmogul_does_not_answer_it_says_so(
    simulators: Control, mogulflow: Command, event_file: Write, client: Client
) -> None:
    file = event_file(simulators)
    simulators.fault("chartmogul", "status", status=503, times=None)
    said = await mogulflow("preview", str(file))
    assert (said.code, "The run failed: " in said.text, "HTTP 503" in said.text) == (1, True, True)
    assert "The run failed: No answer in time: Could not read customer " in said.text
    await until_no_preview_is_open(client)


async def test_where_nothing_answers_it_says_at_which_address(
    stack: Stack, simulators: Control, mogulflow: Command, event_file: Write, client: Client
) -> None:
    file = event_file(simulators)
    await stack.simulators.stop()
    said = await mogulflow("preview", str(file))
    assert said.code == 1
    assert f"nothing answers at {stack.simulators_url}" in said.text
    assert "Error" not in said.text
    await until_no_preview_is_open(client)


async def test_left_with_ctrl_c_it_leaves_no_open_run(
    simulators: Control, stack: Stack, client: Client, tmp_path: Path
) -> None:
    """A cancellation of somebody who pays still is given time to show."""
    customers = simulators.customers(case="account")
    body = simulators.cancel(customers[0].uuid, send=False)
    body["customer"]["uuid"] = customers[1].uuid
    file, routes = tmp_path / "event.json", tmp_path / "routes.yaml"
    file.write_text(json.dumps(body))
    routes.write_text(ROUTES.replace("settling_seconds: 0.2", "settling_seconds: 3600"))
    environment = stack.environment | {"ROUTES_FILE": str(routes)}
    async with started(tmp_path, "preview", str(file), **environment) as process:
        await until_listed(client, OPEN)
        process.send_signal(signal.SIGINT)
        await output_of(process)
    await until_no_preview_is_open(client)


async def test_without_a_worker_it_says_so(
    simulators: Control, stack: Stack, mogulflow: Command, event_file: Write, client: Client
) -> None:
    file = event_file(simulators)
    await stack.serve.stop()
    said = await mogulflow("preview", str(file))
    assert (said.code, "No worker takes the preview. Start `mogulflow serve`" in said.text) == (1, True)
    await until_no_preview_is_open(client)


async def test_what_is_for_slack_is_shown_as_people_read_it(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    """An ampersand and a link, in the thread of a customer whose name has to be escaped for Slack."""
    customer = simulators.customers(case="account")[0]
    simulators.odd(customer.uuid, "company", '"Fish & Chips"')
    file = tmp_path / "event.json"
    file.write_text(json.dumps(simulators.cancel(customer.uuid, send=False)))
    said = await mogulflow("preview", str(file))
    assert said.code == 0, said.text
    assert "Fish & Chips cancelled" in said.text
    assert "&amp;" not in said.text


async def test_what_was_done_is_shown_as_there_already(
    simulators: Control, mogulflow: Command, event_file: Write, client: Client
) -> None:
    file = event_file(simulators)
    run = json.loads((await mogulflow("send", str(file))).text)["runs"][0]["workflow_id"]
    await client.get_workflow_handle(run).result()
    said = await mogulflow("preview", str(file))
    assert said.code == 0, said.text
    [message] = [each for each in simulators.messages() if not each.get("thread_ts")]
    assert f"slack message {message['ts']} is there already, and stays as it is" in said.text
    shown = said.text.partition("slack message")[2]
    assert shown.count("#revenue-saves") == 2
    assert one_of_each(simulators, 1)


async def test_each_row_has_key_and_name_and_people_have_names(
    simulators: Control, mogulflow: Command, event_file: Write
) -> None:
    said = await mogulflow("preview", str(event_file(simulators)))
    assert said.code == 0
    customer = simulators.customers(case="account")[0]
    for shown in (
        f"Customer: {customer.company} ({customer.uuid})",
        "Route: churn-save: the first that takes churn, of all accounts",
        ":save_task",
        ":alert",
        "What happened: Churn −$",
        "Owner: ",
    ):
        assert shown in said.text
    owner = said.text.partition("Owner: ")[2].split(":")[0].split(" What")[0]
    assert "OwnerId" in said.text
    assert "<@" not in said.text
    assert owner.split()[0] in said.text.partition("OwnerId")[2]
    order = [
        said.text.index(each) for each in ("What happened", "Customer: ", "Route: ", "Owner: ", "Reason: ")
    ]
    assert order == sorted(order)
