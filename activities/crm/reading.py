"""Facts for a CRM from ChartMogul: of all customers without a call for each, or of one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.dates import ADVICE, Row
from clients.kit.errors import Rejected
from domains.crm.facts import FROM_INVOICES, FROM_MOVEMENTS, FactsBuilder
from domains.crm.file import RunFile
from models.chartmogul import Account
from models.crm import CrmMapping, CrmName, ObjectMapping
from models.crm_facts import CustomerFacts, FactName

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)

Note = Callable[[str, int], None]
"""Hears what is read, and how many rows of it came."""


class Reading:
    """Of one account, for one mapping and CRM. Only what the mapping asks for is read."""

    def __init__(
        self,
        client: ChartMogulClient,
        mapping: CrmMapping,
        systems: Sequence[CrmName],
        account: Account | None = None,
        also: Sequence[FactName] = (),
    ) -> None:
        """`account` spares a call where it was read before; `also` are facts wanted beside the mapping's."""
        self._client, self._mapping = client, mapping
        self._also = also
        self._wanted = _wanted(mapping, systems) | set(also)
        self.account = account
        self._predicted_cents: float | None = None

    async def all(self, file: RunFile, as_of: datetime, note: Note) -> None:
        """Into the file, which had none or half of them."""
        file.begin_reading()
        await self.learn_predicted(as_of.date())
        builder = await self._builder(as_of)
        await asyncio.gather(
            self._take(self._client.stream_plans(), builder.add_plans, lambda n: note("plans", n)),
            self._movements(builder, as_of, note),
            self._invoices(builder, note),
        )
        async for rows in self._client.stream_customers():
            file.add(builder.facts(rows))
            note("customers", len(rows))
            await asyncio.sleep(0)
        file.say("unreadable", builder.unreadable)
        file.say("read", 1)

    async def one(self, uuid: str, *, live: bool = True) -> tuple[CustomerFacts, list[Row]]:
        """Also the customer's movements as they came. Raises NotFound.

        The account's predicted lifetime value is known where all were read before.
        """
        rows = await self._client.customer_rows(uuid, live=live)
        builder = await self._builder(datetime.now(UTC))
        # Newest first, and of two in one second the later one must come last.
        builder.add_movements(reversed(rows.movements), uuid)
        builder.add_subscriptions(rows.subscriptions, uuid)
        builder.add_invoices(rows.invoices)
        found = next(iter(builder.facts([rows.customer])), None)
        if found is None:
            raise Rejected("chartmogul", f"Customer {uuid} cannot be read. {ADVICE}")
        return _without_guesses(found), rows.movements

    async def moved_since(self, instant: datetime) -> set[str]:
        """Customers with a movement between then and now."""
        blocks = self._client.stream_movements(instant, datetime.now(UTC) + timedelta(seconds=1))
        return {str(row.get("customer-uuid")) async for block in blocks for row in block.rows}

    async def _builder(self, as_of: datetime) -> FactsBuilder:
        self.account = self.account or await self._client.account()
        return FactsBuilder(
            self._mapping,
            as_of=as_of,
            zone=_zone(self.account.time_zone),
            predicted_ltv_cents=self._predicted_cents,
            movements=self._needs(FROM_MOVEMENTS),
            invoices=self._needs(FROM_INVOICES),
            also=self._also,
        )

    async def _movements(self, builder: FactsBuilder, as_of: datetime, note: Note) -> None:
        if not self._needs(FROM_MOVEMENTS):
            return
        async for block in self._client.stream_movements(EARLIEST, as_of + timedelta(seconds=1)):
            builder.add_movements(block.rows)
            note("movements", len(block.rows))

    async def _invoices(self, builder: FactsBuilder, note: Note) -> None:
        if self._needs(FROM_INVOICES):
            stream = self._client.stream_invoices()
            await self._take(stream, builder.add_invoices, lambda n: note("invoices", n))

    async def _take(
        self, pages: AsyncIterator[list[Row]], add: Callable[[list[Row]], None], note: Callable[[int], None]
    ) -> None:
        async for rows in pages:
            add(rows)
            note(len(rows))

    async def learn_predicted(self, today: date) -> None:
        """ChartMogul's own figure for the account, of the last month that has one."""
        if "predicted_ltv" in self._wanted:
            months = [
                row
                async for rows in self._client.stream_metrics(today - YEAR, today, "month")
                for row in rows
            ]
            found = (float(value) for row in reversed(months) if (value := row.get("ltv")))
            self._predicted_cents = next(found, None)

    def _needs(self, facts: Iterable[FactName]) -> bool:
        return not self._wanted.isdisjoint(facts)


def _wanted(mapping: CrmMapping, systems: Sequence[CrmName]) -> set[FactName]:
    objects: list[ObjectMapping] = [each for name in systems for each in mapping.objects(name).values()]
    return {fact for each in objects for fact in (*each.fields, *each.create_with)}


def _without_guesses(facts: CustomerFacts) -> CustomerFacts:
    """Who pays and has no active subscription yet: ChartMogul is behind, which clears no field."""
    if not facts.mrr or facts.plans:
        return facts
    why = "ChartMogul names no active subscription"
    return facts.model_copy(update={"unknown": facts.unknown | {"plans": why, "billing_cycle": why}})


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Rejected(
            "chartmogul", f"The account's time zone {name!r} is none that is known here."
        ) from None
