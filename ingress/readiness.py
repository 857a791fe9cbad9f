"""Whether events can be taken now, and if not, why."""

import asyncio
from datetime import timedelta

from temporalio.service import RPCError

from dispatch.dispatcher import Dispatcher
from ingress.backlog import Backlog
from operations.prepare import lacking_in

LIMIT_SECONDS = 2


class Readiness:
    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._prepared = False

    async def problem(self, dispatcher: Dispatcher | None) -> str | None:
        """What the namespace lacks is asked until it lacks nothing."""
        if dispatcher is None:
            return "unreachable"
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                if not await dispatcher.client.service_client.check_health(
                    timeout=timedelta(seconds=LIMIT_SECONDS)
                ):
                    return "unreachable"
                lacking = None if self._prepared else await lacking_in(dispatcher.client)
        except (TimeoutError, RPCError, RuntimeError):
            return "unreachable"
        self._prepared = lacking is None
        return lacking or self._backlog.problem
