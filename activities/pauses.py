"""What a person has paused, as this process knows it: no step of it begins, and long ones stop."""

import asyncio
import random
from collections.abc import Awaitable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.errors import application_error
from clients.kit.cooldown import Cooldowns
from clients.kit.errors import Paused
from models.holds import EVERYTHING, PAUSED, Holding, Scope

R = TypeVar("R")

LOOK_AGAIN = timedelta(seconds=20)
"""Where a template is paused and not a system, its steps do not rest in their queue: each look is a try."""

STOP_WITHIN_SECONDS = 1.0
"""A long step that is under way notices a pause."""


class Pauses(Interceptor):
    """For workers. A watch over holds notes here what is open. `calls` are the systems that the steps of a
    queue call: those that are not in it look at Temporal alone, and are needed to end a pause."""

    def __init__(self, cooldowns: Cooldowns, calls: Mapping[str, tuple[str, ...]]) -> None:
        self._cooldowns, self._calls = cooldowns, calls
        self._open: Mapping[str, Holding] = {}
        self._held: set[str] = set()

    def note(self, open_now: Mapping[str, Holding]) -> None:
        """Calls that wait within a step go on waiting, and no step of a paused system leaves its queue. What
        somebody else holds stays held."""
        self._open = open_now
        for system in self._calls:
            if hold := self._first(self._scopes(system), system):
                self._held.add(system)
                self._cooldowns.of(system).hold(hold.why)
            elif system in self._held:
                self._held.discard(system)
                self._cooldowns.of(system).resume()

    def hold_on(self, system: str, arg: object = None) -> Holding | None:
        """What keeps the step that runs just now from going on. `arg` may name the CRM it writes to."""
        if not self._open:
            return None
        template = Scope(template=activity.info().workflow_type)
        return self._first([template, *self._scopes(system, getattr(arg, "system", system))], system)

    def _scopes(self, system: str, *more: object) -> list[Scope]:
        return [Scope(system=str(each)) for each in dict.fromkeys((*self._calls.get(system, ()), *more))]

    def _first(self, scopes: Iterable[Scope], system: str) -> Holding | None:
        names = (EVERYTHING, *(scope.hold for scope in scopes)) if system in self._calls else ()
        return next((self._open[name] for name in names if name in self._open), None)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Pausing(next, self)


class _Pausing(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, pauses: Pauses) -> None:
        super().__init__(next)
        self._pauses = pauses

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        definition = getattr(input.fn, "definition", None)
        if definition is None:
            return await super().execute_activity(input)
        arg = input.args[0] if input.args else None
        if hold := self._pauses.hold_on(definition.system, arg):
            raise _refusal(definition.system, hold)
        if activity.info().heartbeat_timeout is None:
            return await super().execute_activity(input)
        return await self._until_paused(definition.system, arg, super().execute_activity(input))

    async def _until_paused(self, system: str, arg: object, work: Awaitable[R]) -> R:
        """A pause ends a long step as the loss of its worker would, and another try goes on."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                if hold := self._pauses.hold_on(system, arg):
                    task.cancel()
                    await asyncio.wait([task])
                    raise _refusal(system, hold)
                await asyncio.wait([task], timeout=STOP_WITHIN_SECONDS)
        except asyncio.CancelledError:
            task.cancel()
        return await task


def _refusal(system: str, hold: Holding) -> ApplicationError:
    until = f" until {hold.until:%d %b %H:%M} UTC" if hold.until else ""
    words = f"{PAUSED}: {Scope.of(hold.name).words}{until} ({hold.why}). It goes on by itself"
    left = hold.until - datetime.now(UTC) if hold.until else LOOK_AGAIN
    wait = min(max(left, timedelta(seconds=1)), LOOK_AGAIN) * random.uniform(0.75, 1.25)
    return application_error(Paused(system, words, wait), local=activity.info().is_local)
