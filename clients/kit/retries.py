"""Calls that are made again where they fail for now. A loop of our own: no library for it is among the locked
packages, and none of them knows a wait that a vendor names."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from clients.kit.errors import Retryable

SPREAD = 1.2
"""A wait is made longer by up to this factor, lest calls that failed together come again together."""

T = TypeVar("T")


async def with_retries(work: Callable[[], Awaitable[T]], waits: Sequence[float]) -> T:
    """Again after each of `waits`, in seconds, or the longer one that the vendor names. One that is longer
    than all of them is Temporal's to wait: then, and after the last try, the Retryable is raised. `work` may
    be repeated without harm."""
    for wait in waits:
        try:
            return await work()
        except Retryable as error:
            named = error.retry_after.total_seconds() if error.retry_after else 0.0
            if named > max(waits):
                raise
            await asyncio.sleep(max(wait, named) * random.uniform(1, SPREAD))
    return await work()
