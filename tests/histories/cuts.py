"""Histories as they would be, had Temporal gone on with the run in another task right behind a local step."""

from collections.abc import Iterator
from typing import Any

from temporalio.client import WorkflowHistory

Event = dict[str, Any]

MARKER, SCHEDULED = "EVENT_TYPE_MARKER_RECORDED", "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED"
COMPLETED, LOCAL_STEP = "EVENT_TYPE_WORKFLOW_TASK_COMPLETED", "core_local_activity"


def cut(history: WorkflowHistory) -> Iterator[WorkflowHistory]:
    """One for each local step behind which its task did more."""
    events: list[Event] = history.to_json_dict()["events"]
    for place in range(len(events) - 1):
        if _is_local_step(events[place]) and "workflowTaskCompletedEventId" in _attributes(events[place + 1]):
            name = f"{history.workflow_id}, cut behind {place + 1}"
            yield WorkflowHistory.from_json(name, {"events": _cut(events, place)})


def _is_local_step(event: Event) -> bool:
    return event["eventType"] == MARKER and bool(_attributes(event)["markerName"] == LOCAL_STEP)


def _attributes(event: Event) -> Event:
    return next((value for name, value in event.items() if name.endswith("EventAttributes")), {})


def _cut(events: list[Event], place: int) -> list[Event]:
    """The task that the step was in ends behind it, and one more begins there."""
    number = place + 1
    done = next(index for index in range(place, -1, -1) if events[index]["eventType"] == COMPLETED)
    another = [_renumbered(each, done - 2, number - (done - 2)) for each in events[done - 2 : done + 1]]
    return [
        *events[:number],
        *another,
        *(_renumbered(each, number, len(another)) for each in events[number:]),
    ]


def _renumbered(event: Event, behind: int, by: int) -> Event:
    """What it says of events behind that one is said of those that stand there now."""
    return {
        name: _renumbered(value, behind, by)
        if isinstance(value, dict)
        else str(int(value) + by)
        if name.lower().endswith("eventid") and int(value) > behind
        else value
        for name, value in event.items()
    }
