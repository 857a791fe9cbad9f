"""What a person is told is true at that moment: what was held up is read again before it is said."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from temporalio import workflow

from models.effects import Effect
from temporal import GIVE_UP_AFTER
from workflows.engine.steps import OUTDATED, StepFailed

F = TypeVar("F")

SHORTEST = timedelta(seconds=1)
"""With less no write could follow its reading."""


@dataclass
class Truth(Generic[F]):
    """Facts, how to read them again, and whether there is still something to say of them."""

    facts: F
    read: Callable[[], Awaitable[F | None]]
    holds: Callable[[F], bool]
    good_for: timedelta

    read_at: datetime = field(default_factory=workflow.now)
    ended: bool = False
    """Whether they held no more when they were read last: then nothing is said."""

    async def say(self, write: Callable[[F, datetime], Awaitable[Effect]]) -> Effect | None:
        """`write` is given the facts, and until when they may be said. None where they hold no more. Raises
        StepFailed."""
        began, lasts = workflow.now(), max(self.good_for, SHORTEST)
        while not self.ended:
            tried_at = workflow.now()
            try:
                return await write(self.facts, self.read_at + lasts)
            except StepFailed as failure:
                if failure.kind != OUTDATED or tried_at - began > GIVE_UP_AFTER:
                    raise
            lasts *= 2
            await self.again()
        return None

    async def fresh(self) -> bool:
        """Whether it holds, read again where that was too long ago. Raises StepFailed."""
        if workflow.now() - self.read_at <= max(self.good_for, SHORTEST):
            return self.holds(self.facts)
        return await self.again()

    async def again(self) -> bool:
        """Read again; False where nothing holds any more. Raises StepFailed."""
        found = await self.read()
        self.read_at = workflow.now()
        self.facts = self.facts if found is None else found
        self.ended = found is None or not self.holds(found)
        return not self.ended
