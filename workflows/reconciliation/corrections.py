"""Corrections of a month: who proposed some, and which changes write them just now."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from temporalio import workflow

from models.changes import Correction, plain_name
from models.templates.reconciliation import Corrected, HoldMonth

HELD_FOR = timedelta(days=1)
"""A change that was ended by a person says nothing any more."""


class Corrections:
    def __init__(self) -> None:
        self.proposers: dict[str, bool] = {}
        self.is_new = False
        """Something was written since the month was looked at."""
        self._held: dict[str, datetime] = {}
        self._offered: dict[str, bool] = {}

    def propose(self, who: str) -> None:
        self.proposers[who] = True

    def offer(self, found: Iterable[Correction]) -> None:
        """What the month's own records call for, and somebody has proposed."""
        self._offered.update((each.digest, True) for each in found)

    def has_offered(self, wish: HoldMonth) -> bool:
        return all(each in self._offered for each in wish.corrections)

    def are_agreed(self, wish: HoldMonth) -> bool:
        """By somebody else than who proposed any. An undo has a policy of its own."""
        proposers = {plain_name(each) for each in self.proposers}
        return not wish.corrections or any(plain_name(each) not in proposers for each in wish.agreed)

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
