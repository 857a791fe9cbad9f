"""Heartbeats of long work: that it lives, and how far it has come."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from temporalio import activity

HEARTBEAT_SECONDS = 5
"""A third of the time after which a step counts as dead. The SDK sends on only what is due."""


@asynccontextmanager
async def heartbeats(progress: Callable[[], Any]) -> AsyncIterator[None]:
    """Beats for as long as the block lasts; `progress` gives what a person and the next attempt see."""

    async def go_on() -> None:
        while True:
            activity.heartbeat(progress())
            await asyncio.sleep(HEARTBEAT_SECONDS)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
