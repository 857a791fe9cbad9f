"""Failed payment: one run for an invoice, from its first failed attempt until it is paid, voided or lost."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client

from models.effects import Mode
from models.event import Event
from models.runs import Outcome
from simulators.kit.control import Control
from tests.waiting import until
from tests.workflows.conftest import until_effects
from tests.workflows.leaving import tried
from tests.workflows.template_runs import CHANNEL, Invoice, Run, actions, begin

NUMBERS = itertools.count(0)
SOON = timedelta(seconds=0.3) / timedelta(hours=1)
MESSAGE = {"text": "Hello {customer}, please pay {amount}: {link}"}
TAG = {"system": "intercom", "tag": "unpaid"}


@pytest.fixture(autouse=True)
def _workers(workers: None) -> None:
    """All queues are worked on."""


@pytest.fixture
def invoice(simulators: Control) -> Invoice:
    """Each test has another: an invoice has one run for ever."""
    return Invoice(simulators, next(NUMBERS))


async def told(client: Client, event: Event, **options: Any) -> Run:
    given: dict[str, Any] = {"message": MESSAGE, "tag": TAG, "check_every_hours": SOON} | options
    return await begin(client, "failed_payment", event, **given)


def in_app(simulators: Control) -> list[Any]:
    found: list[Any] = simulators.ask("GET", "intercom/messages")
    return found


async def test_person_and_channel_hear_once_and_of_the_end(
    client: Client, simulators: Control, invoice: Invoice
) -> None:
    run = await told(client, invoice.fails())
    effects = await until_effects(run, 3)
    assert actions(effects) == {
        "intercom message": "created",
        "intercom contact": "updated",
        "slack message": "created",
    }
    invoice.act("pay")
    result = await run.result()
    assert (result.outcome, result.problems) == (Outcome.RECOVERED, [])
    alert, verdict = simulators.messages(CHANNEL)
    assert "failed" in alert["text"]
    assert verdict["text"].startswith("Recovered: ")
    assert "paid $0.00" not in verdict["text"]
    assert len(in_app(simulators)) == 1


async def test_a_further_attempt_is_a_reply_and_no_second_message(
    client: Client, simulators: Control, invoice: Invoice
) -> None:
    run = await told(client, invoice.fails(minutes=180))
    await until_effects(run, 3)
    assert (await told(client, invoice.fails(minutes=60))).id == run.id

    async def reply() -> str | None:
        messages = simulators.messages(CHANNEL)
        return str(messages[1]["text"]) if len(messages) > 1 else None

    assert (await until(reply)).startswith("Attempt 2 failed")
    assert len(in_app(simulators)) == 1


async def test_what_is_paid_already_is_left_alone(
    client: Client, simulators: Control, invoice: Invoice
) -> None:
    event = invoice.fails(minutes=5)
    invoice.act("pay")
    result = await (await told(client, event)).result()
    assert (result.outcome, result.effects) == (Outcome.ALREADY_PAID, [])
    assert simulators.messages(CHANNEL) == []


@pytest.mark.parametrize(("action", "outcome"), [("void", Outcome.VOIDED), ("give_up", Outcome.LOST)])
async def test_the_end_is_told_as_it_is(
    client: Client, simulators: Control, invoice: Invoice, action: str, outcome: Outcome
) -> None:
    run = await told(client, invoice.fails())
    await until_effects(run, 3)
    invoice.act(action)
    assert (await run.result()).outcome is outcome


async def test_an_unknown_outcome_of_the_message_is_told_and_not_tried_again(
    client: Client, simulators: Control, invoice: Invoice
) -> None:
    simulators.fault("intercom", "drop_after", method="POST", path="/messages")
    run = await told(client, invoice.fails())
    await until_effects(run, 2)
    invoice.act("pay")
    result = await run.result()
    assert result.outcome is Outcome.PARTIAL
    assert [problem.kind for problem in result.problems] == ["Undetermined"]
    assert len(in_app(simulators)) == 1


async def test_intercom_being_off_holds_nothing_up(
    client: Client, simulators: Control, invoice: Invoice
) -> None:
    run = await told(client, invoice.fails(), message=None, tag=None)
    [alert] = await until_effects(run, 1)
    assert alert.system == "slack"


async def test_a_preview_writes_nothing(client: Client, simulators: Control, invoice: Invoice) -> None:
    result = await (await told(client, invoice.fails(), mode=Mode.PREVIEW)).result()
    assert (result.outcome, result.problems) == (Outcome.PREVIEWED, [])
    assert set(actions(result.effects).values()) == {"would create", "would update"}
    assert (simulators.messages(CHANNEL), in_app(simulators)) == ([], [])


async def test_what_is_paid_while_slack_is_away_is_recovered_and_not_told(
    client: Client, simulators: Control, invoice: Invoice
) -> None:
    slack = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    run = await told(client, invoice.fails(), message=None, reread_after_seconds=0, check_every_hours=12)
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    invoice.act("pay")
    await asyncio.sleep(1.2)  # what was read a second ago counts as true
    simulators.remove_fault(slack.id)
    result = await run.result()
    assert (result.outcome, result.problems) == (Outcome.RECOVERED, [])
    assert simulators.messages(CHANNEL) == []
    assert simulators.ask("GET", "intercom/tagged") == {}


async def test_what_is_given_up_on_when_we_hear_of_it_is_told(
    client: Client, simulators: Control, invoice: Invoice
) -> None:
    event = invoice.fails(minutes=5)
    invoice.act("give_up")
    result = await (await told(client, event)).result()
    assert (result.outcome, result.problems) == (Outcome.LOST, [])
    [message] = simulators.messages(CHANNEL)
    assert message["text"].startswith("Lost: ")
