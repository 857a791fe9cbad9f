"""Undoing, as a run has it done."""

from typing import Any, cast

from temporalio.testing import ActivityEnvironment

from models.effects import Effect, Mode
from models.undo import Undoing, Undone

UNDO_KEY = "change/0123456789abcdef0123456789abcdef:1"


async def run(step: Any, arg: object) -> Any:
    return await ActivityEnvironment().run(cast(Any, step), arg)


async def undo_once(owner: Any, effect: Effect, **more: Any) -> Undone:
    """`owner` has the step."""
    return cast(Undone, await run(owner.undo, Undoing(key=UNDO_KEY, effect=effect, **more)))


async def preview(owner: Any, effect: Effect, **more: Any) -> Undone:
    return await undo_once(owner, effect, mode=Mode.PREVIEW, **more)


async def undo(owner: Any, effect: Effect, **more: Any) -> Undone:
    """What the preview says is what then is done."""
    planned, done = await preview(owner, effect, **more), await undo_once(owner, effect, **more)
    assert (planned.state, planned.left) == (done.state, done.left)
    assert (planned.effect.before, planned.effect.after) == (done.effect.before, done.effect.after)
    return done
