"""The worked examples of the rules, at the end of October 2026 in Berlin: figures, difference and causes."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest

from domains.reconciliation.figures.billing import billed, rules_of
from models.reconciliation.books import BillingItem, ItemKind, SourceSettings, Standing
from models.reconciliation.causes import Cause
from models.reconciliation.rules import BillingSource, Factors
from tests.reconciliation.records import (
    CUT,
    Month,
    Named,
    at,
    billing,
    closes,
    counted,
    coupon,
    customer,
    item,
    line,
    named,
    unexplained,
)

YEAR = {"starts_at": at("2026-03-01"), "ends_at": at("2027-03-01"), "invoice_at": at("2026-03-01")}
RATES = {
    (date(2026, 10, 31), "EUR"): Decimal("1.0950"),
    (date(2026, 10, 5), "EUR"): Decimal("1.0800"),
    (date(2026, 2, 3), "EUR"): Decimal("1.0400"),
}


def yearly(amount: int) -> BillingItem:
    return item(amount, interval="year")


def three_yearly(amount: int, mrr: int) -> Month:
    items = [item(amount, id=f"it_{n}", plan=f"p{n}", interval="year") for n in range(3)]
    lines = [line(amount, line=f"li_{n}", plan=f"p{n}", **YEAR) for n in range(3)]
    return Month([billing(*items)], [counted(mrr)], lines)


def thousand() -> Month:
    return Month(
        [billing(item(19999, interval="year"), id=f"s{n}", customer_id=f"c{n}") for n in range(1000)],
        [counted(1667, subscription_external_id=f"s{n}", customer=f"cus_{n}") for n in range(1000)],
    )


def foreign(amount: int, mrr: int, interval: str, start: str, days: int) -> Month:
    ends = at(start) + timedelta(days=days)
    dates = {"starts_at": at(start), "ends_at": ends, "invoice_at": at(start)}
    return Month(
        [billing(item(amount, interval=interval))],
        [counted(None, by_view=mrr)],
        [line(amount, **dates)],
        currency="USD",
        rates=RATES,
    )


def upgraded() -> Month:
    """The flag is missing: what is charged for 16 of 31 days counts as the whole."""
    part = {"starts_at": at("2026-10-16"), "invoice_at": at("2026-10-16"), "invoice": "inv_2"}
    part |= {"ends_at": at("2026-11-01")}
    return Month(
        [billing(item(16000, plan="pro"))],
        [counted(8258)],
        [
            line(10000, starts_at=at("2026-10-01"), ends_at=at("2026-11-01"), invoice_at=at("2026-10-01")),
            line(8258, line="li_2", plan="pro", **part),
            line(-5161, line="li_3", **part),
        ],
    )


def flagged() -> Month:
    part = {"starts_at": at("2026-10-22"), "ends_at": at("2026-11-01"), "prorated": True}
    return Month([billing(item(16000))], [counted(15999)], [line(5161, **part)])


def merged() -> Month:
    both = customer(uuid="cus_A", external_ids=["A", "B"], merged_from=["cus_B"])
    return Month(
        [billing(item(10000), customer_id="A"), billing(item(5000), id="sub_2", customer_id="B")],
        [
            counted(10000, customer="cus_A"),
            counted(5000, customer="cus_A", subscription_external_id="sub_2"),
        ],
        customers=[both],
    )


def connected_twice() -> Month:
    again = SourceSettings(uuid="ds_2", name="Stripe", system="stripe")
    return Month(
        [billing(item(9900))],
        [counted(9900), counted(9900, source="ds_2", customer="cus_2")],
        [line(9900)],
        customers=[customer(), customer(uuid="cus_2", sources=["ds_2"])],
        sources=[again],
    )


def refused_trial() -> Month:
    trial = {"trial_started_at": at("2026-10-27"), "started_at": at("2026-10-27")}
    sub = billing(item(4900), standing=Standing.TRIALING, trial_ends_at=at("2026-11-10"), **trial)
    return Month([sub], [counted(4900)], [line(4900)])


def seats() -> Month:
    sub = billing(item(16800, quantity=14), changed_at=at("2026-10-20"))
    return Month([sub], [counted(12000)], [line(12000, quantity=10)])


def usage() -> Month:
    sub = billing(item(5000), item(0, id="it_2", plan="usage", kind=ItemKind.METERED))
    return Month([sub], [counted(8740)], [line(5000), line(3740, line="li_2", plan="usage")])


def set_up() -> Month:
    sub = billing(item(4900), item(50000, id="it_2", plan="setup", kind=ItemKind.ONE_TIME))
    return Month([sub], [counted(54900)], [line(4900), line(50000, line="li_2", plan="setup")])


def cancelled() -> Month:
    sub = billing(yearly(120000), cancel_asked_at=at("2026-10-10"), ends_at=at("2027-03-01"))
    return Month([sub], [counted(10000)], [line(120000, **YEAR)])


def paused(system: str, mrr: int) -> Month:
    own = {"system": system, "status": "active" if system == "stripe" else "paused"}  # as each has it
    sub = billing(item(8000), standing=Standing.PAUSED, paused_at=at("2026-10-10"), **own)
    dates = {} if mrr else {"starts_at": at("2026-09-05"), "ends_at": at("2026-10-05")}
    return Month([sub], [counted(mrr)], [line(8000, **dates)], system=system)


def refunded() -> Month:
    refund = {"id": "tr_1", "kind": "refund", "at": at("2026-10-30"), "amount": 7000}
    lines = [line(7000, transactions=[refund])]
    return Month([billing(item(7000))], [counted(0)], lines, account={"refund_handling": "refund_reduces"})


def moved() -> Month:
    ended = {"standing": Standing.ENDED, "ended_at": at("2026-10-12")}
    new = billing(item(6000), id="sub_2", started_at=at("2026-10-12"))
    return Month(
        [billing(item(6000), **ended), new],
        [counted(6000), counted(0, subscription_external_id="sub_2")],
        [line(6000)],
    )


def changed_since() -> Month:
    earlier = billing(item(5000))
    sub = billing(item(8000), changed_at=at("2026-11-02"), earlier=earlier)
    return Month([sub], [counted(5000)], [line(5000)])


def open_first() -> Month:
    sub = billing(item(4500), first_invoice_open=True)
    return Month(
        [sub], [counted(4500)], [line(4500, invoice_status="open")], settings={"counts_from": "open"}
    )


def edge() -> Month:
    sub = billing(item(2900), started_at=at("2026-10-31T23:30"), period_start=at("2026-10-31T23:30"))
    return Month([sub], [], [], source={"time_zone": "UTC"})


def factors(interval: str, amount: int, mrr: int, **theirs: str) -> Month:
    days = {"week": 7, "day": 1}[interval]
    ends = at("2026-11-01") + timedelta(hours=1)
    dates = {"starts_at": ends - timedelta(days=days), "ends_at": ends}
    return Month(
        [billing(item(amount, interval=interval))],
        [counted(mrr)],
        [line(amount, **dates)],
        rules={"chartmogul_factors": theirs} if theirs else {},
    )


def in_yen() -> Month:
    return Month(
        [billing(item(5000), currency="JPY")],
        [counted(50_000_000, currency="JPY")],
        [line(50_000_000, currency="JPY")],
        currency="JPY",
    )


def monthly(price: int, mrr: int, system: str = "stripe", interval: str = "month", **off: object) -> Month:
    dates = YEAR if interval == "year" else {}
    ratio = 12 if interval == "year" else 1
    lines = [line(mrr * ratio, discount=price - mrr * ratio, **dates)]
    sub = billing(item(price, interval=interval), system=system, discounts=[coupon(**off)])
    return Month([sub], [counted(mrr)], lines, system=system)


C = Cause
EXAMPLES: Mapping[str, tuple[Callable[[], Month], int, Named]] = {
    "1 yearly": (lambda: Month([billing(yearly(100000))], [counted(8333)], [line(100000, **YEAR)]), 0, []),
    "2 three yearly items": (lambda: three_yearly(19999, 5001), 1, [(C.ROUNDING, 1)]),
    "2 three of 1,000.00": (lambda: three_yearly(100000, 24999), -1, [(C.ROUNDING, -1)]),
    "3 by row": (thousand, 0, []),
    "4 once": (lambda: monthly(10000, 8000, percent=20), -2000, [(C.DISCOUNT_RULE, -2000)]),
    "5 once in March": (
        lambda: monthly(120000, 8000, interval="year", percent=20, start=at("2026-03-01")),
        -2000,
        [(C.DISCOUNT_RULE, -2000)],
    ),
    "6 for ever": (lambda: monthly(10000, 8000, percent=20, duration="forever"), 0, []),
    "7 limited on yearly": (
        lambda: monthly(
            120000,
            7500,
            "chargebee",
            "year",
            percent=25,
            duration="repeating",
            start=at("2026-03-01"),
            end=at("2027-03-01"),
        ),
        -2500,
        [(C.DISCOUNT_RULE, -2500)],
    ),
    "8 trial": (refused_trial, 4900, [(C.FREE_OR_TRIAL, 4900)]),
    "9 monthly in EUR": (
        lambda: foreign(10000, 10800, "month", "2026-10-05", 31),
        -150,
        [(C.FX_RATE_DATE, -150)],
    ),
    "10 yearly in EUR": (
        lambda: foreign(120000, 10400, "year", "2026-02-03", 365),
        -550,
        [(C.FX_RATE_DATE, -550)],
    ),
    "11 tax": (
        lambda: Month([billing(item(11900, tax_included=19))], [counted(11900)], [line(11900)]),
        1900,
        [(C.TAX_INCLUDED, 1900)],
    ),
    "12 seats": (seats, -4800, [(C.UNBILLED_CHANGE, -4800)]),
    "13 usage": (usage, 3740, [(C.METERED_COUNTED, 3740)]),
    "14 upgrade without the flag": (upgraded, -7742, [(C.PRORATION_FLAG, -7742)]),
    "15 with the flag": (flagged, -1, [(C.ROUNDING, -1)]),
    "16 unpaid": (
        lambda: Month(
            [billing(item(5900), standing=Standing.UNPAID)],
            [counted(5900)],
            [line(5900, starts_at=at("2026-08-28"), ends_at=at("2026-09-28"), invoice_status="open")],
        ),
        5900,
        [(C.UNPAID_COUNTED, 5900)],
    ),
    "17 cancelled": (cancelled, 10000, [(C.CANCEL_TIMING, 10000)]),
    "18 paused, Chargebee": (lambda: paused("chargebee", 8000), 8000, [(C.PAUSED_COUNTED, 8000)]),
    "18 paused, Recurly": (lambda: paused("recurly", 0), 0, []),
    "19 merged": (merged, 0, [(C.MERGED_CUSTOMER, 0)]),
    "20 connected twice": (connected_twice, 9900, [(C.DUPLICATE_SOURCE, 9900)]),
    "21 open first invoice": (open_first, 4500, [(C.INVOICE_HANDLING, 4500)]),
    "22 refunded": (refunded, -7000, [(C.REFUND_RULE, -7000)]),
    "23 edge": (edge, -2900, [(C.TIMEZONE_EDGE, -2900)]),
    "24 set-up": (set_up, 50000, [(C.ONE_TIME_AS_RECURRING, 50000)]),
    "25 free": (lambda: Month([billing(item(0))]), 0, [(C.FREE_OR_TRIAL, 0)]),
    "26 weekly": (lambda: factors("week", 2500, 10825, week="4.33"), -8, [(C.PERIOD_FACTOR, -8)]),
    "26 weekly, not configured": (lambda: factors("week", 2500, 10714), -119, [(C.PERIOD_FACTOR, -119)]),
    "27 daily": (lambda: factors("day", 100, 3000, day="30"), -42, [(C.PERIOD_FACTOR, -42)]),
    "28 refused": (
        lambda: Month([billing(item(3900))], [], [line(3900, errors=["no plan"])]),
        -3900,
        [(C.IMPORT_ERROR, -3900)],
    ),
    "29 edited": (
        lambda: Month(
            [billing(item(6000))], [counted(9000)], [line(9000, by_hand=True, amount_before_edit=6000)]
        ),
        3000,
        [(C.USER_EDIT, 3000)],
    ),
    "30 moved": (moved, 0, [(C.MIGRATED_SUBSCRIPTION, -6000), (C.MIGRATED_SUBSCRIPTION, 6000)]),
    "31 yen": (in_yen, 495000, [(C.UNIT_EXPONENT, 495000)]),
    "32 changed since": (changed_since, -3000, [(C.DRIFT, -3000)]),
    "33 coupon above the price": (lambda: monthly(2900, 0, amount=3000, duration="forever"), 0, []),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: str) -> None:
    month, difference, causes = EXAMPLES[example]
    judgement = month().judged()
    assert closes(judgement)
    assert sum(each.left - each.right for each in judgement.tie_outs) == difference
    assert (named(judgement), unexplained(judgement)) == (causes, 0)


def test_a_total_of_exact_figures_is_another_one_than_the_sum_of_rows() -> None:
    """Example 3: 1,000 customers with 199.99 a year."""
    tie_out = thousand().judged().tie_outs[0]
    assert (tie_out.left, tie_out.right) == (1_667_000, 1_667_000)
    assert Decimal(19999 * 1000) / 12 - 1_667_000 == pytest.approx(Decimal(-417), abs=1)


@pytest.mark.parametrize(("amount", "interval", "month"), [(2500, "week", 10833), (100, "day", 3042)])
def test_weeks_and_days_are_exact_parts_of_a_year(amount: int, interval: str, month: int) -> None:
    rules = rules_of(BillingSource(system="stripe", data_source="ds_1"), CUT.end, Factors())
    assert billed(billing(item(amount, interval=interval)), rules) == month
