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
from benchmarks.crm import MAPPING, prepare_hubspot
from benchmarks.ground import ROUTES_FILE, Ground, Json
from benchmarks.results import Result, at_most
from benchmarks.rivals import rival
from configuration.files import load_routes
from dispatch.dispatcher import Dispatcher
from models.chartmogul import MovementWebhook
from models.events import MovementType, movement_from_webhook
from models.routes import Filter, Route, Routes
from models.templates.customer_sync import CustomerSyncOptions
from models.templates.template import Installation
from schedules import Declaration, declarations
from settings import Settings

CHECK_BACK_DAYS = 7
SCHEDULED = ["start by a schedule"] * 3
"""Temporal Cloud counts a start by a schedule so."""

EVERY_SYSTEM = CustomerSyncOptions(systems=["hubspot", "salesforce"])
PATIENCE_SECONDS = 30
GOAL = 3
OURS = "`churn_save`, no check-back"
NOTE = (
    "Of the happy path, with few customers; a regular activity's retry is one more. Heartbeats, which the"
    " history does not have, come on top: of a step that takes minutes each that reaches the server."
)

SINGLE = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "start",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signal",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "search attributes",
}


LOCAL_ACTIVITY, PATCHES = "core_local_activity", "TemporalChangeVersion"


def actions(history: list[HistoryEvent]) -> list[str]:
    """One per start, timer, signal, upsert and try of a regular activity; one for all local activities of a
    task. What a patch writes costs none, and heartbeats are no part of a history:
    https://docs.temporal.io/cloud/actions"""
    single = [
        SINGLE[each.event_type] for each in history if each.event_type in SINGLE and not _is_patch(each)
    ]
    tasks = {
        each.marker_recorded_event_attributes.workflow_task_completed_event_id
        for each in history
        if each.marker_recorded_event_attributes.marker_name == LOCAL_ACTIVITY
    }
    tries = sum(
        each.activity_task_started_event_attributes.attempt
        for each in history
        if each.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    )
    return [*single, *["local activities"] * len(tasks), *["regular activity"] * tries]


def _is_patch(event: HistoryEvent) -> bool:
    upserted = event.upsert_workflow_search_attributes_event_attributes.search_attributes
    return list(upserted.indexed_fields) == [PATCHES]


async def count_actions(ground: Ground) -> Result:
    found, idle = await _of_events(ground), 0.0
    for each in _declared(ground):
        counted = [*SCHEDULED, *await _scheduled(ground, each)]
        found[f"a run of `{each.id}`{_how_often(each)}"] = counted
        idle += len(counted) * _per_hour(each)
    goals = {OURS: at_most(GOAL, len(found[OURS]))}
    rows = [[name, str(len(each)), goals.get(name, ""), _told(each)] for name, each in found.items()]
    rows.append(["an idle hour of one account", f"{idle:.0f}", "", "no event, and nothing of what is daily"])
    return Result("actions", ["", "actions", "goal", "which"], rows, NOTE)


async def _of_events(ground: Ground) -> dict[str, list[str]]:
    """Actions by what acts on one event."""
    first, second, third, fourth = ground.cancellations(4)
    async with rival(ground, local=False) as start:
        textbook = await start(first)
        await textbook.result()
    closed = await _closed(ground, second)
    waiting = await _started(ground, third, _patient())
    await _until_it_waits(waiting)
    await prepare_hubspot(ground)
    synced = await _started(ground, fourth, _syncing())
    _without_trouble(await synced.result())
    runs = {
        "textbook, the same calls": textbook,
        OURS: closed,
        "`churn_save`, waiting to check back": waiting,
        "`customer_sync`, to HubSpot and Salesforce": synced,
    }
    found = {name: actions(await _history(handle)) for name, handle in runs.items()}
    await waiting.terminate("counted")
    return found


def _declared(ground: Ground) -> list[Declaration]:
    """What runs when nothing happens, by the settings that the stack has."""
    with patch.dict(os.environ, ground.stack.environment):
        return declarations(Settings())


async def _scheduled(ground: Ground, what: Declaration) -> list[str]:
    """A run as the schedule starts it, less the schedule's own actions."""
    handle = await ground.client.start_workflow(
        what.workflow,
        what.input,
        id=f"{what.id}/counted",
        task_queue=temporal.WORKFLOWS,
        search_attributes=temporal.labels(what.what, what.account),
    )
    _without_trouble(await handle.result())
    return actions(await _history(handle))[1:]


def _without_trouble(result: Json) -> None:
    if result.get("problems"):
        raise RuntimeError(f"a run that is counted has problems: {result['problems'][:1]}")


def _how_often(what: Declaration) -> str:
    return "" if what.spec.intervals else ", daily"


def _per_hour(what: Declaration) -> float:
    return sum(timedelta(hours=1) / each.every for each in what.spec.intervals)


async def _closed(ground: Ground, body: Json) -> WorkflowHandle[Any, Any]:
    _, answer = await ground.deliver(body)
    handle = ground.client.get_workflow_handle(answer["runs"][0]["workflow_id"])
    await handle.result()
    return handle


async def _started(ground: Ground, body: Json, routes: Routes) -> WorkflowHandle[Any, Any]:
    """Through the same dispatcher by another route."""
    dispatcher = Dispatcher(ground.client, routes, "", Installation(crm=MAPPING))
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    (run,) = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    return ground.client.get_workflow_handle(run.workflow_id)


async def _until_it_waits(handle: WorkflowHandle[Any, Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "timer" not in actions(await _history(handle)):
        if time.monotonic() > deadline:
            raise TimeoutError("the run does not come to its check-back")
        await asyncio.sleep(0.1)


def _patient() -> Routes:
    (route,) = load_routes(ROUTES_FILE).routes
    options = route.options.model_copy(update={"check_back_days": [CHECK_BACK_DAYS]})
    return Routes(routes=[route.model_copy(update={"options": options})])


def _syncing() -> Routes:
    when = Filter(movements=[MovementType.CHURN])
    return Routes(routes=[Route(name="sync", template="customer_sync", when=when, options=EVERY_SYSTEM)])


async def _history(handle: WorkflowHandle[Any, Any]) -> list[HistoryEvent]:
    return [event async for event in handle.fetch_history_events()]


def _told(found: list[str]) -> str:
    counts = Counter(found)
    return ", ".join(f"{name} {number}" if number > 1 else name for name, number in counts.items())
