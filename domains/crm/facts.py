"""What a CRM may want to know of each customer, from lists that ChartMogul gives in bulk.

No call per customer: MRR and status come from the customers list, plans and cycle from movements and
plans, net payments from invoices. Only totals are kept, so that a million movements need no room.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from sys import intern
from typing import Any

from domains.crm.history import History, Line, cycle_name
from models.chartmogul_values import LONGEST_NAME, Unfit, instant, text, whole_cents
from models.crm import CrmMapping, rounded
from models.crm_facts import CUSTOM, CustomerFacts, FactName, attribute_of
from models.web_domains import domain_of_email, domain_of_website

Row = Mapping[str, Any]
"""A row as ChartMogul sent it."""

ROUNDING = 2
"""Cents that the movements of an ended subscription may add up to, after conversion of currencies."""

LARGEST_NUMBER = 10**40
"""What is more is no figure of anybody's."""

MOST_TAGS = MOST_PLANS = 100
"""Of one customer, by name; thousands would fit neither into a field nor into a run."""

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
    that are not read at all leave open what they would tell. `also` are facts wanted beside the mapping's.
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
        also: Iterable[FactName] = (),
    ) -> None:
        self._money, self._free_mail = mapping.money, mapping.free_mail
        self._shared_hosts = mapping.shared_hosts
        self._attributes = mapping.custom_attributes | set(filter(None, map(attribute_of, also)))
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
            name, external_id = _blank(row.get("name")), _blank(row.get("external_id"))
            for source in (_blank(row.get("data_source_uuid")), ""):
                self._plans.setdefault((source, external_id), (name, cycle))

    def add_movements(self, rows: Iterable[Row], customer_uuid: str | None = None) -> None:
        """Rows of /activities; or of one customer's own list, which does not name the customer."""
        for row in rows:
            try:
                uuid = customer_uuid or _needed(row, "customer-uuid")
                at = _second(row.get("date"))
                if at <= self._as_of:
                    self._history(uuid).move(row, at)
            except _UNREADABLE:
                self._spoil(customer_uuid or row.get("customer-uuid"), FROM_MOVEMENTS, "movement")

    def add_invoices(self, rows: Iterable[Row]) -> None:
        """Rows of /invoices with their line items and transactions."""
        for row in rows:
            try:
                uuid, currency = _needed(row, "customer_uuid"), intern(_needed(row, "currency").upper())
                for cents in _payments(row, self._as_of):
                    self._history(uuid).pay(cents, currency)
            except _UNREADABLE:
                self._spoil(row.get("customer_uuid"), FROM_INVOICES, "invoice")

    def add_subscriptions(self, rows: Iterable[Row], customer_uuid: str | None = None) -> None:
        """Rows of /customers/{uuid}/subscriptions with `customer-uuid`: better than movements where read."""
        for row in rows:
            uuid = customer_uuid or _blank(row.get("customer-uuid"))
            if uuid and row.get("status") == "active":
                cycle = cycle_name(row.get("billing-cycle"), row.get("billing-cycle-count"))
                self._history(uuid).subscribe(_blank(row.get("plan")), cycle)

    def facts(self, customers: Iterable[Row]) -> Iterable[CustomerFacts]:
        """Of rows of /customers. One that cannot be read is counted and left out."""
        for row in customers:
            try:
                yield self.facts_of(row)
            except _UNREADABLE:
                self.unreadable += 1

    def facts_of(self, row: Row) -> CustomerFacts:
        uuid, currency = _needed(row, "uuid"), _needed(row, "currency")
        history = self._histories.get(uuid) or History()
        email = text(row.get("email"))
        unknown = self._open | self._spoiled.get(uuid, {})
        mrr = whole_cents(row.get("mrr"))
        return CustomerFacts(
            uuid=uuid,
            external_id=text(row.get("external_id")),
            name=text(row.get("name")),
            company=text(row.get("company")),
            email=email.lower() if email else None,
            domain=self._domain(text(row.get("website_url")), email),
            status=text(row.get("status")),
            mrr=self._money.amount(mrr, currency),
            arr=self._arr(row, currency, unknown),
            currency=currency,
            subscriber_since=self._since(row, unknown),
            link=text(row.get("chartmogul-url")),
            country=text(row.get("country")),
            tags=_tags(row.get("attributes")),
            custom=self._custom(row.get("attributes"), unknown),
            **self._plans_of(history, paying=mrr > 0),
            **self._last_movement(history, currency, paying=mrr > 0),
            **self._payments_of(history, currency, unknown),
            unknown=unknown,
        )

    def _plans_of(self, history: History, *, paying: bool) -> dict[str, Any]:
        found = history.subscribed or [self._plan(line) for line in _alive(history, paying)]
        names = sorted({name for name, _ in found if name})
        cycles = sorted({cycle for _, cycle in found if cycle})
        if len(names) > MOST_PLANS:
            names = [*names[:MOST_PLANS], f"and {len(names) - MOST_PLANS} more"]
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

    def _since(self, row: Row, unknown: dict[FactName, str]) -> date | None:
        """A day that cannot be read is left open: it costs its customer no other fact."""
        try:
            found = instant(row.get("customer-since"))
        except Unfit:
            unknown["subscriber_since"] = "ChartMogul sent a date that cannot be read"
            return None
        return found.astimezone(self._zone).date() if found else None

    def _arr(self, row: Row, currency: str, unknown: dict[FactName, str]) -> Decimal | None:
        try:
            return self._money.amount(whole_cents(row.get("arr")), currency)
        except Unfit:
            unknown["arr"] = "ChartMogul sent no amount that can be read"
            return None

    def _custom(self, attributes: Any, unknown: dict[FactName, str]) -> dict[str, str]:
        """Those that the mapping names. What nobody can read is left open; what is not there is empty."""
        if not self._attributes:
            return {}
        given = (attributes.get("custom") or {}) if isinstance(attributes, dict) else None
        if not isinstance(given, dict):
            why = "ChartMogul sent no custom attributes that can be read"
            unknown |= {f"{CUSTOM}{name}": why for name in self._attributes}
            return {}
        found = dict[str, str]()
        for name in self._attributes & given.keys():
            try:
                if said := _plain(given[name]):
                    found[name] = said
            except Unfit:
                unknown[f"{CUSTOM}{name}"] = "ChartMogul sent a value that cannot be read"
        return found

    def _domain(self, website: str | None, email: str | None) -> str | None:
        """The website's, else the e-mail's."""
        hosts = self._shared_hosts
        for domain in (domain_of_website(website, hosts.also, hosts.allow), self._of_email(email)):
            if domain and not self._free_mail.holds(domain):
                return domain
        return None

    def _of_email(self, email: str | None) -> str | None:
        """None of free mail, which may be below its provider's domain."""
        host = (email or "").rpartition("@")[2].lower()
        return None if self._free_mail.holds(host) else domain_of_email(email)

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
        if transaction.get("disabled") or _needed(transaction, "result") != "successful":
            continue
        if _second(transaction.get("date")) > as_of:
            continue
        given = transaction.get("amount_in_cents")
        cents = abs(whole_cents(_total(invoice) if given is None else given))
        yield -cents if _needed(transaction, "type") == "refund" else cents


def _total(invoice: Row) -> int:
    """A transaction without an amount is of the whole invoice. Lines count after discount; that their
    amount holds the tax is ChartMogul's documentation, and not tried."""
    lines = (line for line in invoice["line_items"] if not line.get("disabled"))
    return sum(whole_cents(line.get("amount_in_cents")) for line in lines)


def _second(value: Any) -> float:
    """Raises ValueError where there is none."""
    found = instant(value)
    if found is None:
        raise Unfit("is missing")
    return found.timestamp()


def _needed(row: Row, name: str) -> str:
    """Raises ValueError where there is none."""
    found = text(row.get(name))
    if found is None:
        raise Unfit("is missing")
    return found


def _blank(value: Any) -> str:
    return text(value) or ""


def _plain(value: Any) -> str | None:
    """A text, number, truth or time as text; a long text is its beginning. None where it is empty."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and abs(value) < LARGEST_NUMBER:
        return f"{Decimal(str(value)):f}".removesuffix(".0")
    if value is None or isinstance(value, str):
        return text(value, LONGEST_NAME)
    raise Unfit("is neither text nor number nor truth")


def _tags(attributes: Any) -> tuple[str, ...]:
    """Up to so many; ChartMogul has them in no order that stays."""
    given = attributes.get("tags") if isinstance(attributes, dict) else None
    words = [text(tag) for tag in given if isinstance(tag, str)] if isinstance(given, list) else []
    return tuple(sorted({word for word in words if word})[:MOST_TAGS])
