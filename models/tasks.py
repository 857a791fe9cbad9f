"""Workflow tasks of a run."""

from models.base import Record


class TaskQuery(Record):
    """Of the run that asks, in its current task."""

    history_length: int
