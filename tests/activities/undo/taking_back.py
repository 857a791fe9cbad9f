"""What a run has done is taken back, by the steps as a worker runs them."""

from typing import Any, cast

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from models.effects import Action, Effect, Mode
from models.undo import Undoing, Undone, UndoState
from simulators.kit.control import Control
from simulators.kit.shapes import System
from tests.workflows.books import SHOWN

WRITES = (Action.CREATED, Action.UPDATED)


class Steps:
    """Of one system, whose name its simulator has."""

    def __init__(self, simulators: Control, owner: object, system: System) -> None:
        self._simulators, self._owner, self.system = simulators, owner, system

    async def run(self, step: str, arg: Any) -> Any:
        return await ActivityEnvironment().run(cast(Any, getattr(self._owner, step)), arg)

    async def undo(self, effect: Effect, **more: Any) -> Undone:
        """The effect as it comes out of a run's history."""
        kept = Effect.model_validate_json(effect.model_dump_json())
        return cast(Undone, await self.run("undo", Undoing(key="undo:1", effect=kept, **more)))

    async def preview(self, effect: Effect, **more: Any) -> Undone:
        """It writes nothing."""
        before = self.books()
        said = await self.undo(effect, mode=Mode.PREVIEW, **more)
        assert self.books() == before
        assert said.effect.action not in WRITES
        return said

    async def seen_and_done(self, effect: Effect, state: UndoState = UndoState.UNDONE, **more: Any) -> Undone:
        """What is done is what the preview said; what is not done leaves all as it is."""
        said = await self.preview(effect, **more)
        before = self.books()
        done = await self.undo(effect, **more)
        assert (said.state, done.state) == (state, state)
        assert (said.effect.before, said.effect.after) == (done.effect.before, done.effect.after)
        assert (said.left, said.note) == (done.left, done.note)
        if state is not UndoState.UNDONE:
            assert self.books() == before
            assert (done.effect.action, bool(done.note)) == (Action.SKIPPED, True)
        return done

    async def done_then_dropped(self, effect: Effect, **fault: Any) -> Undone:
        """No answer comes to what was done; the next try finds it done, and so do others."""
        self._simulators.fault(self.system, "drop_after", **fault)
        with pytest.raises(ApplicationError) as caught:
            await self.undo(effect)
        assert caught.value.type == "OutcomeUnknown"
        there = self.books()
        done = await self.undo(effect, repeat=True)
        assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)
        assert self.books() == there
        return done

    def books(self) -> list[Any]:
        """All that was written to the system."""
        return [self._simulators.ask("GET", f"{self.system}/{path}") for path in SHOWN[self.system]]
