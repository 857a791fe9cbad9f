"""Recurly, read for a month. It has no events: what changed since the cut can be seen, and not taken back."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from clients.kit.errors import NotFound
from clients.kit.tables import Row, Table, Tally, around
from clients.recurly.books.documents import invoice_of, transaction_of
from clients.recurly.books.subscriptions import subscription_of
from clients.recurly.client import RecurlyClient
from models.billing import instant_of
from models.reconciliation.books import BillingSubscription, CashEntry, Document, MonthCut

LIMIT = "200"
OWED = ("past_due", "pending")
MOST_LINES = 10_000
THERE = "subscriptions when the reading began"
UUIDS = "uuids of subscriptions"


class RecurlyBooks:
    def __init__(
        self,
        client: RecurlyClient,
        cut: MonthCut,
        site: str,
        *,
        tally: Tally | None = None,
        limit: str = LIMIT,
    ) -> None:
        self._client, self._cut, self._site, self._limit = client, cut, site, limit
        self._now = datetime.now(UTC)
        self.tally = tally or Tally()

    def tables(self) -> Iterator[tuple[Table, AsyncIterator[BaseModel]]]:
        yield "subscriptions", self.subscriptions()
        yield "documents", self.documents()
        yield "cash", self.cash()

    async def aclose(self) -> None:
        self.tally.aside.close()

    async def subscriptions(self) -> AsyncIterator[BillingSubscription]:
        """Sorted by their last change, oldest first: one that changes meanwhile comes once more at the end,
        and none is lost."""
        await self._note_plans()
        await self._note_owed()
        rows = self._whole(self._pages("subscriptions", {"sort": "updated_at", "order": "asc"}))
        async for record in self.tally.records("subscriptions", rows, _uuid, self._subscription):
            yield record
        began = {"sort": "created_at", "order": "asc", "end_time": _written(self._now)}
        await self._control("subscriptions", began, self.tally.aside.count(THERE))

    def _subscription(self, row: Row) -> BillingSubscription:
        created = instant_of(row.get("created_at"))
        if created is None or created <= self._now.replace(microsecond=0):
            self.tally.aside.put(THERE, str(row["uuid"]), 1)
        self.tally.aside.put(UUIDS, str(row.get("id")), str(row["uuid"]))
        link = self._client.link(f"/subscriptions/{quote(str(row['uuid']), safe='')}")
        return subscription_of(row, self._site, link, self._now)

    async def _note_plans(self) -> None:
        """All of them, once: a subscription names its plan, and not how long its periods are."""
        async for plan in self._pages("plans", {"sort": "created_at", "order": "asc"}):
            self.tally.aside.put("plans", str(plan.get("id")), plan)

    async def _note_owed(self) -> None:
        """Whose invoices are open, and whether they are the first ones."""
        for state in OWED:
            async for row in self._pages("invoices", {"state": state, "sort": "created_at", "order": "asc"}):
                first = row.get("origin") == "purchase"
                due = row.get("due_at") or row.get("created_at")
                for id in row.get("subscription_ids") or []:
                    known = self.tally.aside.get("owed", str(id)) or {}
                    since = known.get("since") or (due if state == "past_due" else None)
                    told = {"since": since, "first": first or known.get("first", False)}
                    self.tally.aside.put("owed", str(id), told)

    async def _whole(self, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        """Each with its plan, its coupons and what is owed."""
        async for row in rows:
            row["plan"] = await self._plan(row.get("plan"))
            change = row.get("pending_change")
            if isinstance(change, dict) and change.get("plan"):
                change["plan"] = await self._plan(change["plan"])
            for each in row.get("coupon_redemptions") or []:
                coupon = each.get("coupon") or {}
                each["coupon"] = {**coupon, **(await self._one("coupons", coupon.get("id")))}
            aside = self.tally.aside
            owed = aside.get("owed", str(row.get("id"))) or aside.get("owed", str(row.get("uuid"))) or {}
            yield row | {"owed_since": owed.get("since"), "first_is_owed": owed.get("first", False)}

    async def _plan(self, plan: Any) -> Row:
        said = plan if isinstance(plan, dict) else {}
        return {**said, **(await self._one("plans", said.get("id")))}

    async def _one(self, objects: str, id: Any) -> Row:
        """Asked for once; nothing where it is gone."""
        if not isinstance(id, str) or not id:
            return {}
        known: Row | None = self.tally.aside.get(objects, id)
        if known is None:
            try:
                known = await self.tally.page(lambda: self._client.read(f"{objects}/{quote(id, safe='')}"))
            except NotFound:
                known = {}
            self.tally.aside.put(objects, id, known)
        return known

    async def documents(self) -> AsyncIterator[Document]:
        """Of the month and a few days around. One that is made while they are read is of neither."""
        query = self._month()
        rows = self._all_lines(self._pages("invoices", query))
        async for record in self.tally.records("invoices", rows, _id, self._document):
            yield record
        await self._control("invoices", query, self.tally.aside.count("invoices"))

    def _document(self, row: Row) -> Document:
        link = self._client.link(f"/invoices/{quote(str(row.get('number')), safe='')}")
        return invoice_of(row, self._site, link, lambda id: self.tally.aside.get(UUIDS, id) or id)

    async def _all_lines(self, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        async for row in rows:
            if row.get("has_more_line_items"):
                path = f"invoices/{quote(str(row.get('id')), safe='')}/line_items"
                lines: list[Row] = []
                async for line in self._pages(path, {"sort": "created_at", "order": "asc"}):
                    lines.append(line)
                    if len(lines) > MOST_LINES:
                        break
                if len(lines) > MOST_LINES:
                    self.tally.leave_out("invoices", row.get("id"), f"it has more than {MOST_LINES:,} lines")
                    continue
                row = row | {"line_items": lines}
            yield row

    async def cash(self) -> AsyncIterator[CashEntry]:
        query = self._month()
        rows = self._pages("transactions", query)
        async for entry in self.tally.records(
            "transactions", rows, _uuid, lambda row: transaction_of(row, self._site)
        ):
            yield entry
        await self._control("transactions", query, self.tally.aside.count("transactions"))

    def _month(self) -> dict[str, str]:
        start, end = around(self._cut)
        window = {"begin_time": _written(start), "end_time": _written(min(end, self._now))}
        return {"sort": "created_at", "order": "asc", **window}

    async def _control(self, objects: str, query: dict[str, str], read: int) -> None:
        """Of what was there when the reading began: what is created does not go away."""
        expected = await self.tally.page(lambda: self._client.count(objects, query))
        how = "HEAD, Recurly-Total-Records, of what was created before"
        self.tally.control(objects, read, expected, how)

    async def _pages(self, path: str, query: dict[str, str]) -> AsyncIterator[Row]:
        asked = {"limit": self._limit, **query}
        at = path
        while True:
            page = await self.tally.page(lambda at=at, asked=asked: self._client.page(at, asked))  # type: ignore[misc]
            for row in page.rows:
                yield row
            if page.after is None or page.after == at:
                return
            at, asked = page.after, {}


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _id(row: Row) -> Any:
    return row.get("id") or row.get("number")


def _uuid(row: Row) -> Any:
    return row.get("uuid")
