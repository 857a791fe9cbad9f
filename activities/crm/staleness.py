"""Whether facts that were read a while ago still hold, when it comes to writing them."""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from activities.crm.one import HowMany, Order, sync_one
from activities.crm.reading import Reading
from clients.kit.errors import NotFound, Rejected
from domains.crm.systems import Crm
from models.crm import ObjectMapping
from models.templates.crm_sync import RecordPlan, Status

ASK_EVERY_SECONDS = 10.0

BEHIND = timedelta(minutes=2)
"""So late may a movement come into ChartMogul's list and still be seen."""

UNREADABLE = "the customer has moved meanwhile and cannot be read anew"
GONE = "the customer was deleted or merged meanwhile"


class Freshness:
    """Of a run's facts: who has moved since, by ChartMogul's list, or was written since, by a live event."""

    def __init__(self, reading: Reading, order: Order, how_many: HowMany, as_of: datetime) -> None:
        self._reading, self._order, self._how_many = reading, order, how_many
        self._as_of = as_of
        self._known_until = as_of
        self._moved: set[str] = set()
        self._asked = float("-inf")
        self._asking = asyncio.Lock()

    async def stale(self, crm: Crm, name: str, customers: Iterable[str]) -> set[str]:
        await self._ask()
        return {
            each
            for each in customers
            if each in self._moved or self._order.has_later((crm.system, name, each), self._as_of)
        }

    async def moved(self) -> set[str]:
        """By ChartMogul's list as it is now."""
        await self._ask(every_seconds=0)
        return set(self._moved)

    async def again(self, crm: Crm, name: str, mapping: ObjectMapping, customer: str) -> RecordPlan:
        """Read the one customer anew, and write what differs then."""
        key = (crm.system, name, customer)
        async with self._order.turn(key):
            read_at = datetime.now(UTC)
            try:
                facts, _ = await self._reading.one(customer, live=False)
            except NotFound:
                return RecordPlan(customer=customer, status=Status.NOT_FOUND, reason=GONE)
            except Rejected as error:  # this one cannot be read, which stops no other
                return RecordPlan(
                    customer=customer, status=Status.REFUSED, reason=UNREADABLE, detail=str(error)
                )
            done = await sync_one(crm, name, mapping, facts, self._how_many)
            self._order.note(key, read_at)
        return done

    async def _ask(self, every_seconds: float = ASK_EVERY_SECONDS) -> None:
        async with self._asking:
            if time.monotonic() - self._asked < every_seconds:
                return
            now = datetime.now(UTC)
            self._moved |= await self._reading.moved_since(self._known_until - BEHIND)
            self._asked, self._known_until = time.monotonic(), now
