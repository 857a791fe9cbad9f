"""ChartMogul, read for a month: its settings, what it counts of each subscription, and of which lines."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from pydantic import BaseModel, Field, ValidationError

from clients.chartmogul.books.rows import CountedInvoice, customer_of, source_of
from clients.chartmogul.client import BULK_CONNECTIONS, ChartMogulClient
from clients.chartmogul.dates import Get, second_of
from clients.chartmogul.streams import read_pages, read_subscriptions, read_whole
from clients.chartmogul.windows import read_movements
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call, mismatches, parsed
from clients.kit.tables import EDGE, Row, Table, Tally, Unreadable
from models.billing import Amount, Said, instant_of
from models.chartmogul import Account
from models.reconciliation.books import (
    AccountSettings,
    AccountSheet,
    CashEntry,
    Control,
    CountedCustomer,
    CountedLine,
    CountedSubscription,
    Document,
    MonthCut,
    MonthMrr,
    SourceSettings,
)

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=5 * 365)
"""Movements are scheduled so far ahead at most."""

INCLUDED = "churn_recognition,churn_when_zero_mrr,refund_handling"
LOOK_BACK = timedelta(days=400)
"""A line of a year that covers the cut is of no older invoice, and the list is left behind once whole pages
of it are older. What covers the cut from farther back is read customer by customer."""

EARLIER_MONTHS = relativedelta(months=12)
"""What was signed of them is held against what ChartMogul says of them now."""

OLD_PAGES = 3
MOST_PASSES = 3
"""Over the list of customers: until a pass has nobody whom those before it had not."""

MOST_LATE = 200
"""Customers whom only movements name, asked for one by one: more of them are a list that ended too early."""

MOST_FILLED = 5_000
"""Customers who are read one by one because no line was found that covers the cut."""

SUMS, CURRENCIES, COVERED, FOREIGN, CUSTOMERS, VIEWS = (
    "sums", "currencies", "covered", "foreign", "of source", "views",
)  # fmt: skip


class ChartMogulBooks:
    """`customers`: these alone, whole; all where there are none."""

    def __init__(
        self,
        client: ChartMogulClient,
        cut: MonthCut,
        site: str,
        *,
        customers: Iterable[str] = (),
        tally: Tally | None = None,
    ) -> None:
        self._client, self._cut, self._site = client, cut, site
        self._size, self._only = client.page_size, tuple(customers)
        self._currency, self._total = "", 0
        self.tally = tally or Tally()

    def tables(self) -> Iterator[tuple[Table, AsyncIterator[BaseModel]]]:
        """Settings first: the account's currency is in them. Of invoices documents and payments come with the
        lines, and are told after."""
        yield "settings", self.settings()
        yield "customers", self.customers()
        yield "lines", self.lines()
        yield "customers", self.late_customers()
        yield "documents", self.documents()
        yield "cash", self.cash()
        yield "counted", self.counted()
        yield "sheet", self.sheet()

    async def aclose(self) -> None:
        self.tally.aside.close()

    # -- settings

    async def settings(self) -> AsyncIterator[AccountSettings]:
        call = Call("chartmogul", "read the account with its settings")
        try:
            row = await self._get(call, "account", include=INCLUDED)
        except Rejected:  # older accounts do not know each of them
            row = await self._get(call, "account")
        account, said = parsed(call, Account, row), row if isinstance(row, dict) else {}
        self._currency = account.currency
        yield AccountSettings(
            name=account.name,
            currency=account.currency,
            time_zone=account.time_zone,
            churn_recognition=_text(said.get("churn_recognition")),
            churn_when_zero_mrr=_truth(said.get("churn_when_zero_mrr")),
            refund_handling=_text(said.get("refund_handling")),
            sources=[each async for each in self._sources()],
        )

    async def _sources(self) -> AsyncIterator[SourceSettings]:
        flags = ("processing_status", "auto_churn_subscription_setting", "invoice_handling_setting")
        query = {f"with_{name}": "true" for name in flags}
        for row in await read_whole(self._get, "data_sources", "data_sources", **query):
            try:
                yield source_of(row)
            except ValidationError as error:
                self.tally.leave_out("data source", row.get("uuid"), mismatches(error))

    # -- customers

    async def customers(self) -> AsyncIterator[CountedCustomer]:
        """Those that a pass brings are taken, who came meanwhile and who was on a lost page alike."""
        known = 0
        for number in range(1 if self._only else MOST_PASSES):
            rows = self._unknown("customers", self._customers()) if number else self._customers()
            async for customer in self._known_customers(rows):
                yield customer
            before, known = known, self.tally.aside.count("customers")
            if before == known:
                break
        if not self._only:
            how = "passes over the list until one has nobody new: ChartMogul counts no list"
            self.tally.control("customers", before, known, how)

    async def _known_customers(self, rows: AsyncIterator[Row]) -> AsyncIterator[CountedCustomer]:
        async for customer in self.tally.records("customers", rows, _uuid, customer_of):
            self.tally.aside.put(CUSTOMERS, customer.uuid, customer.sources)
            yield customer

    async def _unknown(self, kind: str, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        async for row in rows:
            if not self.tally.has(kind, str(row.get("uuid"))):
                yield row

    async def late_customers(self) -> AsyncIterator[CountedCustomer]:
        """Whom movements name and the list does not."""
        named = {sums["customer"] for _, sums in self.tally.aside.items(SUMS)}
        late = sorted(uuid for uuid in named if not self.tally.has("customers", uuid))
        if len(late) > MOST_LATE:
            read = self.tally.aside.count("customers")
            self.tally.control("customers of movements", read, read + len(late), "the list of customers")
            return
        async for customer in self._known_customers(self._one_by_one(late)):
            yield customer

    async def _one_by_one(self, uuids: Iterable[str]) -> AsyncIterator[Row]:
        """Without those that were deleted or merged meanwhile."""
        for uuid in uuids:
            call = Call("chartmogul", "read a customer")
            with suppress(NotFound):
                yield await self._get(call, f"customers/{quote(uuid, safe='')}")

    async def _customers(self) -> AsyncIterator[Row]:
        if self._only:
            for uuid in self._only:
                found = await self._client.customer_rows(uuid, live=False)
                self.tally.calls += 4
                self._note_views(found.subscriptions, uuid)
                for movement in found.movements:
                    self._note_movement(movement | {"customer-uuid": uuid})
                yield found.customer
            return
        async for page in read_pages(self._get, "customers", "entries", self._size):
            for row in page:
                yield row

    # -- lines, and with them documents and payments

    async def lines(self) -> AsyncIterator[CountedLine]:
        if not self._only:
            await self._sum_movements()
        known = 0
        for number in range(1 if self._only else MOST_PASSES):
            back = self._cut.start - (EDGE if number else LOOK_BACK)
            rows = self._unknown("invoices", self._invoices(back)) if number else self._invoices(back)
            async for line in self._lines_of(rows):
                yield line
            before, known = known, self.tally.aside.count("invoices")
            if before == known:
                break
        if not self._only:
            how = f"newest first, until whole pages are {LOOK_BACK.days} days old; the month's again until"
            self.tally.control("invoices", before, known, f"{how} a pass has nothing new")
        async for line in self._lines_of(self._filling()):
            yield line

    async def _lines_of(self, rows: AsyncIterator[Row]) -> AsyncIterator[CountedLine]:
        async for invoice in self.tally.records("invoices", rows, _uuid, self._invoice):
            for line in self._taken(invoice):
                yield line

    def _invoice(self, row: Row) -> CountedInvoice | None:
        """None of one that is neither of the month nor has a line that covers the cut."""
        invoice = CountedInvoice.model_validate(row)
        self._note_currency(invoice)
        start, end = self._cut.start - EDGE, self._cut.end + EDGE
        in_month = invoice.date is not None and start <= invoice.date < end
        covers = any(
            self._covers(each.service_period_start, each.service_period_end) for each in invoice.line_items
        )
        return invoice if in_month or covers else None

    def _note_currency(self, invoice: CountedInvoice) -> None:
        """Invoices come newest first: that of the last one stays."""
        aside, currency = self.tally.aside, invoice.currency.upper()
        for line in invoice.line_items:
            key = f"{invoice.customer_uuid}\n{line.subscription_external_id}"
            if line.subscription_external_id and aside.get(CURRENCIES, key) is None:
                aside.put(CURRENCIES, key, currency)
                if currency != self._currency:
                    aside.put(FOREIGN, invoice.customer_uuid, 1)

    def _covers(self, start: datetime | None, end: datetime | None) -> bool:
        return start is not None and end is not None and start < self._cut.end <= end

    def _taken(self, invoice: CountedInvoice) -> list[CountedLine]:
        """What others need of it is kept: which subscriptions it covers, and the invoice as a document."""
        aside, lines = self.tally.aside, invoice.lines()
        for line in lines:
            if line.subscription_external_id:
                key = f"{line.customer}\n{line.subscription_external_id}"
                if self._covers(line.starts_at, line.ends_at):
                    aside.put(COVERED, key, line.source)
        try:
            document, cash = invoice.document(self._site), invoice.cash(self._site)
        except Unreadable as error:
            self.tally.leave_out("invoices", invoice.uuid, str(error))
            return lines
        aside.put("documents", invoice.uuid, document.model_dump(mode="json"))
        for each in cash:
            aside.put("cash", f"{invoice.uuid}:{each.id}", each.model_dump(mode="json"))
        return lines

    async def _invoices(self, floor: datetime) -> AsyncIterator[Row]:
        """All that are younger, and some more."""
        query = {"validation_type": "all", "with_disabled": "true", "include_edit_histories": "true"}
        for uuid in self._only:
            async for page in self._pages_of_invoices(customer_uuid=uuid, **query):
                for row in page:
                    yield row
        if self._only:
            return
        old = 0
        async with aclosing(self._pages_of_invoices(**query)) as pages:
            async for page in pages:
                for row in page:
                    yield row
                newest = max((instant_of(row.get("date")) or EARLIEST for row in page), default=EARLIEST)
                old = old + 1 if page and newest < floor else 0
                if old >= OLD_PAGES:
                    return

    def _pages_of_invoices(self, **query: str) -> Any:
        return read_pages(self._get, "invoices", "invoices", self._size, **query)

    async def _filling(self) -> AsyncIterator[Row]:
        """Invoices of customers whose subscription counts while no line was found that covers the cut."""
        filled: set[str] = set()
        for sums in list(self._uncovered()):
            customer = sums["customer"]
            if customer in filled or self._only:
                continue
            if len(filled) >= MOST_FILLED:
                how = (
                    f"customers without a line that covers the cut: the first {MOST_FILLED:,} were looked at"
                )
                self.tally.controls.append(Control(what="lines", read=len(filled), how=how))
                return
            filled.add(customer)
            query = {"validation_type": "all", "with_disabled": "true", "include_edit_histories": "true"}
            async for page in self._pages_of_invoices(customer_uuid=customer, **query):
                for row in page:
                    if not self.tally.has("invoices", str(row.get("uuid"))):
                        yield row

    def _uncovered(self) -> Iterator[Row]:
        for _, sums in self.tally.aside.items(SUMS):
            found = self.tally.aside.get(COVERED, f"{sums['customer']}\n{sums['subscription']}")
            if sums["before"] and found is None:
                yield sums

    async def documents(self) -> AsyncIterator[Document]:
        for _, row in self.tally.aside.items("documents"):
            yield Document.model_validate(row)

    async def cash(self) -> AsyncIterator[CashEntry]:
        for _, row in self.tally.aside.items("cash"):
            yield CashEntry.model_validate(row)

    # -- what counts

    async def _sum_movements(self) -> None:
        read, end = 0, self._cut.end + AHEAD
        blocks = read_movements(self._get, EARLIEST, end, self._size, BULK_CONNECTIONS)
        async for block in blocks:
            for row in block.rows:
                id = row.get("uuid")
                if isinstance(id, str) and not self.tally.is_new("movements", id, row):
                    continue
                self._note_movement(row)
                read += 1
        how = "no count: by date, each page begins with the last second of the one before"
        self.tally.control("movements", read, None, how)

    def _note_movement(self, row: Row) -> None:
        try:
            said = _Movement.model_validate(row)
        except ValidationError as error:
            return self.tally.leave_out("movement", row.get("uuid"), mismatches(error))
        at, cents = second_of(row), said.cents
        if at is None or cents is None:
            return self.tally.leave_out("movement", row.get("uuid"), "its date or amount cannot be read")
        source = said.source or self._source_of(said.customer)
        key = f"{source}\n{said.customer}\n{said.subscription}"
        sums = self.tally.aside.get(SUMS, key) or {
            "source": source, "customer": said.customer, "subscription": said.subscription,
            "set": said.set, "plan": "", "before": 0, "future": 0, "at": "", "type": "",
        }  # fmt: skip
        self.tally.aside.put(SUMS, key, self._added(sums, said, at, round(cents)))
        return None

    def _added(self, sums: Row, said: "_Movement", at: datetime, cents: int) -> Row:
        if at >= self._cut.end:
            return sums | {"future": sums["future"] + cents}
        self._total += cents
        found = sums | {"before": sums["before"] + cents}
        if at.isoformat() >= found["at"]:
            found |= {"at": at.isoformat(), "type": said.type, "plan": said.plan or found["plan"]}
        return found

    def _source_of(self, customer: str) -> str:
        """A customer's own list does not name it: known where there is one alone."""
        sources = self.tally.aside.get(CUSTOMERS, customer) or []
        return str(sources[0]) if len(sources) == 1 else ""

    async def counted(self) -> AsyncIterator[CountedSubscription]:
        await self._read_views()
        for _, sums in self.tally.aside.items(SUMS):
            yield self._counted(sums)

    def _counted(self, sums: Row) -> CountedSubscription:
        key = f"{sums['customer']}\n{sums['subscription']}"
        currency = self.tally.aside.get(CURRENCIES, key) or self._currency
        view = self.tally.aside.get(VIEWS, key)
        return CountedSubscription(
            source=sums["source"] or self.tally.aside.get(COVERED, key) or "",
            customer=sums["customer"],
            subscription_external_id=sums["subscription"],
            set_external_id=sums["set"],
            subscription=view["uuid"] if view else "",
            plan=sums["plan"],
            currency=currency,
            by_movements=sums["before"] if currency == self._currency else None,
            by_view=view["mrr"] if view else None,
            last_movement_at=datetime.fromisoformat(sums["at"]) if sums["at"] else None,
            last_movement=sums["type"],
            future=sums["future"],
        )

    async def _read_views(self) -> None:
        """Of customers with a subscription in another currency: there the movements do not sum up to it."""
        if self._only:
            return
        uuids = (uuid for uuid, _ in list(self.tally.aside.items(FOREIGN)))
        async for rows in read_subscriptions(self._get, uuids, self._size, BULK_CONNECTIONS):
            self._note_views(rows, str(rows[0].get("customer-uuid")))

    def _note_views(self, rows: list[Row], customer: str) -> None:
        for row in rows:
            id, mrr = row.get("external_id"), row.get("mrr")
            if isinstance(id, str) and isinstance(mrr, int | float) and not isinstance(mrr, bool):
                view = {"mrr": round(mrr), "uuid": str(row.get("uuid") or "")}
                self.tally.aside.put(VIEWS, f"{customer}\n{id}", view)

    async def sheet(self) -> AsyncIterator[AccountSheet]:
        if self._only:
            return
        last = (self._cut.end - timedelta(microseconds=1)).astimezone(ZoneInfo(self._cut.time_zone)).date()
        sums = await self._mrr(last, last, "day")
        first = last.replace(day=1)
        before = await self._mrr(first - EARLIER_MONTHS, first - timedelta(days=1), "month")
        mrr = sums.get(last.isoformat())
        if mrr is not None and not self.tally.aside.count(FOREIGN):
            how = "/metrics/mrr of the last day: nothing is in another currency"
            self.tally.control("hundredths of MRR by movements", self._total, mrr, how)
        yield AccountSheet(
            mrr=mrr,
            movements=self._total,
            months=[MonthMrr(period=day[:7], mrr=mrr) for day, mrr in sorted(before.items())],
        )

    async def _mrr(self, start: date, end: date, interval: str) -> dict[str, int]:
        """By the last day of each interval."""
        query = {"start-date": start.isoformat(), "end-date": end.isoformat(), "interval": interval}
        rows = await read_whole(self._get, "metrics/mrr", "entries", **query)
        found = {row.get("date"): row.get("mrr") for row in rows}
        return {
            day: round(mrr)
            for day, mrr in found.items()
            if isinstance(day, str) and isinstance(mrr, int | float) and not isinstance(mrr, bool)
        }

    @property
    def _get(self) -> Get:
        async def get(call: Call, path: str, **query: str) -> Any:
            self.tally.calls += 1
            return await self._client.get_in_bulk(call, path, **query)

        return get


class _Movement(Said):
    source: str = Field(default="", alias="billing-connector-uuid")
    customer: str = Field(alias="customer-uuid")
    subscription: str = Field(default="", alias="subscription-external-id")
    set: str = Field(default="", alias="subscription-set-external-id")
    plan: str = Field(default="", alias="plan-external-id")
    type: str = ""
    cents: Amount = Field(default=None, alias="activity-mrr-movement")


def _uuid(row: Row) -> Any:
    return row.get("uuid")


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
