"""Whether events can be taken now, and if not, why."""

import asyncio
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

import temporal
from dispatch.dispatcher import Dispatcher
from ingress.backlog import Backlog
from namespace import HIDDEN, namespace_gaps

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
                lacking = None if self._prepared else await _lacking(dispatcher.client)
        except (TimeoutError, RPCError, RuntimeError):
            return "unreachable"
        self._prepared = lacking is None
        return lacking or self._backlog.problem


async def _lacking(client: Client) -> str | None:
    try:
        gaps = await namespace_gaps(client)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return f"there is no namespace {client.namespace}"
        if error.status in HIDDEN:
            return None
        raise
    lacking = []
    if gaps.search_attributes:
        lacking.append(f"search attributes {', '.join(gaps.search_attributes)}")
    if gaps.retention is not None:
        lacking.append(f"{temporal.RETENTION.days} days of retention")
    if not lacking:
        return None
    return f"namespace {client.namespace} lacks {' and '.join(lacking)}: run `mogulflow prepare`"
