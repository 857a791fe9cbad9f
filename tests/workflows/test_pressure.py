"""Vendors that refuse calls or are away: every run gets to its end, every effect is there once."""

import asyncio
import functools
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

import temporal
import worker
from clients.kit.cooldown import Cooldowns
from models.attention import WatchInput
from models.runs import Outcome, RunResult
from settings import Settings
from simulators.kit.control import Control
from simulators.kit.shapes import System
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until
from tests.workflows.conftest import Start, starter

RUNS = 16
"""Eight times as many as a limit allows at once."""
NAMED = ("salesforce", "slack")

Run = WorkflowHandle[Any, RunResult]
Begin = Callable[[], Any]


@pytest.fixture
async def begun(simulators: Control, start: Start) -> Begin:
    async def begin() -> list[Run]:
        return await asyncio.gather(*map(start, simulators.cancel_many(RUNS, case="account", send=False)))

    return begin


def effects(simulators: Control) -> tuple[int, int, int]:
    """Tasks, messages, and different keys of messages."""
    messages = simulators.messages()
    keys = {each["metadata"]["event_payload"]["key"] for each in messages}
    return len(simulators.records("Task")), len(messages), len(keys)


async def ended(runs: list[Run]) -> Counter[Outcome]:
    return Counter(result.outcome for result in await asyncio.gather(*(run.result() for run in runs)))


async def waiting_for(runs: list[Run], system: str) -> None:
    """All of them say so."""

    async def waits(run: Run) -> bool:
        return system in (await run.describe()).search_attributes.get("WaitsFor", [])

    for run in runs:
        await until(functools.partial(waits, run))


@pytest.mark.parametrize("system", NAMED)
async def test_scattered_refusals_that_name_no_wait_double_nothing(
    simulators: Control, begun: Begin, system: System
) -> None:
    fault = simulators.fault(system, "status", status=429, probability=0.1, times=None)
    sure = simulators.fault(system, "status", status=429, skip=RUNS // 2)  # chance may spare all calls
    assert await ended(await begun()) == {Outcome.ACTED: RUNS}
    assert effects(simulators) == (RUNS, RUNS, RUNS)
    assert sum(rule.hits for rule in simulators.faults() if rule.id in (fault.id, sure.id))


@pytest.mark.parametrize("system", NAMED)
async def test_a_limit_on_calls_at_once_is_lived_with(
    simulators: Control, begun: Begin, system: System
) -> None:
    simulators.fault(system, "status", at_once=2, times=None)
    assert await ended(await begun()) == {Outcome.ACTED: RUNS}
    assert effects(simulators) == (RUNS, RUNS, RUNS)


async def test_a_wait_that_slack_names_is_honoured_by_all_runs(
    simulators: Control, begun: Begin, cooldowns: Cooldowns
) -> None:
    simulators.fault("slack", "status", path="chat.postMessage", status=429, retry_after=1, skip=3)
    assert await ended(await begun()) == {Outcome.ACTED: RUNS}
    assert effects(simulators) == (RUNS, RUNS, RUNS)
    assert [call.status for call in simulators.calls("slack")].count(429) == 1
    assert cooldowns.of("slack").closed is None


async def test_what_waits_for_a_system_that_is_away_goes_on_when_it_is_back(
    simulators: Control, begun: Begin, cooldowns: Cooldowns
) -> None:
    fault = simulators.fault("slack", "status", status=503, times=None)
    runs = await begun()
    await waiting_for(runs, "slack")
    closed = cooldowns.of("slack").closed
    assert closed is not None
    assert closed.why.startswith("Slack does not answer, or with errors only")
    simulators.remove_fault(fault.id)
    assert await ended(runs) == {Outcome.ACTED: RUNS}
    assert effects(simulators) == (RUNS, RUNS, RUNS)


async def test_a_held_system_gets_no_call_and_what_waits_goes_on_after_it(
    client: Client, simulators: Control, settings: Settings
) -> None:
    """What waits is in the system's queue: it was not tried, and has cost nothing."""
    own = await in_a_namespace_of_its_own(client)
    cooldowns = worker.cooldowns_for(settings)
    cooldowns.of("slack").hold("maintenance until noon")  # before a poll of its worker is open
    async with worker.running(own, settings, cooldowns):
        bodies = simulators.cancel_many(RUNS, case="account", send=False)
        runs = await asyncio.gather(*map(starter(own), bodies))
        await waiting_for(runs, "slack")
        for run in runs:
            await until(functools.partial(is_untried, run))
        assert simulators.calls("slack") == []
        cooldowns.of("slack").resume()
        assert await ended(runs) == {Outcome.ACTED: RUNS}
    assert effects(simulators) == (RUNS, RUNS, RUNS)


async def is_untried(run: Run) -> bool:
    """Its steps wait to be taken for the first time."""
    waiting = [PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED, 1]
    pending = (await run.describe()).raw_description.pending_activities
    return bool(pending) and all([each.state, each.attempt] == waiting for each in pending)


async def test_a_step_of_a_held_system_gives_up_at_its_time_and_says_so(
    client: Client, simulators: Control, settings: Settings
) -> None:
    """It waits in a queue that nobody takes from: still its time runs. A worker ends meanwhile, too."""
    own = await in_a_namespace_of_its_own(client)
    cooldowns = worker.cooldowns_for(settings)
    cooldowns.of("runs").hold("maintenance")
    given = WatchInput(
        ops_channel="#revops", web_ui_url="http://127.0.0.1:8233", patience=timedelta(seconds=1)
    )
    async with worker.running(own, settings, cooldowns):
        with pytest.raises(WorkflowFailureError) as failed:
            await own.execute_workflow("ops_watch", given, id="watch", task_queue=temporal.WORKFLOWS)
    assert "No answer in time: runs gave none, or took no call" in str(failed.value.cause)
