"""Labelled months: one cause, two, none, and differences that only look like one.

ChartMogul's figure is computed here of the invoice lines, by the documented formula, and billing's of terms,
both in fractions: no code of the product has a part in what a case expects.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from models.reconciliation.books import BillingItem, DocumentLine, ItemKind, SourceSettings, Standing
from models.reconciliation.causes import Cause
from tests.reconciliation.records import (
    Month,
    Named,
    at,
    billed,
    billing,
    counted,
    coupon,
    customer,
    item,
    line,
)

C = Cause
MONTH_END = at("2026-10-31T23:00")
STANDINGS = {C.INVOICE_HANDLING, C.FREE_OR_TRIAL, C.UNPAID_COUNTED, C.PAUSED_COUNTED, C.CANCEL_TIMING}
RULES = [
    C.INVOICE_HANDLING,
    C.FREE_OR_TRIAL,
    C.UNPAID_COUNTED,
    C.PAUSED_COUNTED,
    C.CANCEL_TIMING,
    C.REFUND_RULE,
    C.ONE_TIME_AS_RECURRING,
    C.METERED_COUNTED,
    C.UNBILLED_CHANGE,
    C.SCHEDULED_CHANGE,
    C.PRORATION_FLAG,
    C.TAX_INCLUDED,
    C.DISCOUNT_RULE,
    C.PERIOD_FACTOR,
    C.FX_RATE_DATE,
    C.USER_EDIT,
]
"""In the order in which they are tried."""

NEVER_TOGETHER = {
    *(frozenset(pair) for pair in combinations(STANDINGS, 2)),
    *(frozenset(pair) for pair in combinations((C.UNBILLED_CHANGE, C.SCHEDULED_CHANGE), 2)),
    frozenset({C.PERIOD_FACTOR, C.PRORATION_FLAG}),
    frozenset({C.REFUND_RULE, C.INVOICE_HANDLING}),  # nobody has paid yet
    frozenset({C.REFUND_RULE, C.UNPAID_COUNTED}),
    frozenset({C.REFUND_RULE, C.PAUSED_COUNTED}),  # Stripe's alone, and Stripe goes on to count
}


@dataclass
class Case:
    label: str
    month: Month
    causes: Named
    unexplained: int = 0


def whole(exact: Fraction | int) -> int:
    """Halves away from zero: twice the amount, cut off, tells on which side of a half it is."""
    twice = int(abs(Fraction(exact)) * 2)
    return (1 if exact > 0 else -1) * ((twice + 1) // 2)


def later(start: datetime, months: int) -> datetime:
    number = start.year * 12 + start.month - 1 + months
    return start.replace(year=number // 12, month=number % 12 + 1)


# -- one subscription that both sides have alike


@dataclass
class Terms:
    """What is agreed, and how it is billed; one interval of `months`, or a week."""

    price: int
    quantity: int
    months: int
    weekly: bool
    start: datetime
    end: datetime

    @property
    def interval(self) -> dict[str, Any]:
        if self.weekly:
            return {"interval": "week", "interval_count": 1}
        years = self.months % 12 == 0
        count = self.months // 12 if years else self.months
        return {"interval": "year" if years else "month", "interval_count": count}

    @property
    def per_month(self) -> Fraction:
        return Fraction(52, 12) if self.weekly else Fraction(1, self.months)


def terms(rng: Random, weekly: bool = False) -> Terms:
    months = rng.choice([1, 1, 1, 3, 6, 12, 12, 24])
    start = datetime(2026, 10, rng.randint(1, 28), rng.randint(0, 23), rng.randint(0, 59), tzinfo=UTC)
    start = later(start, -rng.randrange(months)) if not weekly else at("2026-10-26") + timedelta(hours=9)
    end = start + timedelta(days=7) if weekly else later(start, months)
    price = rng.choice([rng.randrange(900, 9900) * months, rng.choice([1900, 4900, 9900, 11900]) * months])
    return Terms(price, rng.randint(1, 12), months, weekly, start, end)


@dataclass(frozen=True)
class Step:
    """Billing's figure, rule by rule, in fractions."""

    amount: Fraction
    per_month: Fraction
    alive: bool = True
    tax: Fraction = Fraction(1)
    coupon: Fraction = Fraction(1)
    share: Fraction = Fraction(1)
    added: int = 0
    rate: Fraction = Fraction(1)

    def figure(self) -> int:
        exact = self.amount * self.tax * self.coupon * self.per_month * self.share if self.alive else 0
        return whole((whole(exact) + self.added) * self.rate)


class Builder:
    """A subscription and a line that agree, but for the causes. `changes` says what each is to the figure."""

    def __init__(self, rng: Random, causes: set[Cause]) -> None:
        self.rng, self.causes = rng, causes
        self.agreed = terms(rng, weekly=C.PERIOD_FACTOR in causes)
        self.taxed = C.TAX_INCLUDED in causes or rng.random() < 0.25
        self.on_top = self.taxed and rng.random() < 0.5
        self.month: dict[str, Any] = {"system": _system(rng, causes)}
        self.sub = self._subscription()
        self.line = self._line()
        self.items = [self._item(self.agreed.quantity)]
        self.more: list[dict[str, Any]] = []
        self.quantity, self.share, self.percent = self.agreed.quantity, Fraction(1), 0
        self.changes: dict[Cause, dict[str, Any]] = {}
        self.added: dict[Cause, int] = {}

    def case(self, label: str) -> Case:
        self._stand()
        self._other_quantity()
        self._part_of_a_period()
        self._coupon()
        self._amounts()
        self._other_items()
        self._refund()
        self._factor_and_tax()
        return self._with_rates(label)

    # records of both sides

    def _subscription(self) -> dict[str, Any]:
        start, end = self.agreed.start, self.agreed.end
        period = {"period_start": start, "period_end": end, "started_at": min(start, at("2025-01-07"))}
        return {"system": self.month["system"], **period}

    def _line(self) -> dict[str, Any]:
        start, end = self.agreed.start, self.agreed.end
        return {"starts_at": start, "ends_at": end, "invoice_at": start, "quantity": self.agreed.quantity}

    def _item(self, quantity: int) -> BillingItem:
        tax = {"tax_on_top" if self.on_top else "tax_included": Decimal(19)} if self.taxed else {}
        return item(self.agreed.price * quantity, quantity=quantity, **self.agreed.interval, **tax)

    def _stand(self) -> None:
        for code in self.causes & STANDINGS:
            sub, there, month = _standing(code, self.agreed)
            self.sub |= sub
            self.line |= there
            self.month |= month
            self.changes[code] = {"alive": True}

    def _other_quantity(self) -> None:
        for code in self.causes & {C.UNBILLED_CHANGE, C.SCHEDULED_CHANGE}:
            self.quantity += self.rng.randint(1, 6)
            self.line["quantity"] = self.quantity
            self.changes[code] = {"amount": Fraction(self.agreed.price * self.quantity)}
            if code is C.SCHEDULED_CHANGE:
                self.sub |= {"pending": [self._item(self.quantity)], "pending_at": at("2026-11-15")}

    def _part_of_a_period(self) -> None:
        if C.PRORATION_FLAG not in self.causes:
            return
        agreed = self.agreed
        days = self.rng.randint(4, 13) if agreed.months == 1 else self.rng.randint(17, 26)
        latest = MONTH_END - timedelta(days=2, hours=5)
        start = min(agreed.end - timedelta(days=days, hours=5), latest)
        self.line |= {"starts_at": start, "invoice_at": start}
        self.share = Fraction((agreed.end - start) // SECOND, (agreed.end - agreed.start) // SECOND)
        self.changes[C.PRORATION_FLAG] = {"share": self.share}

    def _coupon(self) -> None:
        if C.DISCOUNT_RULE in self.causes:
            self.percent = self.rng.choice([10, 15, 20, 25, 50])
            until = self.agreed.end if self.rng.random() < 0.5 else None
            coupons = [coupon(percent=self.percent, start=self.agreed.start, end=until)]
            self.changes[C.DISCOUNT_RULE] = {"coupon": 1 - Fraction(self.percent, 100)}
        elif self.rng.random() < 0.2:
            self.percent = 10
            coupons = [coupon(percent=10, duration="forever", start=at("2024-01-01"))]
        else:
            return
        self.sub["discounts"] = coupons

    def _amounts(self) -> None:
        """What the line says: tax, discount, and what a person made of it."""
        top = Fraction(119, 100) if self.on_top else Fraction(1)
        full = whole(self.agreed.price * self.quantity * self.share * top)
        off = whole(Fraction(full * self.percent, 100))
        amount = full - off
        hidden = not self.taxed or C.TAX_INCLUDED in self.causes
        tax = 0 if hidden else amount - whole(Fraction(amount * 100, 119))
        self.factor = Fraction("4.33") if C.PERIOD_FACTOR in self.causes else self.agreed.per_month
        edited = amount
        if C.USER_EDIT in self.causes:
            edited += self.rng.choice([-1, 1]) * self.rng.randrange(200, 800)
            self.line |= {"by_hand": True, "amount_before_edit": amount}
        self.line |= {"amount": edited, "discount": off, "tax": tax}
        self.counts = whole((edited - tax) * self.factor)
        self.added[C.USER_EDIT] = self.counts - whole((amount - tax) * self.factor)
        if C.UNBILLED_CHANGE in self.causes:
            self.sub["changed_at"] = self.line["invoice_at"] + timedelta(hours=1)

    def _other_items(self) -> None:
        dates = {"starts_at": at("2026-10-10"), "ends_at": at("2026-11-10")}
        for code, kind in OTHERS.items():
            if code in self.causes:
                worth = self.rng.randrange(500, 50000)
                ids = {"line": f"li_{kind}", "invoice": f"inv_{kind}", **self._other_item(kind, worth)}
                self.more.append({"amount": worth, **ids, **dates})
                self.added[code] = worth

    def _other_item(self, kind: ItemKind, worth: int) -> dict[str, Any]:
        """By the plan, or by the line of billing's invoice alone: what is billed once is no item then, and
        usage has the plan of the subscription."""
        by_plan = self.rng.random() < 0.5
        if by_plan or kind is ItemKind.METERED:
            self.items.append(item(worth, id=f"it_{kind}", plan=kind.value, kind=kind))
        if by_plan:
            return {"plan": kind.value}
        once = kind is ItemKind.ONE_TIME
        of_it = {"kind": kind} if once else {"item": f"it_{kind}"}
        invoice = billed(DocumentLine(net=Decimal(worth), id=f"il_{kind}", subscription="sub_1", **of_it))
        known = self.month.setdefault("more", {"documents": []})["documents"]
        known.append(invoice.model_copy(update={"system": self.month["system"]}))
        return {"plan": "" if once else "basic", "line_external_id": f"il_{kind}"}

    def _refund(self) -> None:
        if C.REFUND_RULE not in self.causes:
            return
        amount, tax = self.line["amount"], self.line["tax"]
        back = whole(Fraction(amount * self.rng.choice([1, 2, 3]), 4))
        self.line["transactions"] = [{"id": "tr_1", "kind": "refund", "at": at("2026-10-30"), "amount": back}]
        left = whole((amount - tax) * (1 - Fraction(back, amount)) * self.factor)
        self.month["account"] = {"refund_handling": "refund_reduces_mrr"}
        self.added[C.REFUND_RULE] = left - self.counts

    def _factor_and_tax(self) -> None:
        if C.TAX_INCLUDED in self.causes:
            self.changes[C.TAX_INCLUDED] = {"tax": Fraction(119, 100) if self.on_top else Fraction(1)}
        if C.PERIOD_FACTOR in self.causes:
            self.month["rules"] = {"chartmogul_factors": {"week": "4.33"}}
            self.changes[C.PERIOD_FACTOR] = {"per_month": self.factor}

    # what it comes to

    def _with_rates(self, label: str) -> Case:
        foreign = C.FX_RATE_DATE in self.causes
        currency = "USD" if foreign else "EUR"
        start_rate, end_rate = self._rates() if foreign else (Fraction(1), Fraction(1))
        added = sum(self.added[each] for each in self.added if each is not C.USER_EDIT)
        mrr = whole((self.counts + added) * start_rate)
        view = {"by_movements": None, "by_view": mrr} if foreign else {}
        lines = [line(**{"currency": currency, **each}) for each in (self.line, *self.more)]
        sub = billing(*self.items, currency=currency, **self.sub)
        month = Month([sub], [counted(mrr, **view, currency=currency)], lines, **self.month)
        return Case(label, month, self._expected(mrr, end_rate))

    def _rates(self) -> tuple[Fraction, Fraction]:
        start = Fraction(self.rng.randrange(9000, 10000), 10000)
        end = start + Fraction(self.rng.randrange(100, 900), 10000)
        days = {_berlin(each["starts_at"]) for each in (self.line, *self.more)}
        rates = {(day, "USD"): _decimal(start) for day in days}
        self.month["rates"] = {**rates, (date(2026, 10, 31), "USD"): _decimal(end)}
        self.changes[C.FX_RATE_DATE] = {"rate": start}
        return start, end

    def _expected(self, mrr: int, rate: Fraction) -> Named:
        """Each cause's cents by the order of the rules; nothing where all of it comes to nothing."""
        step = Step(
            amount=Fraction(self.agreed.price * self.agreed.quantity),
            per_month=self.agreed.per_month,
            alive=not self.causes & STANDINGS,
            tax=Fraction(100, 119) if self.taxed and not self.on_top else Fraction(1),
            coupon=Fraction(9, 10) if self.percent and C.DISCOUNT_RULE not in self.causes else Fraction(1),
            rate=rate,
        )
        start, found = step.figure(), []
        for code in (each for each in RULES if each in self.causes):
            changed = replace(step, **self.changes.get(code, {}))
            changed = replace(changed, added=step.added + self.added.get(code, 0))
            found.append((code, changed.figure() - step.figure()))
            step = changed
        found.append((C.ROUNDING, mrr - step.figure()))
        return sorted(each for each in found if each[1]) if mrr != start else []


OTHERS = {C.ONE_TIME_AS_RECURRING: ItemKind.ONE_TIME, C.METERED_COUNTED: ItemKind.METERED}
SECOND = timedelta(seconds=1)


def build(rng: Random, causes: set[Cause], label: str) -> Case:
    return Builder(rng, causes).case(label)


def _decimal(rate: Fraction) -> Decimal:
    return Decimal(rate.numerator) / Decimal(rate.denominator)


def _berlin(instant: datetime) -> date:
    return instant.astimezone(ZoneInfo("Europe/Berlin")).date()


def _system(rng: Random, causes: set[Cause]) -> str:
    if C.PAUSED_COUNTED in causes:
        return "chargebee"
    if causes & {C.REFUND_RULE, C.CANCEL_TIMING, C.UNPAID_COUNTED, C.DISCOUNT_RULE}:
        return "stripe"
    return rng.choice(["stripe", "chargebee", "recurly"])


def _standing(code: Cause, agreed: Terms) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Of subscription, line and month: billing does not count it, and ChartMogul does."""
    if code is C.INVOICE_HANDLING:
        open_ = {"invoice_status": "open"}
        return {"first_invoice_open": True}, open_, {"settings": {"counts_from": "open"}}
    if code is C.FREE_OR_TRIAL:
        ends = max(agreed.end, at("2026-11-10"))
        trial = {"trial_started_at": at("2026-09-01"), "trial_ends_at": ends}
        return {"standing": Standing.TRIALING, **trial}, {}, {}
    if code is C.UNPAID_COUNTED:
        unpaid = {"standing": Standing.UNPAID, "past_due_since": agreed.start}
        return unpaid, {"invoice_status": "open"}, {}
    if code is C.PAUSED_COUNTED:
        return {"standing": Standing.PAUSED, "paused_at": at("2026-10-30")}, {}, {}
    return {"cancel_asked_at": at("2026-10-29"), "ends_at": agreed.end}, {}, {}


# -- what is there on one side only


class Structural:
    """A subscription of one item, its line and its MRR, and what each cause does to them."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.agreed = replace(terms(rng), quantity=1)
        self.mrr = whole(Fraction(self.agreed.price, self.agreed.months))
        self.items = [item(self.agreed.price, **self.agreed.interval)]
        start, end = self.agreed.start, self.agreed.end
        self.old = {"started_at": min(start, at("2025-01-07")), "period_start": start, "period_end": end}
        self.sub = billing(*self.items, **self.old)
        self.line = line(self.agreed.price, starts_at=start, ends_at=end, invoice_at=start)

    def unit_exponent(self) -> tuple[Month, list[int]]:
        currency, unit = self.rng.choice([("JPY", 100), ("KWD", 10), ("KRW", 100)])
        price = self.rng.randrange(90, 9000) * 10
        hundredths = price * 100 * 100 if unit == 100 else price
        lines = [line(hundredths, currency=currency)]
        sub = billing(item(price), currency=currency)
        month = Month([sub], [counted(hundredths, currency=currency)], lines, currency=currency)
        return month, [price * (unit - 1)]

    def drift(self) -> tuple[Month, list[int]]:
        other = self.agreed.price + self.rng.randrange(100, 9000) * self.agreed.months
        changed = {"changed_at": at("2026-11-01T02:00"), "earlier": self.sub}
        after = billing(item(other, **self.agreed.interval), **changed, **self.old)
        month = Month([after], [counted(self.mrr)], [self.line])
        return month, [self.mrr - whole(Fraction(other, self.agreed.months))]

    def timezone_edge(self) -> tuple[Month, list[int]]:
        began = MONTH_END + timedelta(minutes=self.rng.randint(0, 59))
        sub = billing(*self.items, started_at=began, period_start=began)
        return Month([sub], source={"time_zone": "UTC"}), [-self.mrr]

    def import_lag(self) -> tuple[Month, list[int]]:
        began = at("2026-10-31T08:00") + timedelta(minutes=self.rng.randint(0, 800))
        sub = billing(*self.items, started_at=began, period_start=began)
        another = line(100, subscription_external_id="sub_9", invoice_at=at("2026-10-31T06:00"))
        return Month([sub], lines=[another], settings={"pending": self.rng.randint(1, 900)}), [-self.mrr]

    def import_error(self) -> tuple[Month, list[int]]:
        wrong = self.line.model_copy(update={"errors": ["plan is missing"]})
        return Month([self.sub], lines=[wrong], settings={"failed": 1}), [-self.mrr]

    def duplicate_source(self) -> tuple[Month, list[int]]:
        twice = [counted(self.mrr), counted(self.mrr, source="ds_2", customer="cus_2")]
        return Month([self.sub], twice, [self.line], source={"also": ["ds_2"]}), [self.mrr]

    def merged_customer(self) -> tuple[Month, list[int]]:
        both = customer(external_ids=["cust_0", "cust_1"], merged_from=["cus_0"])
        return Month([self.sub], [counted(self.mrr)], [self.line], customers=[both]), [0]

    def migrated_subscription(self) -> tuple[Month, list[int]]:
        ended = at("2026-10-12") + timedelta(hours=self.rng.randint(0, 99))
        old = billing(*self.items, **self.old, standing=Standing.ENDED, ended_at=ended)
        began = ended + timedelta(days=self.rng.randint(-6, 6))
        new = billing(*self.items, id="sub_2", started_at=began)
        return Month([old, new], [counted(self.mrr)], [self.line]), [-self.mrr, self.mrr]

    def deleted_in_billing(self) -> tuple[Month, list[int]]:
        if self.rng.random() < 0.5:
            return Month([], [counted(self.mrr)], [self.line], more={"gone": {"sub_1"}}), [self.mrr]
        gone = billing(*self.items, standing=Standing.ENDED, status="deleted")
        return Month([gone], [counted(self.mrr)], [self.line]), [self.mrr]

    def ignored(self) -> tuple[Month, list[int]]:
        left_out = self.rng.choice([{"plans": ["basic"]}, {"customers": ["cust_1"]}])
        return Month([self.sub], rules={"ignored": left_out}), [-self.mrr]

    def rounding(self) -> tuple[Month, list[int]]:
        """Several yearly items, each of whose lines is rounded."""
        while True:
            prices = [self.rng.randrange(5000, 90000) for _ in range(self.rng.randint(3, 6))]
            by_line = sum(whole(Fraction(each, 12)) for each in prices)
            together = whole(Fraction(sum(prices), 12))
            if by_line != together:
                break
        dates = {"starts_at": at("2026-02-03"), "ends_at": at("2027-02-03"), "invoice_at": at("2026-02-03")}
        items = [item(each, id=f"it_{n}", plan=f"p{n}", interval="year") for n, each in enumerate(prices)]
        lines = [line(each, line=f"li_{n}", plan=f"p{n}", **dates) for n, each in enumerate(prices)]
        return Month([billing(*items)], [counted(by_line)], lines), [by_line - together]


STRUCTURAL = {
    C.UNIT_EXPONENT: Structural.unit_exponent,
    C.DRIFT: Structural.drift,
    C.TIMEZONE_EDGE: Structural.timezone_edge,
    C.IMPORT_LAG: Structural.import_lag,
    C.IMPORT_ERROR: Structural.import_error,
    C.DUPLICATE_SOURCE: Structural.duplicate_source,
    C.MERGED_CUSTOMER: Structural.merged_customer,
    C.MIGRATED_SUBSCRIPTION: Structural.migrated_subscription,
    C.DELETED_IN_BILLING: Structural.deleted_in_billing,
    C.IGNORED: Structural.ignored,
    C.ROUNDING: Structural.rounding,
}


def structural(rng: Random, code: Cause) -> Case:
    month, cents = STRUCTURAL[code](Structural(rng))
    return Case(code.value, month, sorted((code, each) for each in cents))


# -- sets


def singles(seeds: int) -> Iterator[Case]:
    for code in STRUCTURAL:
        for seed in range(seeds):
            yield structural(Random(f"{code} {seed}"), code)
    for code in RULES:
        for seed in range(seeds):
            yield build(Random(f"{code} {seed}"), {code}, code.value)


def controls(seeds: int) -> Iterator[Case]:
    for seed in range(seeds):
        yield build(Random(f"control {seed}"), set(), "control")


def pairs(seeds: int) -> Iterator[Case]:
    for one, other in combinations(RULES, 2):
        if frozenset({one, other}) not in NEVER_TOGETHER:
            for seed in range(seeds):
                yield build(Random(f"{one} {other} {seed}"), {one, other}, f"{one} + {other}")


def plausible(seeds: int) -> Iterator[Case]:
    """Amounts that would fit a cause of which no record says anything."""
    amounts = {
        "VAT": Fraction("0.19"),
        "a fifth off": Fraction("-0.2"),
        "16 of 31 days": Fraction(16) / 31 - 1,
        "a quarter of it": Fraction("-0.75"),
        "twice": Fraction(1),
        "none of it": Fraction(-1),
        "4 weeks": Fraction(4) * 12 / 52 - 1,
        "rate": Fraction("-0.0137"),
    }
    for name, part in amounts.items():
        for seed in range(seeds):
            yield _off(Random(f"{name} {seed}"), f"decoy: {name}", part, {}, {}, {})


def unfit(seeds: int) -> Iterator[Case]:
    """A record that could be the trigger of a cause, beside a difference that it does not make."""
    for name, seed in product(TRIGGERS, range(seeds)):
        rng = Random(f"{name} {seed}")
        yield _off(rng, f"decoy: {name}", _some_part(rng), *TRIGGERS[name])
    for seed in range(seeds * 5):
        rng = Random(f"two {seed}")
        one, other = (TRIGGERS[each] for each in rng.sample(sorted(TRIGGERS), 2))
        both = ({**a, **b} for a, b in zip(one, other, strict=True))
        yield _off(rng, "decoy: two of these", _some_part(rng), *both)


def unshown(seeds: int) -> Iterator[Case]:
    """What would show a cause is missing, or the cause is there and is not what makes the difference."""
    for name, seed in product(OUT, range(seeds)):
        yield _without_lines(Random(f"{name} {seed}"), f"decoy: {name}, and no line", OUT[name])
    for code, seed in product(RULES, range(seeds)):
        yield _random(Random(f"{code} {seed} random"), code)
    for seed in range(seeds):
        yield _opposite(Random(f"opposite {seed}"))


def _some_part(rng: Random) -> Fraction:
    return Fraction(rng.choice([-1, 1]) * rng.randrange(311, 4900), 10000)


EARLIER = at("2026-09-02")
TRIGGERS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "a coupon that is over": (
        {"discounts": [coupon(percent=20, start=at("2026-05-01"), end=at("2026-06-01"))]},
        {},
        {},
    ),
    "a coupon of later": ({"discounts": [coupon(percent=30, start=at("2026-11-02"))]}, {}, {}),
    "a coupon that no line has": (
        {"discounts": [coupon(percent=15, start=at("2024-01-01"), duration="repeating")]},
        {},
        {},
    ),
    "a cancellation after the cut": (
        {"cancel_asked_at": at("2026-11-02"), "ends_at": at("2027-12-01")},
        {},
        {},
    ),
    "a trial that is over": ({"trial_started_at": EARLIER, "trial_ends_at": at("2026-09-09")}, {}, {}),
    "a pause that is over": ({"paused_at": EARLIER}, {}, {}),
    "past due for a while": (
        {"standing": Standing.PAST_DUE, "past_due_since": at("2026-10-30")},
        {},
        {"settings": {"auto_churn_days": 30}},
    ),
    "terms for later": (
        {"pending": [item(77700, plan="pro")], "pending_at": at("2026-12-01")},
        {},
        {},
    ),
    "rows that wait": ({}, {}, {"settings": {"pending": 40, "failed": 3}}),
    "a refund that does not count": (
        {},
        {"transactions": [{"id": "tr_1", "kind": "refund", "at": at("2026-10-30"), "amount": 500}]},
        {"account": {"refund_handling": "refund_ignore"}},
    ),
    "a refund that counts": (
        {},
        {"transactions": [{"id": "tr_1", "kind": "refund", "at": at("2026-10-30"), "amount": 500}]},
        {"account": {"refund_handling": "refund_reduces_mrr"}},
    ),
    "a line by hand": ({}, {"by_hand": True}, {}),
    "a zone of its own": ({}, {}, {"source": {"time_zone": "America/New_York"}}),
    "a second source": (
        {},
        {},
        {"sources": [SourceSettings(uuid="ds_2", name="Other", system="stripe")]},
    ),
    "a change after it that no record has": ({"changed_at": at("2026-10-30")}, {}, {}),
    "a second item that is billed elsewhere": ({}, {"plan": ""}, {}),
    "a line that says it is prorated": ({}, {"proration": "full"}, {}),
    "a change before the invoice": ({"changed_at": at("2023-01-01")}, {}, {}),
}


def _off(
    rng: Random,
    label: str,
    part: Fraction,
    sub: dict[str, Any],
    there: dict[str, Any],
    month: dict[str, Any],
) -> Case:
    """Of a subscription that agrees, what ChartMogul counts is off by a part: in its line, or beside it."""
    agreed = replace(terms(rng), quantity=1)
    price = rng.randrange(20000, 90000) * agreed.months
    figure = whole(Fraction(price, agreed.months))
    in_line = rng.random() < 0.5 and "transactions" not in there
    billed_at = price + whole(price * part) if in_line else price
    mrr = whole(Fraction(billed_at, agreed.months)) if in_line else figure + whole(figure * part)
    dates = {"starts_at": agreed.start, "ends_at": agreed.end, "invoice_at": agreed.start}
    period = {"period_start": agreed.start, "period_end": agreed.end, "started_at": at("2024-03-01")}
    built = Month(
        [billing(item(price, **agreed.interval), **{**period, **sub})],
        [counted(mrr)],
        [line(billed_at, **{**dates, **there})],
        **month,
    )
    return Case(label, built, [], mrr - figure)


OUT: dict[str, dict[str, Any]] = {
    "in trial": {"standing": Standing.TRIALING, "trial_started_at": EARLIER},
    "unpaid": {"standing": Standing.UNPAID, "past_due_since": EARLIER},
    "paused": {"standing": Standing.PAUSED, "paused_at": EARLIER, "status": "paused"},
    "cancelled": {"cancel_asked_at": EARLIER, "ends_at": at("2027-02-01")},
    "its first invoice open": {"first_invoice_open": True},
    "ended": {"standing": Standing.ENDED, "ended_at": EARLIER},
}


def _without_lines(rng: Random, label: str, sub: dict[str, Any]) -> Case:
    """Billing does not count it, and why ChartMogul does nobody can say."""
    mrr = rng.randrange(500, 90000)
    month = Month([billing(item(rng.randrange(500, 90000)), **sub)], [counted(mrr)])
    return Case(label, month, [], mrr)


def _opposite(rng: Random) -> Case:
    """Two subscriptions of a customer whose differences are opposite, and neither has ended."""
    price, wrong = rng.randrange(5000, 90000), rng.randrange(300, 3000)
    subs = [billing(item(price)), billing(item(price), id="sub_2", started_at=at("2026-10-12"))]
    mine = [counted(price + wrong), counted(price - wrong, subscription_external_id="sub_2")]
    lines = [line(price), line(price, line="li_2", subscription_external_id="sub_2")]
    return Case("decoy: opposite", Month(subs, mine, lines), [], 0)


def _random(rng: Random, code: Cause) -> Case:
    """The cause is there on both sides, and what is counted is neither with nor without it."""
    case = build(rng, {code}, f"decoy: {code}, off")
    mine = case.month.counted[0]
    by = "by_movements" if mine.by_movements is not None else "by_view"
    right = getattr(mine, by)
    wrong = right + rng.choice([-1, 1]) * rng.randrange(137, 900)
    case.month.counted = [mine.model_copy(update={by: wrong})]
    return Case(case.label, case.month, [], sum(minor for _, minor in case.causes) + wrong - right)
