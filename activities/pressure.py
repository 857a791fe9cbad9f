"""Steps of a system that is closed: no local try, and the durable one waits within for a while.

What waits longer rests in the system's task queue, where it costs nothing (`activities/resting.py`).
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.errors import application_error
from clients.kit.cooldown import Cooldown, Cooldowns, patient_for
from clients.kit.errors import RateLimited
from models.effects import Write

LOCAL_PATIENCE = 1.0
"""Seconds that a local try waits for a system; longer, and the durable way is the better place."""

DURABLE_PATIENCE = timedelta(minutes=1)
"""At most, and half of the time that the step may take."""

AGAIN_SECONDS = (1.0, 3.0)
"""After which a step of a closed system is in its queue again: there it waits, not in a back-off that
would outlast the system's return."""


class Pressure(Interceptor):
    def __init__(self, cooldowns: Cooldowns) -> None:
        self._cooldowns = cooldowns

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Patient(next, self._cooldowns)


class _Patient(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, cooldowns: Cooldowns) -> None:
        super().__init__(next)
        self._cooldowns = cooldowns

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        definition = getattr(input.fn, "definition", None)
        if definition is None:
            return await super().execute_activity(input)
        cooldown = self._cooldowns.of(definition.system)
        if activity.info().is_local:
            return await self._locally(input, cooldown)
        return await self._durably(input, cooldown)

    async def _locally(self, input: ExecuteActivityInput, cooldown: Cooldown) -> Any:
        try:
            cooldown.refuse_while_closed()
        except RateLimited as error:
            raise application_error(error, local=True) from None
        left = _seconds_left(input.args[0] if input.args else None)
        with patient_for(LOCAL_PATIENCE, latest_in=left):
            return await self.next.execute_activity(input)

    async def _durably(self, input: ExecuteActivityInput, cooldown: Cooldown) -> Any:
        limit = activity.info().start_to_close_timeout or DURABLE_PATIENCE
        try:
            with patient_for(min(limit / 2, DURABLE_PATIENCE).total_seconds()):
                return await self.next.execute_activity(input)
        except ApplicationError as error:
            if error.non_retryable or error.next_retry_delay or not cooldown.closed:
                raise
            raise _soon(error) from None


def _seconds_left(arg: object) -> float:
    """Until a local write may not begin any more."""
    if isinstance(arg, Write) and arg.local_until:
        return (arg.local_until - datetime.now(UTC)).total_seconds()
    return float("inf")


def _soon(error: ApplicationError) -> ApplicationError:
    return ApplicationError(
        error.message,
        *error.details,
        type=error.type,
        category=error.category,
        next_retry_delay=timedelta(seconds=random.uniform(*AGAIN_SECONDS)),
    )
