"""All MRR movements of a long time, read at several places of it at once.

A page by date can be asked for only when the one before it is there, so a single reader is bound by the
time that a page takes. Here the time is cut as it is read: whoever is done takes half of the largest rest.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

from clients.chartmogul.dates import Get, Row, Step, read_on, second_of, whole_second

WORTH_A_CUT = 3
"""Pages that a rest must hold, the one on its way included: each half ends with a page that is not full."""


@dataclass(frozen=True, slots=True)
class MovementBlock:
    """All rows with start <= date < until, as ChartMogul sent them.

    Blocks come in any order; together they cover the time that was asked for, and none overlaps another.
    """

    rows: list[Row]
    start: datetime
    until: datetime


async def read_movements(
    get: Get, start: datetime, end: datetime, page_size: int, at_once: int
) -> AsyncIterator[MovementBlock]:
    """Movements with start <= date < end, by at most so many calls at once."""
    reading: dict[asyncio.Task[Step], _Window] = {}

    def go_on(window: _Window) -> None:
        if window.start < window.end:
            step = read_on(get, window.start, window.end, page_size)
            reading[asyncio.create_task(step)] = window

    go_on(_Window(whole_second(start), whole_second(end)))
    try:
        while reading:
            done, _ = await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
            blocks = []
            for step in done:
                window = reading.pop(step)
                blocks.append(window.take(step.result()))
                go_on(window)
            while len(reading) < at_once and (half := _half_of_the_largest(reading.values(), page_size)):
                go_on(half)
            for block in blocks:
                yield block
    finally:
        for step in reading:
            step.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


@dataclass(slots=True)
class _Window:
    """What is still to read, the page on its way included."""

    start: datetime
    end: datetime
    rows_per_second: float = 0.0

    def take(self, step: Step) -> MovementBlock:
        step = step.before(self.end)  # the end may have been taken while the page was on its way
        block = MovementBlock(step.rows, self.start, step.until)
        first = second_of(step.rows[0]) if step.rows else None
        if first:
            self.rows_per_second = len(step.rows) / max((step.until - first).total_seconds(), 1.0)
        self.start = step.until
        return block

    def pages(self, page_size: int) -> float:
        return self.rows_per_second * (self.end - self.start).total_seconds() / page_size

    def give_half(self) -> "_Window | None":
        middle = whole_second(self.start + (self.end - self.start) / 2)
        if middle == self.start:
            return None
        half = _Window(middle, self.end, self.rows_per_second)
        self.end = middle
        return half


def _half_of_the_largest(windows: Iterable[_Window], page_size: int) -> _Window | None:
    largest = max(windows, key=lambda window: window.pages(page_size), default=None)
    if largest is None or largest.pages(page_size) < WORTH_A_CUT:
        return None
    return largest.give_half()
