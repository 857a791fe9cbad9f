"""All customers of a run's file into one object of a CRM: looked up, compared, and written where they
differ. Each customer's standing is in the file as soon as it is known, so that nothing is done over."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from activities.crm.staleness import Freshness
from activities.crm.writing import RETRY_WAITS, in_parallel, write_planned
from clients.kit.errors import Rejected
from clients.kit.retries import with_retries
from domains.crm.file import RunFile
from domains.crm.match import Census, NotFound, match, value_for
from domains.crm.systems import Crm, standing
from models.crm import ObjectMapping, Way
from models.crm_facts import CustomerFacts
from models.crm_fields import not_ready
from models.templates.crm_sync import RecordPlan, Status

RIVALS = "several customers lead to one record"


@dataclass
class Progress:
    """Of the reading, or of one object."""

    doing: str = "reading"
    rows: int = 0
    written: int = 0


class ObjectSync:
    """Of one object. Without a census, that is for some customers alone, a record that carries another
    customer's id is always that customer's."""

    def __init__(
        self,
        crm: Crm,
        name: str,
        mapping: ObjectMapping,
        file: RunFile,
        census: Census | None,
        progress: Progress,
    ) -> None:
        self.name = name
        self._crm, self._mapping = crm, mapping
        self._file, self._census, self._progress = file, census, progress
        self._written = set[str]()

    async def check(self) -> None:
        """Raises Rejected where a field is missing or unfit: nothing would be written, or a half of it."""
        self._say("looking at the fields")
        unfit = await with_retries(partial(self._crm.unfit, self.name, self._mapping), RETRY_WAITS)
        if unfit:
            raise Rejected(self._crm.system, not_ready(self._crm.system, unfit))

    async def plan(self) -> None:
        """Find each customer's record and what differs; writes nothing."""
        for number, way in enumerate(self._mapping.match):
            self._say(f"looking up by {way}")
            await with_retries(self._crm.spare, RETRY_WAITS)
            await in_parallel(
                self._batches(number, way), partial(self._look_up, number, way), self._crm.at_once
            )
        self._say("comparing")
        for block in self._file.looking(self.name, len(self._mapping.match), 500):
            self._file.note(self.name, map(self._not_found, block))
            await asyncio.sleep(0)
        for rivals in self._file.rivals(self.name):
            self._file.note(self.name, _settle_rivals(rivals))
            await asyncio.sleep(0)

    async def write(self, freshness: Freshness) -> None:
        """What was planned; and once more who has moved before their batch was through."""
        for new in (False, True):
            self._say("writing")
            await with_retries(self._crm.spare, RETRY_WAITS)
            batches = self._file.planned(self.name, new=new, size=self._crm.most_rows)
            await in_parallel(batches, partial(self._write, freshness), self._crm.at_once)
        await self._again(freshness, self._written & await freshness.moved())

    def _say(self, doing: str) -> None:
        self._progress.doing, self._progress.rows = doing, 0

    def _batches(self, number: int, way: Way) -> Iterator[list[CustomerFacts]]:
        """Full ones of customers that can be looked up that way; the others go on to the next."""
        waiting: list[CustomerFacts] = []
        for block in self._file.looking(self.name, number, self._crm.most_rows):
            without = [each for each in block if not value_for(each, way)]
            self._file.note(self.name, [_try_next(each, number) for each in without])
            waiting += [each for each in block if value_for(each, way)]
            while len(waiting) >= self._crm.most_rows:
                yield waiting[: self._crm.most_rows]
                waiting = waiting[self._crm.most_rows :]
        if waiting:
            yield waiting

    async def _look_up(self, number: int, way: Way, batch: Sequence[CustomerFacts]) -> None:
        values = list(dict.fromkeys(value for each in batch if (value := value_for(each, way))))
        look_up = partial(self._crm.find, self.name, self._mapping, way, values)
        found = await with_retries(look_up, RETRY_WAITS)
        standings = []
        for facts in batch:
            result = match(facts, {way: found}, [way], self._census)
            standings.append(
                _try_next(facts, number)
                if isinstance(result, NotFound)
                else standing(self._crm, facts, self._mapping, result)
            )
        self._file.note(self.name, standings)
        self._progress.rows += len(batch)

    def _not_found(self, facts: CustomerFacts) -> RecordPlan:
        return standing(self._crm, facts, self._mapping, match(facts, {}, self._mapping.match))

    async def _write(self, freshness: Freshness, batch: Sequence[RecordPlan]) -> None:
        stale = await freshness.stale(self._crm, self.name, [each.customer for each in batch])
        planned = [each for each in batch if each.customer not in stale]
        results = await write_planned(self._crm, self.name, self._mapping, planned)
        self._file.note(self.name, results)
        self._progress.rows += len(batch)
        self._progress.written += sum(each.status is not Status.REFUSED for each in results)
        written = {each.customer for each in planned}
        # A live event may have been quicker than the batch, which had to wait for its turn.
        overtaken = await freshness.stale(self._crm, self.name, written)
        self._written |= written - overtaken
        await self._again(freshness, stale | overtaken)

    async def _again(self, freshness: Freshness, customers: set[str]) -> None:
        for customer in sorted(customers):
            done = await freshness.again(self._crm, self.name, self._mapping, customer)
            self._file.note(self.name, [done])


def _try_next(facts: CustomerFacts, number: int) -> RecordPlan:
    return RecordPlan(customer=facts.uuid, status=Status.LOOKING, way=number + 1)


def _settle_rivals(rivals: Sequence[RecordPlan]) -> list[RecordPlan]:
    """Whose key the record carries has it; where it carries none of theirs, nobody."""
    owners = [each for each in rivals if each.by_key]
    losers = [each for each in rivals if each not in owners] if len(owners) == 1 else rivals
    return [
        RecordPlan(
            customer=each.customer,
            status=Status.AMBIGUOUS,
            reason=RIVALS,
            candidates=[each.record] if each.record else [],
        )
        for each in losers
    ]
