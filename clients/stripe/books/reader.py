"""Stripe, read for a month."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError

from clients.kit.errors import NotFound, Unauthorized
from clients.kit.tables import Row, Table, Tally, Unreadable, around
from clients.stripe.books import changes
from clients.stripe.books.cash import charge_of, dispute_of, payout_of, refund_of
from clients.stripe.books.documents import credit_note_of, invoice_of
from clients.stripe.books.subscriptions import subscription_of
from clients.stripe.books.windows import READERS, Pages, Window, even, halved, read_windows, since_ever
from clients.stripe.client import KEPT, StripeClient
from clients.stripe.rights import READ_CUSTOMERS
from models.reconciliation.books import BillingSubscription, CashEntry, Control, Document, MonthCut

EXPANDED = (
    "data.discounts",
    "data.discounts.source.coupon",
    "data.items.data.discounts",
    "data.items.data.tax_rates",
    "data.latest_invoice",
    "data.schedule",
)
"""Four levels at most are expanded: what lies deeper (tiers, coupons of items) is read one by one, once."""

BALANCE = ("data.balance_transaction",)
PAYERS = timedelta(days=35)
"""So long before the month may that invoice have been issued which is paid in it."""

MOST_LINES = 10_000
Cash = tuple[str, Any, tuple[str, ...]]


class StripeBooks:
    """`now` is when the reading began: what was created later is not of it."""

    def __init__(
        self,
        client: StripeClient,
        cut: MonthCut,
        site: str,
        *,
        tally: Tally | None = None,
        readers: int = READERS,
    ) -> None:
        self._client, self._cut, self._site, self._readers = client, cut, site, readers
        self._web = client.web_url
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._customers = True
        self.tally = tally or Tally()

    def tables(self) -> Iterator[tuple[Table, AsyncIterator[BaseModel]]]:
        yield "subscriptions", self.subscriptions()
        yield "documents", self.documents()
        yield "cash", self.cash()

    async def aclose(self) -> None:
        self.tally.aside.close()

    # -- subscriptions

    async def subscriptions(self) -> AsyncIterator[BillingSubscription]:
        await self._note_changes(self._cut.end, self._now)
        until = self._now + timedelta(seconds=1)
        windows = await since_ever(until, self._readers, self._has_older)
        rows = self._rows("subscriptions", windows, EXPANDED, {"status": "all"}, with_customer=True)
        async for record in self.tally.records("subscriptions", self._whole(rows), _id, self._subscription):
            yield record
        await self._count_again("subscriptions", windows, {"status": "all"})
        await self._name_changes_since()

    def _subscription(self, row: Row) -> BillingSubscription:
        record = subscription_of(row, self._site, self._web, self._now)
        changed_at = changes.changed_at(self.tally.aside, record.id)
        earlier: BillingSubscription | None = None
        with suppress(ValidationError, Unreadable):
            if before := changes.before(self.tally.aside, row):
                earlier = subscription_of(before, self._site, self._web, self._cut.end)
        return record.model_copy(update={"changed_at": changed_at, "earlier": earlier})

    async def _note_changes(self, since: datetime, until: datetime) -> int:
        """Of subscriptions, from then on; how many events."""
        kept_from, found = self._now - KEPT, 0
        async for page in self._pages("events", _created(since, until) | {"types": list(changes.TYPES)}):
            for event in page:
                changes.note(self.tally.aside, event)
                found += 1
        how = "no count: events since the cut"
        if since < kept_from:
            how += (
                f"; Stripe has none from before {kept_from:%Y-%m-%d %H:%M} UTC, and what changed is unknown"
            )
        self.tally.controls.append(Control(what="events", read=found, how=how))
        return found

    async def _name_changes_since(self) -> None:
        """What changed while it was read may be told as it is since."""
        later = datetime.now(UTC) + timedelta(seconds=1)
        query = _created(self._now, later) | {"types": list(changes.TYPES)}
        async for page in self._pages("events", query):
            for event in page:
                id = ((event.get("data") or {}).get("object") or {}).get("id")
                if isinstance(id, str) and self.tally.has("subscriptions", id):
                    self.tally.name_changed(id)

    async def _whole(self, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        """Each with what is not told in a list."""
        async for row in rows:
            for item in (row.get("items") or {}).get("data") or []:
                if isinstance(item, dict):
                    item["price"] = await self._with_tiers(item.get("price"))
                    item["discounts"] = [
                        await self._with_coupon(each) for each in item.get("discounts") or []
                    ]
            row["discounts"] = [await self._with_coupon(each) for each in row.get("discounts") or []]
            await self._complete(row)
            yield row

    async def _complete(self, row: Row) -> None:
        customer, schedule = row.get("customer"), row.get("schedule")
        if isinstance(customer, dict) and isinstance(customer.get("discount"), dict):
            customer["discount"] = await self._with_coupon(customer["discount"])
        for phase in (schedule.get("phases") or []) if isinstance(schedule, dict) else []:
            for item in phase.get("items") or []:
                if isinstance(item.get("price"), str):
                    item["price"] = await self._one("prices", item["price"], ["tiers"])
        invoice = row.get("latest_invoice")
        if (row.get("automatic_tax") or {}).get("enabled") and isinstance(invoice, dict):
            row["automatic_rates"] = [rate async for rate in self._rates(invoice)]

    async def _with_tiers(self, price: Any) -> Any:
        if isinstance(price, dict) and price.get("billing_scheme") == "tiered" and not price.get("tiers"):
            return await self._one("prices", str(price.get("id")), ["tiers"]) or price
        return price

    async def _with_coupon(self, discount: Any) -> Any:
        """A coupon that is not expanded stands there by its id."""
        if not isinstance(discount, dict):
            return discount
        found = discount.get("source")
        source: Row = found if isinstance(found, dict) else {}
        id = source.get("coupon") or discount.get("coupon")
        if not isinstance(id, str):
            return discount
        coupon = await self._one("coupons", id, ["currency_options"])
        return discount | {"source": source | {"coupon": coupon}} if coupon else discount

    async def _rates(self, invoice: Row) -> AsyncIterator[Row]:
        for tax in invoice.get("total_taxes") or []:
            id = (tax.get("tax_rate_details") or {}).get("tax_rate") if isinstance(tax, dict) else None
            if isinstance(id, str) and (rate := await self._one("tax_rates", id, [])):
                yield rate | {"inclusive": tax.get("tax_behavior") == "inclusive"}

    # -- documents

    async def documents(self) -> AsyncIterator[Document]:
        """Of the month and a few days around."""
        windows = even(*around(self._cut), self._readers)
        invoices = self._all_lines("invoices", self._rows("invoices", windows))
        async for invoice in self.tally.records(
            "invoices", invoices, _id, lambda row: invoice_of(row, self._site, self._web)
        ):
            yield invoice
        await self._count_again("invoices", windows)
        notes = self._all_lines("credit_notes", self._rows("credit_notes", windows))
        async for note in self.tally.records(
            "credit_notes", notes, _id, lambda row: credit_note_of(row, self._site, self._web)
        ):
            yield note
        await self._count_again("credit_notes", windows)

    async def _all_lines(self, objects: str, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        """A list tells ten lines of each."""
        async for row in rows:
            lines = row.get("lines") or {}
            if lines.get("has_more"):
                found: list[Row] = []
                async for page in self._pages(f"{objects}.line_items", {"limit": 100}, str(row.get("id"))):
                    found += page
                    if len(found) > MOST_LINES:
                        self.tally.leave_out(objects, row.get("id"), f"it has more than {MOST_LINES:,} lines")
                        break
                else:
                    yield row | {"lines": {"data": found}}
            else:
                yield row

    # -- cash

    async def cash(self) -> AsyncIterator[CashEntry]:
        """Payouts first: by what is in them the others know theirs."""
        windows = even(*around(self._cut), self._readers)
        rows = self._rows("payouts", windows)
        async for payout in self.tally.records("payouts", rows, _id, self._payout):
            yield payout
        await self._count_again("payouts", windows)
        await self._note_payouts()
        await self._note_payers()
        for objects, read in (("charges", charge_of), ("refunds", refund_of), ("disputes", dispute_of)):
            parts = () if objects == "disputes" else BALANCE
            found = self._rows(objects, windows, parts)
            async for entry in self.tally.records(objects, found, _id, partial(self._entry, read)):
                yield entry
            await self._count_again(objects, windows)

    def _payout(self, row: Row) -> CashEntry | None:
        if row.get("automatic"):
            self.tally.aside.put("automatic payouts", str(row["id"]), 1)
        return payout_of(row, self._site, self._web)

    def _entry(self, read: Any, row: Row) -> CashEntry | None:
        aside, charge = self.tally.aside, row.get("charge")
        intent = row.get("payment_intent") or (aside.get("intents", str(charge)) if charge else None)
        if row.get("object") == "charge" and intent:
            aside.put("intents", str(row["id"]), str(intent))
        paid = aside.get("payers", str(intent)) or aside.get("payers", str(charge or row.get("id")))
        found: CashEntry | None = read(
            row, self._site, self._web, [paid] if paid else [], aside.get("paid out", str(row["id"])) or ""
        )
        return found

    async def _note_payouts(self) -> None:
        """What is in each payout that Stripe made up itself: others do not say."""
        for payout, _ in list(self.tally.aside.items("automatic payouts")):
            async for page in self._pages("balance_transactions", {"payout": payout}):
                for row in page:
                    if isinstance(row.get("source"), str):
                        self.tally.aside.put("paid out", row["source"], payout)

    async def _note_payers(self) -> None:
        """Which invoice a payment is of: newer versions of the API tell it there alone."""
        start, end = around(self._cut)
        windows = even(start - PAYERS, end, self._readers)
        async for page in read_windows(windows, self._windowed("invoice_payments", {}), self._readers):
            for row in page:
                payment, invoice = row.get("payment") or {}, row.get("invoice")
                for paid in (payment.get("payment_intent"), payment.get("charge")):
                    if isinstance(paid, str) and isinstance(invoice, str):
                        self.tally.aside.put("payers", paid, invoice)

    # -- lists

    async def _rows(
        self,
        objects: str,
        windows: list[Window],
        expand: tuple[str, ...] = (),
        query: Row | None = None,
        *,
        with_customer: bool = False,
    ) -> AsyncIterator[Row]:
        query = dict(query or {})
        if with_customer and await self._may_read_customers():
            expand = (*expand, "data.customer")
        if expand:
            query["expand"] = list(expand)
        async for page in read_windows(windows, self._windowed(objects, query), self._readers):
            for row in page:
                yield row

    async def _count_again(self, objects: str, windows: list[Window], query: Row | None = None) -> None:
        """In halves of the windows: a list that ends without a word hides others then."""

        async def ids() -> AsyncIterator[str]:
            async for row in self._rows(objects, halved(windows), (), query):
                yield str(row.get("id"))

        how = "second pass over ids, in other windows: Stripe counts no list"
        await self.tally.second_pass(objects, ids(), how)

    def _windowed(self, objects: str, query: Row) -> Pages:
        def pages(window: Window) -> AsyncIterator[list[Row]]:
            return self._pages(objects, query | {"created": {"gte": window[0], "lt": window[1]}})

        return pages

    async def _pages(self, objects: str, query: Row, of: str = "") -> AsyncIterator[list[Row]]:
        after: str | None = None
        while True:
            asked = {"limit": 100, **query, **({"starting_after": after} if after else {})}
            page = await self.tally.page(lambda asked=asked: self._client.page(objects, asked, of))  # type: ignore[misc]
            yield page.rows
            if page.after is None or page.after == after:
                return
            after = page.after

    async def _has_older(self, second: int) -> bool:
        query = {"status": "all", "created": {"lt": second}, "limit": 1}
        return bool((await self.tally.page(lambda: self._client.page("subscriptions", query))).rows)

    async def _one(self, objects: str, id: str, expand: list[str]) -> Row | None:
        """Asked for once. None where it is gone."""
        known = self.tally.aside.get(objects, id)
        if known is None:
            try:
                known = await self.tally.page(lambda: self._client.one(objects, id, expand))
            except NotFound:
                known = {}
            self.tally.aside.put(objects, id, known)
        return known or None

    async def _may_read_customers(self) -> bool:
        """Without the right to, only names and e-mails are missing, and discounts of customers."""
        try:
            await self.tally.page(lambda: self._client.page("customers", {"limit": 1}))
        except Unauthorized as error:
            if error.code != READ_CUSTOMERS:
                raise
            return False
        return True


def _id(row: Row) -> Any:
    return row.get("id")


def _created(since: datetime, until: datetime) -> Row:
    return {"created": {"gte": int(since.timestamp()), "lt": -int(-until.timestamp() // 1)}}
