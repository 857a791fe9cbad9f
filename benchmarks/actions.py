"""What a run costs where Temporal is paid by the action, counted from its history."""

import asyncio
import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle

import temporal
from benchmarks.ground import ROUTES_FILE, Ground, Json
from benchmarks.results import Result, at_most
from benchmarks.rivals import rival
from ingress.dispatch import Door
from ingress.routes import load_routes
from models.chartmogul import MovementWebhook
from models.events import movement_from_webhook
from models.routes import Routes
from schedules import Declaration, declarations
from settings import Settings

CHECK_BACK_DAYS = 7
FREQUENT = ("movement_poll", "ops_watch")
"""What runs by the hour; an export, a report and a sync a day are far less."""

SCHEDULED = ["start by a schedule"] * 3
"""Temporal Cloud counts a start by a schedule so."""

PATIENCE_SECONDS = 30
GOAL = 3
OURS = "`churn_save`, no check-back"

SINGLE = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "start",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "search attributes",
}


def actions(history: list[HistoryEvent]) -> list[str]:
    """One per start, timer, upsert and try of a regular activity; one for all local activities of a task."""
    single = [SINGLE[each.event_type] for each in history if each.event_type in SINGLE]
    tasks = {
        each.marker_recorded_event_attributes.workflow_task_completed_event_id
        for each in history
        if each.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
    }
    tries = sum(
        each.activity_task_started_event_attributes.attempt
        for each in history
        if each.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    )
    return [*single, *["local activities"] * len(tasks), *["regular activity"] * tries]


async def count_actions(ground: Ground) -> Result:
    first, second, third = ground.cancellations(3)
    async with rival(ground, local=False) as start:
        textbook = await start(first)
        await textbook.result()
    waiting = await _waiting(ground, third)
    runs = {
        "textbook, the same calls": textbook,
        OURS: await _closed(ground, second),
        "`churn_save`, waiting to check back": waiting,
    }
    found = {name: actions(await _history(handle)) for name, handle in runs.items()}
    await waiting.terminate("counted")
    idle = 0.0
    for each in _declared(ground):
        counted = [*SCHEDULED, *await _scheduled(ground, each)]
        found[f"a run of `{each.id}`"] = counted
        idle += len(counted) * _per_hour(each)
    note = "Of the happy path; a regular activity's retry is one more."
    goals = {OURS: at_most(GOAL, len(found[OURS]))}
    rows = [[name, str(len(each)), goals.get(name, ""), _told(each)] for name, each in found.items()]
    rows.append(["an idle hour of one account", f"{idle:.0f}", "", "all schedules of it, and no event"])
    return Result("actions", ["", "actions", "goal", "which"], rows, note)


def _declared(ground: Ground) -> list[Declaration]:
    """What runs when nothing happens, by the settings that the stack has."""
    with patch.dict(os.environ, ground.stack.environment):
        return [each for each in declarations(Settings()) if each.workflow in FREQUENT]


async def _scheduled(ground: Ground, what: Declaration) -> list[str]:
    """A run as the schedule starts it, less the schedule's own actions."""
    handle = await ground.client.start_workflow(
        what.workflow,
        what.input,
        id=f"{what.id}/counted",
        task_queue=temporal.WORKFLOWS,
        search_attributes=temporal.labels(what.what, what.account),
    )
    await handle.result()
    return actions(await _history(handle))[1:]


def _per_hour(what: Declaration) -> float:
    return sum(timedelta(hours=1) / each.every for each in what.spec.intervals)


async def _closed(ground: Ground, body: Json) -> WorkflowHandle[Any, Any]:
    _, answer = await ground.deliver(body)
    handle = ground.client.get_workflow_handle(answer["runs"][0]["workflow_id"])
    await handle.result()
    return handle


async def _waiting(ground: Ground, body: Json) -> WorkflowHandle[Any, Any]:
    """Through the same door by another route."""
    door = Door(ground.client, _patient(), "")
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    (run,) = await door.dispatch(event, received_at=datetime.now(UTC))
    handle = ground.client.get_workflow_handle(run.workflow_id)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "timer" not in actions(await _history(handle)):
        if time.monotonic() > deadline:
            raise TimeoutError("the run does not come to its check-back")
        await asyncio.sleep(0.1)
    return handle


def _patient() -> Routes:
    (route,) = load_routes(ROUTES_FILE).routes
    options = route.options.model_copy(update={"check_back_days": [CHECK_BACK_DAYS]})
    return Routes(routes=[route.model_copy(update={"options": options})])


async def _history(handle: WorkflowHandle[Any, Any]) -> list[HistoryEvent]:
    return [event async for event in handle.fetch_history_events()]


def _told(found: list[str]) -> str:
    counts = Counter(found)
    return ", ".join(f"{name} {number}" if number > 1 else name for name, number in counts.items())
