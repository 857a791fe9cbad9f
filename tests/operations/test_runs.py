"""An event becomes a run, which is listed, run again, held, dismissed: each by a call."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowExecutionStatus,
    WorkflowHandle,
)

import temporal
from dispatch.dead_letters import keep
from dispatch.deliveries import CHARTMOGUL, Delivery
from dispatch.dispatcher import Dispatcher
from dispatch.holdings import holdings
from dispatch.holds import open_hold
from models.chartmogul import MovementWebhook
from models.deliveries import DeliveryResult
from models.effects import Action
from models.events import movement_from_webhook
from models.holds import HoldOn, Scope, Verdict, brake_on
from models.routes import Routes
from models.runs import Outcome, RunResult
from operations import dismiss, events, holds, replay
from operations.attention import list_attention
from operations.errors import Stopped
from operations.retry import Wish, retry
from operations.runs import ListedRun, Wanted, list_runs
from settings import Settings
from simulators.kit.control import Control
from tests import whole_system
from tests.operations.conftest import Body
from tests.service.cancellations import begun, churn_route
from tests.waiting import until

T = TypeVar("T")

NO_CHANNEL = {"ok": False, "error": "channel_not_found"}


async def all_of(items: AsyncIterator[T]) -> list[T]:
    return [each async for each in items]


async def sent(settings: Settings, body: dict[str, object]) -> str:
    """The id of its run."""
    answer = await asyncio.to_thread(events.send, settings, json.dumps(body).encode(), "default")
    assert (answer.status, answer.is_error) == (202, False)
    [run] = json.loads(answer.text)["runs"]
    return str(run["workflow_id"])


async def result_of(client: Client, run: str) -> RunResult:
    result: RunResult = await client.get_workflow_handle(run, result_type=RunResult).result()
    return result


async def partial(settings: Settings, simulators: Control, client: Client, body: dict[str, object]) -> str:
    """A run whose alert has no channel, once the lists have it."""
    simulators.fault("slack", "status", path="chat.postMessage", status=200, body=NO_CHANNEL, times=None)
    run = await sent(settings, body)
    assert (await result_of(client, run)).outcome is Outcome.PARTIAL

    async def waits() -> bool:
        return run in [each.workflow_id for each in (await list_attention(settings)).attention.troubles]

    await until(waits)
    return run


async def test_an_event_that_is_sent_has_a_run_which_is_listed(
    settings: Settings, cancellation: Body, client: Client
) -> None:
    body: dict[str, Any] = cancellation()
    run = await sent(settings, body)
    assert (await result_of(client, run)).outcome is Outcome.ACTED

    async def listed() -> Sequence[ListedRun]:
        runs = (await list_runs(settings, Wanted(template="churn_save", outcome="acted"))).runs
        return [each for each in runs if each.workflow_id == run]

    [one] = await until(listed)
    assert (one.outcome, one.waits, one.dismissal) == ("acted", "", None)
    assert one.customer
    assert one.headline.startswith("Churn −")
    with pytest.raises(Stopped, match="There is no outcome mislaid"):
        await list_runs(settings, Wanted(outcome="mislaid"))


async def test_a_preview_tells_how_far_it_is_and_what_would_be_done(
    settings: Settings, simulators: Control, cancellation: Body
) -> None:
    event = movement_from_webhook(MovementWebhook.model_validate(cancellation()), "default")
    looks = await all_of(events.preview(settings, event))
    [previewed] = [each for each in looks if isinstance(each, events.Previewed)]
    assert looks[-1] is previewed
    assert (previewed.run.template, previewed.result.outcome) == ("churn_save", Outcome.PREVIEWED)
    assert {each.action for each in previewed.result.effects} == {Action.WOULD_CREATE}
    assert (simulators.messages(), simulators.records("Task")) == ([], [])


class LateAnswers(Interceptor):
    """A run has begun, and the answer that says so is on its way until `arrive` is set."""

    def __init__(self) -> None:
        self.begun, self.arrive = asyncio.Event(), asyncio.Event()

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        late = self

        class Late(OutboundInterceptor):
            async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
                handle = await super().start_workflow(input)
                late.begun.set()
                await late.arrive.wait()
                return handle

        return Late(next)


async def test_a_preview_that_is_left_while_it_begins_leaves_no_open_run(
    settings: Settings,
    simulators: Control,
    client: Client,
    cancellation: Body,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cancellation of somebody who pays still is given an hour to show."""
    body: dict[str, Any] = cancellation()
    body["customer"]["uuid"] = simulators.customers(case="account")[1].uuid
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    routes = tmp_path / "routes.yaml"
    routes.write_text(whole_system.ROUTES.replace("settling_seconds: 0.2", "settling_seconds: 3600"))
    answers, connect = LateAnswers(), temporal.connect

    async def connected() -> Client:
        config: dict[str, Any] = {**(await connect()).config(), "interceptors": [answers]}
        return Client(**config)

    monkeypatch.setattr(temporal, "connect", connected)
    looks = events.preview(settings.model_copy(update={"routes_file": str(routes)}), event)
    look = asyncio.ensure_future(anext(looks))
    await answers.begun.wait()
    look.cancel()
    answers.arrive.set()
    with pytest.raises(asyncio.CancelledError):
        await look
    run = await client.get_workflow_handle(f"churn_save/{event.event_id}{temporal.PREVIEW_SUFFIX}").describe()
    assert run.status in (WorkflowExecutionStatus.CANCELED, WorkflowExecutionStatus.TERMINATED)


async def test_what_waits_for_a_person_is_run_again(
    settings: Settings, simulators: Control, cancellation: Body, client: Client
) -> None:
    run = await partial(settings, simulators, client, cancellation())
    assert (await list_attention(settings)).waits
    simulators.clear_faults()
    retried = await retry(settings, run, Wish("The channel is there now"))
    assert retried.outdated_route is None
    assert retried.link.endswith("/user-metadata")
    assert (await result_of(client, run)).outcome is Outcome.ACTED


async def test_a_run_without_trouble_is_begun_anew_where_the_one_who_asks_says_so(
    settings: Settings, simulators: Control, client: Client
) -> None:
    run = await begun(client, simulators, churn_route(check_back_days=[7]))
    await until(lambda: simulators.messages() and simulators.records("Task"))
    asked = list[str]()

    def says_no(question: str) -> bool:
        asked.append(question)
        return False

    with pytest.raises(Stopped, match="is open and nothing has failed"):
        await retry(settings, run.id, Wish(), says_no)
    [question] = asked
    assert question.endswith("End it and begin again from its first step?")
    retried = await retry(settings, run.id, Wish(), lambda _: True)
    assert retried.outdated_route == "by-mistake"
    await run.terminate()


async def test_what_is_dismissed_waits_for_nobody_and_keeps_the_first_reason(
    settings: Settings, simulators: Control, cancellation: Body, client: Client
) -> None:
    run = await partial(settings, simulators, client, cancellation())
    assert await all_of(dismiss.dismiss(settings, run, "Told them by phone")) == [dismiss.Closed(run)]
    [again] = await all_of(dismiss.dismiss(settings, run, "Another word"))
    assert again.before
    assert again.before.why == "Told them by phone"

    async def is_gone() -> bool:
        troubles = (await list_attention(settings)).attention.troubles
        return run not in [each.workflow_id for each in troubles]

    await until(is_gone)
    with pytest.raises(Stopped, match="Say why"):
        await all_of(dismiss.dismiss(settings, run, " "))


async def test_a_delivery_that_could_not_be_read_is_replayed_or_dismissed(
    settings: Settings, cancellation: Body, client: Client
) -> None:
    dispatcher = Dispatcher(client, Routes(routes=[]), settings.web_ui_url)
    bodies = [json.dumps(cancellation()).encode() for _ in range(2)]
    first, second = [
        (await keep(dispatcher, Delivery(CHARTMOGUL, "default", body), "No JSON.")).workflow_id
        for body in bodies
    ]
    seen, unknown = await all_of(replay.replay(settings, [first, "unreadable_delivery/none"]))
    assert seen.event
    assert [run.workflow_id for run in seen.runs] == [f"churn_save/{seen.event.event_id}"]
    assert unknown.problem.startswith("There is no run unreadable_delivery/none.")
    assert await all_of(replay.dismiss([second], "A test of ours")) == [replay.Seen(second)]
    handle = client.get_workflow_handle(second, result_type=DeliveryResult)
    assert (await handle.result()).reason == "A test of ours"
    for run in seen.runs:
        await client.get_workflow_handle(run.workflow_id).result()


async def test_a_pause_is_known_to_all_and_ends(settings: Settings) -> None:
    scope = Scope(system="hubspot")
    pause = await holds.pause(settings, scope, "30m", "They move house")
    assert await holds.until_held(pause)
    assert await holds.resume(scope, "") == 0
    with pytest.raises(Stopped, match="--system fax: there is none of that name"):
        await holds.pause(settings, Scope(system="fax"), "30m", "They move house")


async def test_a_brake_is_decided_on(settings: Settings, client: Client) -> None:
    with pytest.raises(Stopped, match="No brake is on for a route flooded"):
        await holds.decide("flooded", Verdict.RELEASED, "These are real")
    await open_hold(client, brake_on("flooded"), HoldOn(why="A flood"))

    async def decided() -> bool:
        """Temporal's list runs behind."""
        try:
            return await holds.decide("flooded", Verdict.DROPPED, "A mistake of theirs") == 0
        except Stopped:
            return False

    async def is_over() -> bool:
        [hold] = [each for each in await holdings(client) if each.name == brake_on("flooded")]
        return not hold.is_open

    await until(decided)
    await until(is_over)
