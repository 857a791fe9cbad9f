"""Chargebee, read for a month, at a part of what it lets a site ask: above its limit a site is flagged, and
reads may be blocked until somebody answers."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError

from clients.chargebee.books import changes
from clients.chargebee.books.documents import credit_note_of, invoice_of, transaction_of
from clients.chargebee.books.subscriptions import subscription_of
from clients.chargebee.client import ChargebeeClient
from clients.kit.errors import NotFound, Permanent
from clients.kit.tables import Row, Table, Tally, Unreadable, around
from models.reconciliation.books import BillingSubscription, CashEntry, Control, Document, MonthCut

PAGES_BACK = 50
"""Of events before the cut, newest first, in which the subscriptions are looked for that changed since. Those
that are not found are told as nobody knows them."""

HOW = "second pass over ids, from the other end: Chargebee counts no list"


class ChargebeeBooks:
    """`now` is when the reading began: what was created later is not of it."""

    def __init__(
        self, client: ChargebeeClient, cut: MonthCut, site: str, *, tally: Tally | None = None
    ) -> None:
        self._client, self._cut, self._site, self._web = client, cut, site, client.web_url
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._limiter = client.books_limiter()
        self.tally = tally or Tally()

    def tables(self) -> Iterator[tuple[Table, AsyncIterator[BaseModel]]]:
        yield "subscriptions", self.subscriptions()
        yield "documents", self.documents()
        yield "cash", self.cash()

    async def aclose(self) -> None:
        self.tally.aside.close()

    async def subscriptions(self) -> AsyncIterator[BillingSubscription]:
        await self._note_changes()
        query = {"include_deleted": "true", "created_at[before]": _seconds(self._now)}
        rows = self._whole(self._pages("subscriptions", query | {"sort_by[asc]": "created_at"}))
        async for record in self.tally.records("subscriptions", rows, _subscription_id, self._subscription):
            yield record
        await self._count_again("subscriptions", "subscription", query | {"sort_by[desc]": "created_at"})

    def _subscription(self, row: Row) -> BillingSubscription:
        record = subscription_of(row, self._site, self._web)
        earlier: BillingSubscription | None = None
        with suppress(ValidationError, Unreadable):
            if before := changes.before(self.tally.aside, record.id, row):
                earlier = subscription_of(self._looked_up(before, row), self._site, self._web)
        return record.model_copy(update={"earlier": earlier})

    def _looked_up(self, before: Row, now: Row) -> Row:
        """What is not in the subscription itself is taken as it is now."""
        ours = {"metered": now["subscription"].get("metered") or []}
        return {"customer": now.get("customer"), "subscription": ours | before["subscription"]}

    async def _note_changes(self) -> None:
        found, back = 0, 0
        after = {"occurred_at[after]": _seconds(self._cut.end, -1), "sort_by[asc]": "occurred_at", **_TYPES}
        async for row in self._pages("events", after):
            changes.note(self.tally.aside, row.get("event") or {})
            found += 1
        self.tally.controls.append(Control(what="events", read=found, how="no count: events since the cut"))
        left = changes.sought(self.tally.aside)
        if not left:
            return
        before = {"occurred_at[before]": _seconds(self._cut.end), "sort_by[desc]": "occurred_at", **_TYPES}
        async for row in self._pages("events", before):
            left -= changes.note_before(self.tally.aside, row.get("event") or {})
            back += 1
            if not left or back >= PAGES_BACK * 100:
                return

    async def _whole(self, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        """Each with what is not told in a list."""
        async for row in rows:
            said = row.get("subscription")
            if isinstance(said, dict):
                self._note_change("subscriptions", said)
                await self._complete(said)
            yield row

    def _note_change(self, objects: str, said: Row) -> None:
        """When it was changed last: another instant in the second pass is a change meanwhile."""
        self.tally.aside.put(f"changes of {objects}", str(said.get("id")), said.get("updated_at"))

    async def _complete(self, said: Row) -> None:
        items = said.get("subscription_items") or []
        prices = {str(each.get("item_price_id")): await self._price(each) for each in items}
        said["metered"] = [id for id, price in prices.items() if price.get("usage") == "metered"]
        if not said.get("discounts"):
            said["coupons"] = [
                {**(await self._one("coupons", "coupon", str(each.get("coupon_id")))), **each}
                for each in said.get("coupons") or []
            ]
        if said.get("has_scheduled_changes"):
            await self._add_changes(said)

    async def _price(self, item: Row) -> Row:
        """Whether it goes by usage is the item's."""
        price = await self._one("item_prices", "item_price", str(item.get("item_price_id")))
        if not (id := price.get("item_id")):
            return {}
        found = await self._one("items", "item", str(id))
        return {"usage": "metered" if found.get("metered") else "licensed"}

    async def _add_changes(self, said: Row) -> None:
        """Of a subscription that has some: one call each. Refused, they are not told."""
        path = f"subscriptions/{said.get('id')}/retrieve_with_scheduled_changes"
        with suppress(Permanent):
            later = (await self._ask(path)).get("subscription") or {}
            said["pending"] = later.get("subscription_items")
            said["pending_at"] = said.get("next_billing_at") or said.get("current_term_end")

    async def documents(self) -> AsyncIterator[Document]:
        """Of the month and a few days around."""
        start, end = around(self._cut)
        query = {"date[after]": _seconds(start, -1), "date[before]": _seconds(end), "include_deleted": "true"}
        lists = (("invoices", "invoice", invoice_of), ("credit_notes", "credit_note", credit_note_of))
        for objects, kind, read in lists:
            rows = self._inner(objects, self._pages(objects, query | {"sort_by[asc]": "date"}), kind)
            of_it: Callable[[Row], Document] = partial(read, site=self._site, web_url=self._web)
            async for record in self.tally.records(objects, rows, _id, of_it):
                yield record
            await self._count_again(objects, kind, query | {"sort_by[desc]": "date"})

    async def cash(self) -> AsyncIterator[CashEntry]:
        start, end = around(self._cut)
        query = {"date[after]": _seconds(start, -1), "date[before]": _seconds(end), "include_deleted": "true"}
        pages = self._pages("transactions", query | {"sort_by[asc]": "date"})
        rows = self._inner("transactions", pages, "transaction")
        async for entry in self.tally.records(
            "transactions", rows, _id, lambda row: transaction_of(row, self._site, self._web)
        ):
            yield entry
        await self._count_again("transactions", "transaction", query | {"sort_by[desc]": "date"})

    async def _inner(self, objects: str, rows: AsyncIterator[Row], kind: str) -> AsyncIterator[Row]:
        async for row in rows:
            said = row.get(kind) or {}
            self._note_change(objects, said)
            yield said

    async def _count_again(self, objects: str, kind: str, query: Row) -> None:
        """From the other end: a list that ends without a word hides others then."""

        async def ids() -> AsyncIterator[str]:
            async for row in self._pages(objects, query):
                said = row.get(kind) or {}
                id = str(said.get("id"))
                if self.tally.aside.get(f"changes of {objects}", id) not in (None, said.get("updated_at")):
                    self.tally.name_changed(id)
                yield id

        await self.tally.second_pass(objects, ids(), HOW)

    async def _pages(self, objects: str, query: Row) -> AsyncIterator[Row]:
        """Rows of a list, each with its objects by kind."""
        offset: str | None = None
        while True:
            more = {"offset": offset} if offset else {}
            asked = {"limit": "100", **query, **more}
            said = await self._ask(objects, asked)
            for row in said.get("list") or []:
                yield row if isinstance(row, dict) else {}
            after = said.get("next_offset")
            if after is None or after == offset:
                return
            offset = str(after)

    async def _one(self, objects: str, kind: str, id: str) -> Row:
        """Asked for once; nothing where it is gone."""
        known: Row | None = self.tally.aside.get(objects, id)
        if known is None:
            try:
                known = (await self._ask(f"{objects}/{id}")).get(kind) or {}
            except NotFound:
                known = {}
            self.tally.aside.put(objects, id, known)
        return known

    async def _ask(self, path: str, query: Row | None = None) -> Row:
        async def asked() -> Row:
            await self._limiter.acquire()
            return await self._client.read(path, query or {})

        return await self.tally.page(asked)


_TYPES = {"event_type[in]": "[" + ",".join(f'"{each}"' for each in changes.TYPES) + "]"}


def _seconds(instant: datetime, more: int = 0) -> str:
    return str(int(instant.timestamp()) + more)


def _id(row: Row) -> Any:
    return row.get("id")


def _subscription_id(row: Row) -> Any:
    return (row.get("subscription") or {}).get("id")
