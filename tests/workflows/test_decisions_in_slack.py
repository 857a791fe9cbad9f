"""A change that asks in Slack: the message's buttons decide, and it becomes the record of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client

from ingress.slack.route import PATH
from models.agents import Agents, Approvers
from models.canonical import digest_of
from models.changes import (
    APPROVE,
    REFUSE,
    Asker,
    ChangeInput,
    ChangeRun,
    ChangeState,
    MatchedRule,
    TagChange,
    Then,
)
from operations.changes import ask, state_of
from settings import Settings
from simulators.kit.control import Control
from simulators.kit.shapes import Told
from tests.ingress.conftest import ingress_for
from tests.waiting import until

CHANNEL, CHANNEL_ID = "#revenue-saves", "C0SAVES"
MAYA, RAVI = "maya.okafor@mogulflow.example", "ravi.menon@mogulflow.example"
Json = dict[str, Any]


def agents() -> Agents:
    return Agents(approvers=Approvers(emails=[MAYA, RAVI]))


@pytest.fixture(scope="module")
async def ingress(client: Client, settings: Settings, workers: None) -> AsyncIterator[httpx.AsyncClient]:
    async with ingress_for(client, settings, agents=agents) as http:
        yield http


@pytest.fixture(autouse=True)
def _clicks_reach_us(simulators: Control, ingress: httpx.AsyncClient) -> None:
    simulators.interactivity(f"{ingress.base_url}{PATH}")


async def asked(
    client: Client, simulators: Control, approvers: int = 1, owner: str = "ana@vendor.example"
) -> ChangeRun:
    """What waits for decisions, once its message is there."""
    change = TagChange(customer_uuid=simulators.customers()[0].uuid, add=["vip"])
    rule = MatchedRule(number=2, said="*: ask", then=Then.ASK, approvers=approvers, within=timedelta(hours=1))
    given = ChangeInput(
        account="default",
        tool="change_tags",
        change=change,
        asker=Asker(name="churn-bot", kind="agent", owner=owner),
        reason="for a test",
        rule=rule,
        digest=digest_of(str(uuid4())),
        arguments="a",
        asked_at=datetime.now(UTC),
        channel=CHANNEL,
    )
    state = await ask(client, given)
    assert state.status is ChangeState.NEEDS_APPROVAL
    await until(lambda: simulators.messages(CHANNEL_ID))
    return state


def message(simulators: Control) -> Json:
    [found] = simulators.messages(CHANNEL_ID)
    return found


async def click(simulators: Control, user: str, action_id: str = APPROVE, times: int = 1) -> None:
    """In a thread: the simulators ask this process before they answer."""
    ts = message(simulators)["ts"]
    await asyncio.to_thread(simulators.click, CHANNEL_ID, ts, action_id, user, times)


async def told(simulators: Control, number: int = 1) -> list[str]:
    def so_many() -> list[Told] | None:
        found = simulators.told()
        return found if len(found) >= number else None

    return [each.text for each in await until(so_many)]


async def over(client: Client, state: ChangeRun) -> ChangeRun:
    await client.get_workflow_handle(state.run_id).result()
    return await state_of(client, state.run_id)


def buttons(found: Json) -> list[str]:
    elements = (each for block in found["blocks"] for each in block.get("elements", ()))
    return [each["action_id"] for each in elements if each.get("action_id") in (APPROVE, REFUSE)]


async def test_a_click_agrees_and_the_message_becomes_the_record(client: Client, simulators: Control) -> None:
    state = await asked(client, simulators)
    assert buttons(message(simulators)) == [APPROVE, REFUSE]
    await click(simulators, MAYA)
    assert await told(simulators) == ["You agreed."]
    done = await over(client, state)
    assert (done.status, [each.who for each in done.decisions]) == (ChangeState.DONE, [MAYA])
    assert f"{MAYA} agreed by slack" in message(simulators)["text"]
    assert buttons(message(simulators)) == []


async def test_a_click_refuses(client: Client, simulators: Control) -> None:
    state = await asked(client, simulators)
    await click(simulators, RAVI, REFUSE)
    assert await told(simulators) == ["You refused it: nothing is written."]
    done = await over(client, state)
    assert (done.status, done.effects) == (ChangeState.REFUSED, [])
    assert f"{RAVI} refused by slack" in message(simulators)["text"]


async def test_two_must_agree_and_nobody_counts_twice(client: Client, simulators: Control) -> None:
    state = await asked(client, simulators, approvers=2)
    await click(simulators, MAYA, times=3)
    assert set(await told(simulators, 3)) == {"You agreed. 1 more must agree."}
    await click(simulators, MAYA, REFUSE)
    assert "You have decided on it already." in await told(simulators, 4)
    await click(simulators, RAVI)
    done = await over(client, state)
    assert (done.status, [each.who for each in done.decisions]) == (ChangeState.DONE, [MAYA, RAVI])


async def test_who_answers_for_the_asker_does_not_decide(client: Client, simulators: Control) -> None:
    state = await asked(client, simulators, owner=MAYA)
    await click(simulators, MAYA)
    assert "does not decide on it" in (await told(simulators))[0]
    assert (await state_of(client, state.run_id)).status is ChangeState.NEEDS_APPROVAL
    await click(simulators, RAVI)
    await over(client, state)


async def test_who_comes_too_late_is_told_so(client: Client, simulators: Control) -> None:
    state = await asked(client, simulators)
    before = message(simulators)
    await click(simulators, MAYA)
    await over(client, state)
    value = next(
        each["value"]
        for block in before["blocks"]
        for each in block.get("elements", ())
        if each.get("action_id") == APPROVE
    )
    late = {"channel": CHANNEL_ID, "text": "May it?", "blocks": [_block(value)]}
    headers = {"Authorization": "Bearer xoxb-demo"}
    url = f"{simulators.slack_url}chat.postMessage"
    ts = httpx.post(url, json=late, headers=headers, trust_env=False).json()["ts"]
    await asyncio.to_thread(simulators.click, CHANNEL_ID, ts, APPROVE, RAVI)
    assert "already over" in (await told(simulators, 2))[1]


def _block(value: str) -> Json:
    text = {"type": "plain_text", "text": "Approve"}
    return {
        "type": "actions",
        "elements": [{"type": "button", "action_id": APPROVE, "text": text, "value": value}],
    }
