"""Workflow tasks of a run."""

from models.base import Record

UNDISTURBED = 3
"""Events in the history of a run that is in its first workflow task for the first time: nothing it
writes can have been tried before. After a killed worker, a reset, or any later task there are more."""


class TaskQuery(Record):
    """Of the run that asks, in its current task."""

    history_length: int

    @property
    def is_undisturbed(self) -> bool:
        return self.history_length == UNDISTURBED
