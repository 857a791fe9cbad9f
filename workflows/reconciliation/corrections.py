"""Corrections of a month: who proposed some, and which changes write them just now."""

from datetime import datetime, timedelta

from temporalio import workflow

from models.templates.reconciliation import Corrected

HELD_FOR = timedelta(days=1)
"""A change that was ended by a person says nothing any more."""


class Corrections:
    def __init__(self) -> None:
        self.proposers: dict[str, bool] = {}
        self.is_new = False
        """Something was written since the month was looked at."""
        self._held: dict[str, datetime] = {}

    def propose(self, who: str) -> None:
        self.proposers[who] = True

    def hold(self, change: str) -> None:
        self._held[change] = workflow.now()

    def release(self, told: Corrected) -> bool:
        """False where it was told before."""
        is_first = self._held.pop(told.change, None) is not None
        self.is_new = self.is_new or is_first
        return is_first

    @property
    def are_held(self) -> bool:
        return any(workflow.now() - at < HELD_FOR for at in self._held.values())
