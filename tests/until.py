"""Waiting for what comes about by itself: no test depends on how long that takes, nor on who comes first."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
"""Far beyond what a busy machine needs, below the limit of any test."""


async def until(
    holds: Callable[[], Awaitable[object]] | Callable[[], object], seconds: float = PATIENCE_SECONDS
) -> None:
    """Ask until the answer is true. Temporal's lists, and all that is done elsewhere, run behind."""

    async def answer() -> object:
        said = holds()
        return (await said) if isinstance(said, Awaitable) else said

    await until_some(answer, seconds)


async def until_some(ask: Callable[[], Awaitable[T | None]], seconds: float = PATIENCE_SECONDS) -> T:
    """The first answer that is true."""
    answer: T | None = None
    try:
        async with asyncio.timeout(seconds):
            while not (answer := await ask()):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"it did not come true within {seconds:.0f} seconds: {answer!r}") from None
    return answer
