"""One customer into one object of a CRM, and that older facts do not follow newer ones."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from weakref import WeakValueDictionary

from activities.crm.writing import RETRY_WAITS, write_planned
from clients.kit.retries import with_retries
from domains.crm.match import Ambiguous, Found, Matched, NotFound, match, value_for
from domains.crm.systems import Crm, standing
from models.crm import ObjectMapping, Way
from models.crm_facts import CustomerFacts
from models.templates.crm_sync import RecordPlan, Status

REMEMBERED = 20_000

Key = tuple[str, str, str]
"""System, object, customer."""

HowMany = Callable[[str], Awaitable[int]]
"""Customers of ChartMogul with an e-mail."""


class Order:
    """Writes of this process, customer by customer: one at a time, and as of when the last one was."""

    def __init__(self) -> None:
        self._as_of: OrderedDict[Key, datetime] = OrderedDict()
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    def turn(self, key: Key) -> asyncio.Lock:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock

    def has_later(self, key: Key, as_of: datetime) -> bool:
        known = self._as_of.get(key)
        return known is not None and known > as_of

    def note(self, key: Key, as_of: datetime) -> None:
        self._as_of[key] = max(as_of, self._as_of.pop(key, as_of))
        if len(self._as_of) > REMEMBERED:
            self._as_of.popitem(last=False)


async def sync_one(
    crm: Crm,
    name: str,
    mapping: ObjectMapping,
    facts: CustomerFacts,
    how_many: HowMany,
    *,
    write: bool = True,
    waits: Sequence[float] = RETRY_WAITS,
) -> RecordPlan:
    """Where the customer stands then; without `write`, what would be written."""
    found = await _found(crm, name, mapping, facts, how_many, waits)
    planned = standing(crm, facts, mapping, found)
    if not write or planned.status is not Status.PLANNED:
        return planned
    [done] = await write_planned(crm, name, mapping, [planned], waits)
    return done


async def _found(
    crm: Crm,
    name: str,
    mapping: ObjectMapping,
    facts: CustomerFacts,
    how_many: HowMany,
    waits: Sequence[float],
) -> Matched | Ambiguous | NotFound:
    for way in mapping.match:
        value = value_for(facts, way)
        if value is None:
            continue
        find = partial(crm.find, name, mapping, way, [value])
        found: Found = {way: await with_retries(find, waits)}
        result = match(facts, found, [way])
        if isinstance(result, Matched):
            return await _if_nobody_elses(result, way, facts, how_many)
        if isinstance(result, Ambiguous):
            return result
    return match(facts, {}, mapping.match)


async def _if_nobody_elses(
    found: Matched, way: Way, facts: CustomerFacts, how_many: HowMany
) -> Matched | Ambiguous:
    """Only the run over all customers knows them all: who else has the domain is not asked for one."""
    if found.record.key == facts.uuid or way == "key":
        return found
    if way == "domain":
        return Ambiguous("found by domain alone: the daily run decides", (found.record.id,))
    count = await how_many(facts.email or "")
    if count > 1:
        return Ambiguous(f"{count} customers have the same e-mail", (found.record.id,))
    return found
