"""What a CRM may want to know of each customer, from lists that ChartMogul gives in bulk.

No call per customer: MRR and status come from the customers list, plans and cycle from movements and
plans, net payments from invoices. Only totals are kept, so that a million movements need no room.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from sys import intern
from typing import Any

from clients.crm_history import History, Line, cycle_name
from models.company_domain import company_domain
from models.crm import CrmMapping, rounded
from models.crm_facts import CustomerFacts, FactName

Row = Mapping[str, Any]
"""A row as ChartMogul sent it."""

ROUNDING = 2
"""Cents that the movements of an ended subscription may add up to, after conversion of currencies."""

FROM_MOVEMENTS: tuple[FactName, ...] = (
    "plans",
    "billing_cycle",
    "churned_on",
    "last_movement_type",
    "last_movement_amount",
    "last_movement_at",
)
FROM_INVOICES: tuple[FactName, ...] = ("net_payments", "net_payments_by_currency")

_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


class FactsBuilder:
    """Add plans, movements and invoices, each row once and in any order; then ask for customers' facts.

    `as_of` hides what is scheduled for later. `zone` is the account's, for days. Invoices or movements
    that are not read at all leave open what they would tell.
    """

    def __init__(
        self,
        mapping: CrmMapping,
        *,
        as_of: datetime,
        zone: tzinfo = UTC,
        predicted_ltv_cents: int | float | None = None,
        movements: bool = True,
        invoices: bool = True,
    ) -> None:
        self._money, self._free_mail = mapping.money, mapping.free_mail
        self._as_of, self._zone = as_of.timestamp(), zone
        self._predicted = predicted_ltv_cents
        self._plans: dict[tuple[str, str], tuple[str, str]] = {}
        self._histories: dict[str, History] = {}
        self._open: dict[FactName, str] = {}
        self._open |= {} if movements else dict.fromkeys(FROM_MOVEMENTS, "movements were not read")
        self._open |= {} if invoices else dict.fromkeys(FROM_INVOICES, "invoices were not read")
        if predicted_ltv_cents is None:
            self._open["predicted_ltv"] = "no predicted lifetime value was read"
        self._spoiled: dict[str, dict[FactName, str]] = {}
        self.unreadable = 0
        """Rows without even a customer."""

    def add_plans(self, rows: Iterable[Row]) -> None:
        for row in rows:
            cycle = cycle_name(row.get("interval_unit"), row.get("interval_count"))
            name, external_id = str(row.get("name") or ""), str(row.get("external_id") or "")
            for source in (str(row.get("data_source_uuid") or ""), ""):
                self._plans.setdefault((source, external_id), (name, cycle))

    def add_movements(self, rows: Iterable[Row], customer_uuid: str | None = None) -> None:
        """Rows of /activities; or of one customer's own list, which does not name the customer."""
        for row in rows:
            try:
                uuid = customer_uuid or row["customer-uuid"]
                at = _instant(row["date"])
                if at <= self._as_of:
                    self._history(uuid).move(row, at)
            except _UNREADABLE:
                self._spoil(customer_uuid or row.get("customer-uuid"), FROM_MOVEMENTS, "movement")

    def add_invoices(self, rows: Iterable[Row]) -> None:
        """Rows of /invoices with their line items and transactions."""
        for row in rows:
            try:
                for cents in _payments(row, self._as_of):
                    self._history(row["customer_uuid"]).pay(cents, intern(row["currency"].upper()))
            except _UNREADABLE:
                self._spoil(row.get("customer_uuid"), FROM_INVOICES, "invoice")

    def add_subscriptions(self, rows: Iterable[Row], customer_uuid: str | None = None) -> None:
        """Rows of /customers/{uuid}/subscriptions with `customer-uuid`: better than movements where read."""
        for row in rows:
            uuid = customer_uuid or row.get("customer-uuid")
            if uuid and row.get("status") == "active":
                cycle = cycle_name(row.get("billing-cycle"), row.get("billing-cycle-count"))
                self._history(uuid).subscribe(str(row.get("plan") or ""), cycle)

    def facts(self, customers: Iterable[Row]) -> Iterable[CustomerFacts]:
        """Of rows of /customers. One that cannot be read is counted and left out."""
        for row in customers:
            try:
                yield self.facts_of(row)
            except _UNREADABLE:
                self.unreadable += 1

    def facts_of(self, row: Row) -> CustomerFacts:
        uuid, currency = str(row["uuid"]), str(row["currency"])
        history = self._histories.get(uuid) or History()
        email = _text(row.get("email"))
        unknown = self._open | self._spoiled.get(uuid, {})
        return CustomerFacts(
            uuid=uuid,
            external_id=_text(row.get("external_id")),
            name=_text(row.get("name")),
            company=_text(row.get("company")),
            email=email.lower() if email else None,
            domain=company_domain(_text(row.get("website_url")), email, self._free_mail.holds),
            status=_text(row.get("status")),
            mrr=self._money.amount(_cents(row["mrr"]), currency),
            arr=self._money.amount(_cents(row["arr"]), currency),
            currency=currency,
            subscriber_since=self._day(row.get("customer-since")),
            link=_text(row.get("chartmogul-url")),
            **self._plans_of(history, paying=_cents(row["mrr"]) > 0),
            **self._last_movement(history, currency, paying=_cents(row["mrr"]) > 0),
            **self._payments_of(history, currency, unknown),
            unknown=unknown,
        )

    def _plans_of(self, history: History, *, paying: bool) -> dict[str, Any]:
        found = history.subscribed or [self._plan(line) for line in _alive(history, paying)]
        names = sorted({name for name, _ in found if name})
        cycles = sorted({cycle for _, cycle in found if cycle})
        return {"plans": tuple(names), "billing_cycle": ", ".join(cycles) or None}

    def _plan(self, line: Line) -> tuple[str, str]:
        """One that is not in the list any more is called by its id."""
        by_source = self._plans.get((line.source, line.plan))
        return by_source or self._plans.get(("", line.plan)) or (line.plan, "")

    def _last_movement(self, history: History, currency: str, *, paying: bool) -> dict[str, Any]:
        left = None if paying or history.churned_at is None else history.churned_at
        return {
            "churned_on": None if left is None else datetime.fromtimestamp(left, self._zone).date(),
            "last_movement_type": history.last_type,
            "last_movement_amount": self._money.amount(history.last_cents, currency)
            if history.last_type
            else None,
            "last_movement_at": datetime.fromtimestamp(history.last_at, self._zone)
            if history.last_type
            else None,
        }

    def _payments_of(self, history: History, currency: str, unknown: dict[FactName, str]) -> dict[str, Any]:
        """In the account's currency where all can be said in it; else that is left open."""
        paid = {each: self._money.amount(cents, each) for each, cents in history.paid.items()}
        rates = self._money.exchange_rates | {currency: Decimal(1)}
        if strange := sorted(set(paid) - set(rates)):
            unknown.setdefault("net_payments", f"no exchange rate for {', '.join(strange)}")
            total = None
        else:
            total = sum((amount * rates[each] for each, amount in paid.items()), Decimal(0))
        predicted = None if self._predicted is None else self._money.amount(round(self._predicted), currency)
        return {
            "net_payments": None if total is None else rounded(total, currency),
            "net_payments_by_currency": ", ".join(f"{paid[each]} {each}" for each in sorted(paid)) or None,
            "predicted_ltv": predicted,
        }

    def _day(self, instant: str | None) -> date | None:
        return datetime.fromtimestamp(_instant(instant), self._zone).date() if instant else None

    def _history(self, uuid: str) -> History:
        history = self._histories.get(uuid)
        if history is None:
            history = self._histories[uuid] = History()
        return history

    def _spoil(self, uuid: object, facts: tuple[FactName, ...], what: str) -> None:
        """What the row would tell is left open for its customer: half a sum is worse than none."""
        if not isinstance(uuid, str):
            self.unreadable += 1
            return
        spoiled = self._spoiled.setdefault(uuid, {})
        spoiled |= dict.fromkeys(facts, f"ChartMogul sent a {what} that cannot be read")


def _alive(history: History, paying: bool) -> list[Line]:
    """Subscriptions that are paid for. Where the sums name none, the one that moved last."""
    if not paying:
        return []
    lines = list(history.lines.values())
    alive = [line for line in lines if line.cents > ROUNDING]
    return alive or sorted(lines, key=lambda line: line.at)[-1:]


def _payments(invoice: Row, as_of: float) -> Iterable[int]:
    """Cents of each successful payment, and with minus of each refund."""
    if invoice.get("disabled") or invoice.get("status") == "voided":
        return
    for transaction in invoice["transactions"]:
        if transaction.get("disabled") or transaction["result"] != "successful":
            continue
        if _instant(transaction["date"]) > as_of:
            continue
        given = transaction.get("amount_in_cents")
        cents = abs(_cents(_total(invoice) if given is None else given))
        yield -cents if transaction["type"] == "refund" else cents


def _total(invoice: Row) -> int:
    """A transaction without an amount is of the whole invoice. Lines count after discount; that their
    amount holds the tax is ChartMogul's documentation, and not tried."""
    lines = (line for line in invoice["line_items"] if not line.get("disabled"))
    return sum(_cents(line["amount_in_cents"]) for line in lines)


def _cents(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("no amount")
    return round(value)


def _instant(text: str) -> float:
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
