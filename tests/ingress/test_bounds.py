"""What is started from the largest that comes in fits what Temporal takes, on SQL as on its dev server."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.client import Client, ScheduleActionStartWorkflow, WorkflowExecutionDescription

import temporal
from dispatch.dead_letters import keep
from dispatch.deliveries import CHARTMOGUL, MAX_BODY, Delivery, event_of
from dispatch.dispatcher import Dispatcher
from dispatch.holds import Holds, open_hold
from models.effects import Mode
from models.holds import HoldOn, Scope, brake_on
from models.money import MOST_CENTS
from models.routes import LONGEST_NAME, Routes
from operations.holds import MOST_WORDS
from schedules import declarations
from settings import LONGEST_ACCOUNT, Settings
from tests.models.bodies import webhook

KEYWORD = 255
"""Characters of a search attribute, and of a workflow's id, in the columns of Temporal on SQL."""

SUMMARY = 400
"""Bytes of a run's summary that the server takes."""

LETTERS = ["x", "ß", "漢", "\U0001f600"]
"""Of one to four bytes."""

ACCOUNT = "a" * LONGEST_ACCOUNT


def body_of(letter: str, kind: str) -> dict[str, Any]:
    """Each field at its longest."""
    customer = {"uuid": "u" * 100, "name": letter * 2_000, "company": letter * 2_000}
    return webhook(
        customer=customer | {"external_id": letter * 1_000},
        movement_type=kind,
        mrr_movement_in_account_currency=-MOST_CENTS,
        account_currency="XXX",
        description=f"They cancelled their {letter * 3_000} plan",
        subscription={"external_id": letter * 1_000},
    )


def routes(mode: str) -> Routes:
    """Two of the longest name; the brake of a live one goes on with the second run of an hour."""
    when = {"movements": ["churn", "reactivation"]}
    save = {"template": "churn_save", "when": {"movements": ["churn"]}, "options": {"channel": "#saves"}}
    sync = {"template": "customer_sync", "when": when, "options": {}}
    return Routes.model_validate(
        {
            "routes": [
                each | {"name": letter * LONGEST_NAME, "mode": mode, "pause_above": 1}
                for letter, each in (("s", save), ("t", sync))
            ]
        }
    )


async def check(described: WorkflowExecutionDescription) -> None:
    assert len(described.id) <= KEYWORD, described.id
    for pair in described.typed_search_attributes:
        values = pair.value if isinstance(pair.value, Sequence) and not isinstance(pair.value, str) else []
        for value in [pair.value, *values]:
            assert not isinstance(value, str) or len(value) <= KEYWORD, (pair.key.name, value)
    assert len((await described.static_summary() or "").encode()) <= SUMMARY
    memo = described.raw_description.workflow_execution_info.memo
    assert len(memo.SerializeToString()) <= temporal.LARGEST_MEMO


async def check_run(client: Client, workflow_id: str) -> None:
    await check(await client.get_workflow_handle(workflow_id).describe())


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("mode", Mode)
async def test_runs_of_the_largest_movement_fit(unserved: Client, letter: str, mode: Mode) -> None:
    chosen = routes(mode)
    holds = Holds(unserved, chosen)
    await holds.look()
    dispatcher = Dispatcher(unserved, chosen, "", holds=holds, customer_in_headline=True)
    for number, kind in enumerate(("churn", "churn", "reactivation")):
        body = body_of(letter, kind) | {"date": f"2026-05-{20 + number}T07:02:18.000Z"}
        sent = json.dumps(body, ensure_ascii=False).encode()
        assert len(sent) <= MAX_BODY
        event = event_of(Delivery(CHARTMOGUL, ACCOUNT, sent))
        for run in await dispatcher.dispatch(event, received_at=datetime.now(UTC)):
            await check_run(unserved, run.workflow_id)
            if run.held_by:
                await check_run(unserved, run.held_by)


async def test_holds_of_the_longest_names_and_reasons_fit(unserved: Client) -> None:
    opened = HoldOn(why="\U0001f600" * MOST_WORDS, by="b" * 100, until=datetime.now(UTC))
    for name in (brake_on("c" * LONGEST_NAME), Scope(account=ACCOUNT).hold):
        await open_hold(unserved, name, opened)
        await check_run(unserved, name)


async def test_an_unreadable_delivery_of_the_longest_account_fits(unserved: Client) -> None:
    dispatcher = Dispatcher(unserved, Routes(routes=[]), "")
    for letter in LETTERS:
        body = (letter * (MAX_BODY // 4)).encode()
        kept = await keep(dispatcher, Delivery(CHARTMOGUL, ACCOUNT, body), f"It is {letter * 10_000}.")
        await check_run(unserved, kept.workflow_id)


def test_schedules_of_the_longest_account_fit(settings: Settings) -> None:
    """The server adds the time to the id, in 21 characters."""
    [account] = settings.chartmogul.values()
    changed = settings.model_copy(update={"chartmogul": {ACCOUNT: account}})
    for each in declarations(changed):
        action = each.schedule().action
        assert isinstance(action, ScheduleActionStartWorkflow)
        assert len(f"{each.id}-2026-11-29T05:10:00Z") <= KEYWORD
        assert len(str(action.static_summary).encode()) <= SUMMARY
        for pair in temporal.labels(each.what, each.account):
            assert len(str(pair.value)) <= KEYWORD
