"""Several readers at once, and what they yield as one stream. Nothing is read far ahead of who takes it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

T = TypeVar("T")


class _End:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


async def side_by_side(readers: Sequence[AsyncIterator[T]]) -> AsyncIterator[T]:
    """What they yield, as it comes. The first error ends them all."""
    queue: asyncio.Queue[T | _End] = asyncio.Queue(maxsize=max(len(readers), 1))
    tasks = [asyncio.create_task(_drain(reader, queue)) for reader in readers]
    running = len(tasks)
    try:
        while running:
            item = await queue.get()
            if not isinstance(item, _End):
                yield item
                continue
            running -= 1
            if item.error:
                raise item.error
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _drain(reader: AsyncIterator[T], queue: "asyncio.Queue[T | _End]") -> None:
    try:
        async for item in reader:
            await queue.put(item)
    except Exception as error:
        await queue.put(_End(error))
    else:
        await queue.put(_End())
