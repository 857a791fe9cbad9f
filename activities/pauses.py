"""What a person has paused, as this process knows it: no step of it begins, and long ones stop.

The watch over holds says what is paused. It is kept by namespace, because workers of several may share a
process.
"""

import asyncio
import random
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from temporalio import activity

from activities.errors import application_error
from clients.errors import Paused
from models.holds import EVERYTHING, PAUSED, Holding, Scope

R = TypeVar("R")

OURS = ("runs", "holds")
"""Steps that look at Temporal alone, and are needed to end a pause."""

NEEDS = {"movements": ("chartmogul",), "warehouse": ("chartmogul",), "crm": ("chartmogul",)}
"""Systems that a step calls beside the one in its name."""

LOOK_AGAIN = timedelta(seconds=20)
"""After a resume before its time what waits goes on within so long; each look is a try of the step."""

STOP_WITHIN_SECONDS = 1.0
"""A long step that is under way notices a pause."""

_paused: dict[str, Mapping[str, Holding]] = {}


def note_paused(namespace: str, holds: Mapping[str, Holding]) -> None:
    _paused[namespace] = holds


def refuse_while_paused(system: str, arg: object) -> None:
    """Raises what tells the workflow to wait: nothing was done."""
    if hold := _hold(system, arg):
        raise _refusal(system, hold)


async def unless_paused(system: str, arg: object, work: Awaitable[R]) -> R:
    """The work of a long step; a pause ends it as a lost worker would, and another try goes on."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            if hold := _hold(system, arg):
                task.cancel()
                await asyncio.wait([task])
                raise _refusal(system, hold)
            await asyncio.wait([task], timeout=STOP_WITHIN_SECONDS)
    except asyncio.CancelledError:
        task.cancel()
    return await task


def _hold(system: str, arg: object) -> Holding | None:
    holds = _paused.get(activity.info().workflow_namespace or "")
    if not holds or system in OURS:
        return None
    names = (EVERYTHING, *(scope.hold for scope in _scopes(system, arg)))
    return next((holds[name] for name in names if name in holds), None)


def _scopes(system: str, arg: Any) -> list[Scope]:
    """`arg` may name the CRM that the step writes to."""
    systems = {system, *NEEDS.get(system, ()), str(getattr(arg, "system", system))}
    template = activity.info().workflow_type
    return [Scope(template=template), *(Scope(system=each) for each in sorted(systems))]


def _refusal(system: str, hold: Holding) -> Exception:
    until = f" until {hold.until:%d %b %H:%M} UTC" if hold.until else ""
    words = f"{PAUSED}: {Scope.of(hold.name).words}{until} ({hold.why}). It goes on by itself"
    left = hold.until - datetime.now(UTC) if hold.until else LOOK_AGAIN
    wait = min(max(left, timedelta(seconds=1)), LOOK_AGAIN) * random.uniform(0.75, 1.25)
    return application_error(Paused(system, words, wait), local=True)
