"""The example of an event does something at once: its customer has cancelled in fresh simulators, too."""

import json
from pathlib import Path

from temporalio.client import Client

from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from tests.conftest import ROOT
from tests.service.conftest import Command

EXAMPLE = str(ROOT / "examples" / "churn.json")
CUSTOMER = "Willow Travel"
SEED = 7
"""With which the simulators start by themselves."""


async def test_the_example_is_previewed_and_sent_to_fresh_simulators(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    simulators.reset(seed=SEED)
    said = await mogulflow("preview", "event", EXAMPLE)
    assert said.code == 0, said.text
    for shown in (
        "churn_save: previewed",
        "salesforce Task",
        "Save Willow Travel: $832.00 MRR lost",
        "slack message",
        "Willow Travel cancelled: −$832.00 MRR",
    ):
        assert shown in said.text
    assert written(simulators) == (0, 0)
    run = json.loads((await mogulflow("send", EXAMPLE)).text)["runs"][0]["workflow_id"]
    result = await client.get_workflow_handle(run, result_type=RunResult).result()
    assert result.outcome is Outcome.ACTED
    assert written(simulators) == (1, 1)


def written(simulators: Control) -> tuple[int, int]:
    """Tasks and alerts of the example's customer: a step of an earlier test may still write."""
    tasks, messages = simulators.records("Task"), simulators.messages()
    return (
        sum(CUSTOMER in str(task["Subject"]) for task in tasks),
        sum(CUSTOMER in str(message["text"]) for message in messages),
    )


async def test_where_the_customer_has_not_cancelled_it_says_what_must_come_first(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    customer = next(each for each in simulators.customers(case="account") if each.mrr)
    event = json.loads(Path(EXAMPLE).read_text())
    event["customer"] |= {"uuid": customer.uuid, "external_id": customer.external_id, "external_ids": []}
    event["subscription"]["external_id"] = f"sub_{customer.number}"
    (tmp_path / "event.json").write_text(json.dumps(event))
    said = await mogulflow("preview", "event", str(tmp_path / "event.json"))
    assert "churn_save: unverified" in said.text
    assert "let its customer cancel there first; in the simulators, by the button" in said.text
