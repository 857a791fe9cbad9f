"""Writes to a CRM, several calls at once, and what rows came to."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from clients.kit.retries import with_retries
from domains.crm.systems import Crm, settled
from models.crm import ObjectMapping
from models.row_outcomes import RowOutcome
from models.templates.crm_sync import RecordPlan

RETRY_WAITS: tuple[float, ...] = (1, 2, 5, 10)
"""Seconds before a failed call is made again."""

NO_RETRY: tuple[float, ...] = ()
"""For live events: what fails goes the durable way."""

LOCKED = (0.5, 2.0)
"""Seconds before rows are written again that another write had locked."""

T = TypeVar("T")


async def write_planned(
    crm: Crm,
    name: str,
    mapping: ObjectMapping,
    planned: Sequence[RecordPlan],
    waits: Sequence[float] = RETRY_WAITS,
) -> list[RecordPlan]:
    """Up to a batch, all to change or all to make; what became of each, in order."""
    waiting = {each.record or each.customer: each for each in planned}
    results: dict[str, RowOutcome] = {}
    for pause in (0.0, *(LOCKED if waits else ())):
        if not waiting:
            break
        await asyncio.sleep(pause)
        outcomes = await with_retries(partial(_send, crm, name, mapping, waiting), waits)
        results |= {each.key: each for each in outcomes}
        passing = {each.key for each in outcomes if each.problem and each.problem.passes}
        waiting = {key: each for key, each in waiting.items() if key in passing}
    return [settled(each, results.get(each.record or each.customer)) for each in planned]


async def _send(
    crm: Crm, name: str, mapping: ObjectMapping, rows: Mapping[str, RecordPlan]
) -> Sequence[RowOutcome]:
    values = {key: each.values for key, each in rows.items()}
    if all(each.record for each in rows.values()):
        return await crm.update(name, values)
    assert mapping.key  # the mapping creates only what has a key
    return await crm.create(name, mapping.key, values)


async def in_parallel(items: Iterator[T], work: Callable[[T], Awaitable[None]], at_once: int) -> None:
    """So many at once. The first error ends them all; what is under way then is given up."""
    running: set[asyncio.Future[None]] = set()
    try:
        for item in items:
            running.add(asyncio.ensure_future(work(item)))
            if len(running) >= at_once:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.gather(*done)
        await asyncio.gather(*running)
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
