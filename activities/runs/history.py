"""What a run's history says that its list entry does not: what it waits for, or what was dropped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, TimeoutType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client
from temporalio.service import RPCError

from models.tasks import TaskQuery

LONGEST_READ = 200
"""Events of a run's own history."""

TAIL = 100
"""Events. What a run of a template waits for stands among its last."""

STARTED = EventType.EVENT_TYPE_TIMER_STARTED
FIRED = EventType.EVENT_TYPE_TIMER_FIRED
CANCELLED = EventType.EVENT_TYPE_TIMER_CANCELED
TASK_STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
TASK_TIMED_OUT = EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT
FAILED_TASK = (EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED, TASK_TIMED_OUT)
ASKED_TO_END = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED


@dataclass(frozen=True)
class Pause:
    """The run waits for a time; `what` is the timer's own summary, such as a check-back."""

    what: str
    until: datetime


async def tail(client: Client, workflow_id: str, run_id: str, size: int = TAIL) -> Sequence[HistoryEvent]:
    """The run's last events, newest first. Raises RPCError."""
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        maximum_page_size=size,
    )
    answer = await client.workflow_service.get_workflow_execution_history_reverse(request)
    return answer.history.events


async def lost_nothing(task: TaskQuery) -> bool:
    """Whether all that the run of this activity wrote stands in its history: then what is not there was not
    tried. What Temporal cannot tell now may have been lost."""
    if task.is_undisturbed or task.history_length > LONGEST_READ:
        return task.is_undisturbed
    info = activity.info()
    try:
        events = await tail(
            activity.client(), info.workflow_id or "", info.workflow_run_id or "", LONGEST_READ
        )
    except RPCError:
        return False
    return has_lost_nothing(events, task.history_length)


def has_lost_nothing(events: Sequence[HistoryEvent], length: int) -> bool:
    """Whether no worker has lost a task of the run, with what it had written there. `events`: newest first;
    `length`: of the history as the current task sees it. False where they do not reach back to its start.

    One lost task counts for as long as the run lives: the next try may have gone another way, and come to
    the same write in a later task.
    """
    is_whole = bool(events) and events[0].event_id == length and events[-1].event_id == 1
    return is_whole and events[0].event_type == TASK_STARTED and not any(map(_is_lost, events))


def _is_lost(event: HistoryEvent) -> bool:
    """A task that no worker took in time, as where one is stopped, has done nothing."""
    if event.event_type == TASK_TIMED_OUT:
        kind = event.workflow_task_timed_out_event_attributes.timeout_type
        return kind != TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START
    return event.event_type in FAILED_TASK


async def pauses(client: Client, events: Sequence[HistoryEvent]) -> list[Pause]:
    """Those the run is in; of one that was asked to end, those it was in then. Soonest first."""
    asked = max((each.event_id for each in events if each.event_type == ASKED_TO_END), default=None)
    over = set(_over(events, asked))
    found = [
        await _pause(client, event)
        for event in events
        if event.event_type == STARTED and event.timer_started_event_attributes.timer_id not in over
    ]
    return sorted(found, key=lambda pause: pause.until)


def _over(events: Iterable[HistoryEvent], asked: int | None) -> Iterable[str]:
    for event in events:
        if event.event_type == FIRED:
            yield event.timer_fired_event_attributes.timer_id
        elif event.event_type == CANCELLED and (asked is None or event.event_id < asked):
            yield event.timer_canceled_event_attributes.timer_id


async def _pause(client: Client, event: HistoryEvent) -> Pause:
    said = (
        await client.data_converter.decode([event.user_metadata.summary], [str])
        if event.user_metadata.HasField("summary")
        else [""]
    )
    length = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
    return Pause(str(said[0]) or "Wait", event.event_time.ToDatetime(UTC) + length)
