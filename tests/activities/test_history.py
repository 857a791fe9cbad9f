"""Whether a run's history says that no task of it was lost: then all that it wrote stands there."""

from collections.abc import Sequence

import pytest
from temporalio.api.enums.v1 import EventType, TimeoutType
from temporalio.api.history.v1 import HistoryEvent, WorkflowTaskTimedOutEventAttributes

from activities.runs.history import has_lost_nothing

BEGAN = "WORKFLOW_EXECUTION_STARTED"
SCHEDULED, STARTED = "WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED"
COMPLETED, FAILED, TIMED_OUT = "WORKFLOW_TASK_COMPLETED", "WORKFLOW_TASK_FAILED", "WORKFLOW_TASK_TIMED_OUT"
MARKER, TIMER, FIRED, SIGNAL = (
    "MARKER_RECORDED",
    "TIMER_STARTED",
    "TIMER_FIRED",
    "WORKFLOW_EXECUTION_SIGNALED",
)

FIRST_TASK = [BEGAN, SCHEDULED, STARTED]
TASK = [SCHEDULED, STARTED]
LATER_TASK = [*FIRST_TASK, COMPLETED, MARKER, TIMER, FIRED, *TASK]


def history(names: Sequence[str], timeout: TimeoutType.ValueType | None = None) -> list[HistoryEvent]:
    """Newest first."""
    events = []
    for number, name in enumerate(names, start=1):
        event = HistoryEvent(event_id=number, event_type=EventType.Value(f"EVENT_TYPE_{name}"))
        if name == TIMED_OUT and timeout is not None:
            attributes = WorkflowTaskTimedOutEventAttributes(timeout_type=timeout)
            event.workflow_task_timed_out_event_attributes.CopyFrom(attributes)
        events.append(event)
    return events[::-1]


@pytest.mark.parametrize(
    "names",
    [
        FIRST_TASK,
        LATER_TASK,
        [BEGAN, SIGNAL, *TASK],
        [*FIRST_TASK, COMPLETED, MARKER, *TASK],  # one that outlasted its limit, and went on
    ],
)
def test_without_a_lost_task_nothing_was_lost(names: list[str]) -> None:
    assert has_lost_nothing(history(names), len(names))


@pytest.mark.parametrize(
    "names",
    [
        [*FIRST_TASK, FAILED, *TASK],
        [*FIRST_TASK, TIMED_OUT, *TASK],
        [*LATER_TASK, TIMED_OUT, *TASK],
        [*FIRST_TASK, TIMED_OUT, *TASK, COMPLETED, TIMER, FIRED, *TASK],  # long ago
        [*FIRST_TASK, COMPLETED, TIMER, *TASK, FAILED, *TASK],  # as a reset leaves it
    ],
)
def test_a_lost_task_counts_for_as_long_as_the_run_lives(names: list[str]) -> None:
    timeout = TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE
    assert not has_lost_nothing(history(names, timeout), len(names))
    assert not has_lost_nothing(history(names), len(names))  # of which the server does not say which it was


def test_a_task_that_no_worker_took_was_not_lost() -> None:
    names = [*FIRST_TASK, COMPLETED, TIMER, FIRED, SCHEDULED, TIMED_OUT, *TASK]
    assert has_lost_nothing(history(names, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START), len(names))


def test_a_history_that_is_not_the_tasks_own_tells_nothing() -> None:
    whole = history(LATER_TASK)
    length = len(LATER_TASK)
    assert not has_lost_nothing([], length)
    assert not has_lost_nothing(whole[:-1], length)  # without its beginning
    assert not has_lost_nothing(whole, length - 2)  # the task was completed meanwhile, and goes on in another
    assert not has_lost_nothing(whole, length + 2)  # a second try, of which the history has no events
    assert not has_lost_nothing(history([*LATER_TASK, COMPLETED]), length + 1)  # and this one's is over
