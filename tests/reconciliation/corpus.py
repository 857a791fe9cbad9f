"""Labelled months: one cause, two, none, and differences that only look like one.

ChartMogul's figure is computed here of the invoice lines, by the documented formula, and billing's of terms,
both in decimal numbers: no code of the product has a part in what a case expects.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from models.reconciliation.books import BillingItem, ItemKind, SourceSettings, Standing
from models.reconciliation.causes import Cause
from tests.reconciliation.records import (
    Month,
    Named,
    at,
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
    """Halves away from zero. Twice the amount, cut off at a whole number, tells on which side of a half it is."""
    twice = int(abs(exact) * 2)
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
    weekly: bool = False
    start: datetime = MONTH_END
    end: datetime = MONTH_END

    @property
    def interval(self) -> dict[str, Any]:
        if self.weekly:
            return {"interval": "week", "interval_count": 1}
        years = self.months % 12 == 0
        return {
            "interval": "year" if years else "month",
            "interval_count": self.months // 12 if years else self.months,
        }


def terms(rng: Random, weekly: bool = False) -> Terms:
    months = rng.choice([1, 1, 1, 3, 6, 12, 12, 24])
    start = datetime(2026, 10, rng.randint(1, 28), rng.randint(0, 23), rng.randint(0, 59), tzinfo=UTC)
    start = later(start, -rng.randrange(months)) if not weekly else at("2026-10-26") + timedelta(hours=9)
    end = start + timedelta(days=7) if weekly else later(start, months)
    price = rng.choice([rng.randrange(900, 9900) * months, rng.choice([1900, 4900, 9900, 11900]) * months])
    return Terms(price, rng.randint(1, 12), months, weekly, start, end)


@dataclass
class Step:
    """Billing's figure, rule by rule, in decimal numbers."""

    amount: Fraction
    per_month: Fraction
    alive: bool = True
    tax: Fraction = Fraction(1)
    coupon: Fraction = Fraction(1)
    share: Fraction = Fraction(1)
    added: int = 0
    rate: Fraction = Fraction(1)

    def figure(self) -> int:
        own = whole(self.amount * self.tax * self.coupon * self.per_month * self.share) if self.alive else 0
        return whole((own + self.added) * self.rate)


@dataclass
class Built:
    sub: dict[str, Any]
    items: list[BillingItem]
    line: dict[str, Any]
    lines: list[tuple[dict[str, Any], int]]
    """Further ones, with what each counts for a month."""
    changes: dict[Cause, dict[str, Any]] = field(default_factory=dict)
    month: dict[str, Any] = field(default_factory=dict)


def build(rng: Random, causes: set[Cause], label: str) -> Case:
    """A subscription and a line that agree, but for the causes."""
    agreed = terms(rng, weekly=C.PERIOD_FACTOR in causes)
    unit, total = agreed.price, agreed.price * agreed.quantity
    system = _system(rng, causes)
    taxed = C.TAX_INCLUDED in causes or rng.random() < 0.25
    rate = Fraction(19) if taxed else Fraction(0)
    now = Step(
        Fraction(total),
        Fraction(52) / 12 if agreed.weekly else Fraction(1) / agreed.months,
        tax=1 / (1 + rate / 100),
        alive=not causes & STANDINGS,
    )
    sub: dict[str, Any] = {
        "system": system,
        "period_start": agreed.start,
        "period_end": agreed.end,
        "started_at": min(agreed.start, at("2025-01-07")),
    }
    there: dict[str, Any] = {
        "starts_at": agreed.start,
        "ends_at": agreed.end,
        "invoice_at": agreed.start,
        "quantity": agreed.quantity,
    }
    month: dict[str, Any] = {"system": system}
    tax = {"tax_included": Decimal(19)} if taxed else {}
    items = [item(total, quantity=agreed.quantity, **agreed.interval, **tax)]
    lines: list[Any] = []
    gross, ratio = Fraction(total), now.per_month
    steps: list[tuple[Cause, Step]] = []
    base = now

    def add(cause: Cause, **changes: Any) -> None:
        nonlocal now
        now = replace(now, **changes)
        steps.append((cause, now))

    # records of causes that change amounts, in the order of the steps
    if standing := causes & STANDINGS:
        (code,) = standing
        _stand(code, agreed, sub, there, month)
        add(code, alive=True)
    share_back = Fraction(rng.choice([1, 2, 3])) / 4 if C.REFUND_RULE in causes else Fraction(0)
    counted_quantity = agreed.quantity
    if causes & {C.UNBILLED_CHANGE, C.SCHEDULED_CHANGE}:
        counted_quantity = agreed.quantity + rng.randint(1, 6)
        gross = Fraction(unit * counted_quantity)
        there["quantity"] = counted_quantity
    share = Fraction(1)
    if C.PRORATION_FLAG in causes:
        part_days = rng.randint(4, 13) if agreed.months == 1 else rng.randint(17, 26)
        there["starts_at"] = there["invoice_at"] = agreed.end - timedelta(days=part_days, hours=5)
        if there["starts_at"] >= MONTH_END:
            there["starts_at"] = there["invoice_at"] = MONTH_END - timedelta(days=2, hours=5)
        seconds = Fraction(int((agreed.end - there["starts_at"]).total_seconds()))
        share = seconds / Fraction(int((agreed.end - agreed.start).total_seconds()))
    full = whole(gross * share)
    off = 0
    kept = Fraction(1)
    if C.DISCOUNT_RULE in causes:
        percent = rng.choice([10, 15, 20, 25, 50])
        kept = 1 - Fraction(percent) / 100
        off = whole(full * Fraction(percent) / 100)
        until = agreed.end if rng.random() < 0.5 else None
        sub["discounts"] = [coupon(percent=percent, start=agreed.start, end=until)]
    elif rng.random() < 0.2:
        kept_for_ever = Fraction("0.9")
        base = replace(base, coupon=kept_for_ever)
        now = replace(now, coupon=kept_for_ever)
        steps = [(cause, replace(step, coupon=kept_for_ever)) for cause, step in steps]
        off = whole(Fraction(full) / 10)
        sub["discounts"] = [coupon(percent=10, duration="forever", start=at("2024-01-01"))]
    amount = full - off
    tax_there = (
        0 if C.TAX_INCLUDED in causes or not taxed else amount - whole(Fraction(amount) / (1 + rate / 100))
    )
    factor = Fraction("4.33") if C.PERIOD_FACTOR in causes else ratio
    if C.PERIOD_FACTOR in causes:
        month["rules"] = {"chartmogul_factors": {"week": "4.33"}}
    edited = amount
    if C.USER_EDIT in causes:
        edited = amount + rng.choice([-1, 1]) * rng.randrange(200, 800)
        there |= {"by_hand": True, "amount_before_edit": amount}
    counts = whole((edited - tax_there) * factor)
    before_edit = whole((amount - tax_there) * factor)
    extra = 0
    for code, kind in ((C.ONE_TIME_AS_RECURRING, ItemKind.ONE_TIME), (C.METERED_COUNTED, ItemKind.METERED)):
        if code in causes:
            worth = rng.randrange(500, 50000)
            items.append(item(worth, id=f"it_{kind}", plan=kind.value, kind=kind))
            month_dates = {"starts_at": at("2026-10-10"), "ends_at": at("2026-11-10")}
            lines.append(
                line(worth, line=f"li_{kind}", invoice="inv_2", plan=kind.value, **month_dates, system=None)
                if False
                else {
                    "amount": worth,
                    "line": f"li_{kind}",
                    "invoice": f"inv_{kind}",
                    "plan": kind.value,
                    **month_dates,
                }
            )
            extra += worth
    refund_loss = 0
    if C.REFUND_RULE in causes:
        back = whole(Fraction(edited) * share_back)
        there["transactions"] = [{"id": "tr_1", "kind": "refund", "at": at("2026-10-30"), "amount": back}]
        left = 1 - Fraction(back) / Fraction(edited)
        refund_loss = whole((edited - tax_there) * left * factor) - counts
        month["account"] = {"refund_handling": "refund_reduces_mrr"}
        add(C.REFUND_RULE, added=now.added + refund_loss)
    for code in (C.ONE_TIME_AS_RECURRING, C.METERED_COUNTED):
        if code in causes:
            worth = next(each["amount"] for each in lines if each["plan"] == items_kind(code))
            add(code, added=now.added + worth)
    if C.UNBILLED_CHANGE in causes:
        add(C.UNBILLED_CHANGE, amount=gross)
        sub["changed_at"] = there["invoice_at"] + timedelta(hours=1)
    if C.SCHEDULED_CHANGE in causes:
        add(C.SCHEDULED_CHANGE, amount=gross)
        sub["pending"] = [item(int(gross), quantity=counted_quantity, **agreed.interval, **tax)]
        sub["pending_at"] = at("2026-11-15")
    if C.PRORATION_FLAG in causes:
        add(C.PRORATION_FLAG, share=share)
    if C.TAX_INCLUDED in causes:
        add(C.TAX_INCLUDED, tax=Fraction(1))
    if C.DISCOUNT_RULE in causes:
        add(C.DISCOUNT_RULE, coupon=kept)
    if C.PERIOD_FACTOR in causes:
        add(C.PERIOD_FACTOR, per_month=Fraction("4.33"))
    start_rate, end_rate = Fraction(1), Fraction(1)
    foreign = C.FX_RATE_DATE in causes
    if foreign:
        start_rate = Fraction(rng.randrange(9000, 10000)) / 10000
        end_rate = start_rate + Fraction(rng.randrange(100, 900)) / 10000
        base = replace(base, rate=end_rate)
        steps = [(cause, replace(step, rate=end_rate)) for cause, step in steps]
        now = replace(now, rate=end_rate)
        add(C.FX_RATE_DATE, rate=start_rate)
        starts = [there["starts_at"], *[each["starts_at"] for each in lines]]
        month["rates"] = {
            (date(2026, 10, 31), "USD"): _decimal(end_rate),
            **{(_berlin(each), "USD"): _decimal(start_rate) for each in starts},
        }
    if C.USER_EDIT in causes:
        add(C.USER_EDIT, added=now.added + counts - before_edit)
    currency = "USD" if foreign else "EUR"
    mrr = whole((counts + refund_loss + extra) * start_rate)
    all_lines = [
        line(edited, currency=currency, discount=off, tax=tax_there, **there),
        *[line(**{"currency": currency, **each}) for each in lines],
    ]
    figure = {"currency": currency} | ({"by_movements": None, "by_view": mrr} if foreign else {})
    subscription = billing(*items, currency=currency, **sub)
    causes_named: Named = []
    last = base.figure()
    for code, step in steps:
        if step.figure() != last:
            causes_named.append((code, step.figure() - last))
        last = step.figure()
    if mrr != last:
        causes_named.append((C.ROUNDING, mrr - last))
    built = Month([subscription], [counted(mrr, **figure)], all_lines, **month)
    return Case(label, built, sorted(causes_named))


def items_kind(code: Cause) -> str:
    return (ItemKind.ONE_TIME if code is C.ONE_TIME_AS_RECURRING else ItemKind.METERED).value


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


def _stand(
    code: Cause, agreed: Terms, sub: dict[str, Any], there: dict[str, Any], month: dict[str, Any]
) -> None:
    """Billing does not count it, and ChartMogul does."""
    if code is C.INVOICE_HANDLING:
        sub |= {"first_invoice_open": True}
        there |= {"invoice_status": "open"}
        month |= {"settings": {"counts_from": "open"}}
    elif code is C.FREE_OR_TRIAL:
        ends = max(agreed.end, at("2026-11-10"))
        sub |= {
            "standing": Standing.TRIALING,
            "trial_started_at": at("2026-09-01"),
            "trial_ends_at": ends,
        }
    elif code is C.UNPAID_COUNTED:
        sub |= {"standing": Standing.UNPAID, "past_due_since": agreed.start}
        there |= {"invoice_status": "open"}
    elif code is C.PAUSED_COUNTED:
        sub |= {"standing": Standing.PAUSED, "paused_at": at("2026-10-30")}
    else:
        sub |= {"cancel_asked_at": at("2026-10-29"), "ends_at": agreed.end}


# -- what is there on one side only


def structural(rng: Random, code: Cause) -> Case:
    agreed = replace(terms(rng), quantity=1)
    month = whole(Fraction(agreed.price) / agreed.months)
    items = [item(agreed.price, **agreed.interval)]
    dates = {"starts_at": agreed.start, "ends_at": agreed.end, "invoice_at": agreed.start}
    period = {"period_start": agreed.start, "period_end": agreed.end}
    old = min(agreed.start, at("2025-01-07"))
    sub = billing(*items, started_at=old, **period)
    mine = line(agreed.price, **dates)

    def case(built: Month, *causes: tuple[Cause, int]) -> Case:
        return Case(code.value, built, sorted(causes))

    match code:
        case C.UNIT_EXPONENT:
            currency, unit = rng.choice([("JPY", 100), ("KWD", 10), ("KRW", 100)])
            price = rng.randrange(90, 9000) * 10
            hundredths = price * 100 * 100 if unit == 100 else price
            sub = billing(item(price), currency=currency)
            built = Month(
                [sub],
                [counted(hundredths, currency=currency)],
                [line(hundredths, currency=currency)],
                currency=currency,
            )
            return case(built, (code, price * (unit - 1)))
        case C.DRIFT:
            other = agreed.price + rng.randrange(100, 9000) * agreed.months
            after = billing(
                item(other, **agreed.interval), changed_at=at("2026-11-01T02:00"), earlier=sub, **period
            )
            moved = whole(Fraction(other) / agreed.months)
            return case(Month([after], [counted(month)], [mine]), (code, month - moved))
        case C.TIMEZONE_EDGE:
            began = at("2026-10-31T23:00") + timedelta(minutes=rng.randint(0, 59))
            sub = billing(*items, started_at=began, period_start=began)
            return case(Month([sub], source={"time_zone": "UTC"}), (code, -month))
        case C.IMPORT_LAG:
            began = at("2026-10-31T08:00") + timedelta(minutes=rng.randint(0, 800))
            sub = billing(*items, started_at=began, period_start=began)
            another = line(100, subscription_external_id="sub_9", invoice_at=at("2026-10-31T06:00"))
            built = Month([sub], lines=[another], settings={"pending": rng.randint(1, 900)})
            return case(built, (code, -month))
        case C.IMPORT_ERROR:
            wrong = mine.model_copy(update={"errors": ["plan is missing"]})
            return case(Month([sub], lines=[wrong], settings={"failed": 1}), (code, -month))
        case C.DUPLICATE_SOURCE:
            again = counted(month, source="ds_2", customer="cus_2")
            built = Month([sub], [counted(month), again], [mine], source={"also": ["ds_2"]})
            return case(built, (code, month))
        case C.MERGED_CUSTOMER:
            both = customer(external_ids=["cust_0", "cust_1"], merged_from=["cus_0"])
            return case(Month([sub], [counted(month)], [mine], customers=[both]), (code, 0))
        case C.MIGRATED_SUBSCRIPTION:
            ended = at("2026-10-12") + timedelta(hours=rng.randint(0, 99))
            old_one = billing(*items, started_at=old, standing=Standing.ENDED, ended_at=ended)
            new = billing(*items, id="sub_2", started_at=ended + timedelta(days=rng.randint(-6, 6)))
            built = Month([old_one, new], [counted(month)], [mine])
            return case(built, (code, month), (code, -month))
        case C.DELETED_IN_BILLING:
            if rng.random() < 0.5:
                return case(Month([], [counted(month)], [mine], more={"gone": {"sub_1"}}), (code, month))
            gone = billing(*items, standing=Standing.ENDED, status="deleted")
            return case(Month([gone], [counted(month)], [mine]), (code, month))
        case C.IGNORED:
            left_out = rng.choice([{"plans": ["basic"]}, {"customers": ["cust_1"]}])
            return case(Month([sub], rules={"ignored": left_out}), (code, -month))
        case _:
            return rounding(rng)


STRUCTURAL = [
    C.UNIT_EXPONENT,
    C.DRIFT,
    C.TIMEZONE_EDGE,
    C.IMPORT_LAG,
    C.IMPORT_ERROR,
    C.DUPLICATE_SOURCE,
    C.MERGED_CUSTOMER,
    C.MIGRATED_SUBSCRIPTION,
    C.DELETED_IN_BILLING,
    C.IGNORED,
    C.ROUNDING,
]


def rounding(rng: Random) -> Case:
    """Several yearly items, each of whose lines is rounded."""
    while True:
        prices = [rng.randrange(5000, 90000) for _ in range(rng.randint(3, 6))]
        by_line = sum(whole(Fraction(each) / 12) for each in prices)
        together = whole(Fraction(sum(prices)) / 12)
        if by_line != together:
            break
    dates = {"starts_at": at("2026-02-03"), "ends_at": at("2027-02-03"), "invoice_at": at("2026-02-03")}
    items = [item(each, id=f"it_{n}", plan=f"p{n}", interval="year") for n, each in enumerate(prices)]
    lines = [line(each, line=f"li_{n}", plan=f"p{n}", **dates) for n, each in enumerate(prices)]
    month = Month([billing(*items)], [counted(by_line)], lines)
    return Case(C.ROUNDING.value, month, [(C.ROUNDING, by_line - together)])


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
            yield _off(Random(f"{name} {seed}"), f"decoy: {name}", set(), part, {}, {})


def unfit(seeds: int) -> Iterator[Case]:
    """A record that could be the trigger of a cause, beside a difference that it does not make."""
    for name, (sub, there, month) in TRIGGERS.items():
        for seed in range(seeds):
            rng = Random(f"{name} {seed}")
            part = Fraction(rng.choice([-1, 1]) * rng.randrange(311, 4900)) / 10000
            yield _off(rng, f"decoy: {name}", set(), part, sub, there, month)
    for code in (C.DISCOUNT_RULE, C.TAX_INCLUDED, C.UNPAID_COUNTED, C.FREE_OR_TRIAL, C.USER_EDIT):
        for seed in range(seeds):
            yield _random(Random(f"{code} {seed} random"), code)


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
        {"cancel_asked_at": at("2026-11-01"), "ends_at": at("2027-12-01")},
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
    "a change before the invoice": ({"changed_at": at("2023-01-01")}, {}, {}),
}


def _off(
    rng: Random,
    label: str,
    causes: set[Cause],
    part: Fraction,
    sub: dict[str, Any],
    there: dict[str, Any],
    month: dict[str, Any] | None = None,
) -> Case:
    """Of a subscription that agrees, what ChartMogul counts is off by a part: in its line, or beside it."""
    agreed = replace(terms(rng), quantity=1)
    price = rng.randrange(20000, 90000) * agreed.months
    in_line = rng.random() < 0.5
    billed_at = price + whole(price * part) if in_line else price
    figure = whole(Fraction(price) / agreed.months)
    mrr = whole(Fraction(billed_at) / agreed.months) if in_line else figure + whole(figure * part)
    if (
        there.get("transactions")
        and in_line
        and (month or {}).get("account") == {"refund_handling": "refund_reduces_mrr"}
    ):
        in_line, billed_at, mrr = False, price, figure + whole(figure * part)
    dates = {"starts_at": agreed.start, "ends_at": agreed.end, "invoice_at": agreed.start}
    period = {"period_start": agreed.start, "period_end": agreed.end, "started_at": at("2024-03-01")}
    built = Month(
        [billing(item(price, **agreed.interval), **{**period, **sub})],
        [counted(mrr)],
        [line(billed_at, **{**dates, **there})],
        **(month or {}),
    )
    return Case(label, built, [], mrr - figure)


def _random(rng: Random, code: Cause) -> Case:
    """The cause is there on both sides, and what is counted is neither with nor without it."""
    case = build(rng, {code}, f"decoy: {code}")
    right = case.month.counted[0].by_movements or 0
    wrong = right + rng.choice([-1, 1]) * rng.randrange(137, 900)
    difference = sum(minor for _, minor in case.causes) + wrong - right
    case.month.counted = [counted(wrong)]
    return Case(case.label, case.month, [], difference)
