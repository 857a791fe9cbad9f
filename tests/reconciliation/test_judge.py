"""What holds of every judgement: sums, order, ids, and what is not judged."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest

from domains.reconciliation.about import ABOUT
from domains.reconciliation.causes.chain import NOT_SHOWN, ORDER, STEPS
from domains.reconciliation.cut import month_cut
from domains.reconciliation.judge import MrrJudgement, judge
from models.reconciliation.books import AccountSheet, BillingSubscription, Reading
from models.reconciliation.causes import Cause
from tests.reconciliation.corpus import build
from tests.reconciliation.records import (
    CUT,
    Month,
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

LINKS = 50_000 if os.environ.get("FIRE") == "full" else 2_000


def many(count: int, every: int) -> Month:
    """One in `every` differs, by a coupon, a price of another quantity, or for no reason."""
    subs: list[BillingSubscription] = []
    mine, lines = [], []
    for n in range(count):
        price = 1000 + n % 977
        fields = {"subscription_external_id": f"s{n}", "customer": f"cus_{n}"}
        differs = n % every == 0
        off = price // 5 if differs and n % 3 == 0 else 0
        wrong = 77 if differs and n % 3 == 1 else 0
        coupons = [coupon(percent=20)] if off else []
        subs.append(billing(item(price), id=f"s{n}", customer_id=f"c{n}", discounts=coupons))
        mine.append(counted(price - off - wrong, **fields))
        lines.append(line(price - off, line=f"li_{n}", invoice=f"inv_{n}", discount=off, **fields))
    return Month(subs, mine, lines)


def as_text(judgement: MrrJudgement) -> str:
    parts = (*judgement.findings, *judgement.tie_outs, *judgement.by_cause, *judgement.proposals)
    return "\n".join(each.model_dump_json() for each in parts) + repr(judgement.warnings)


def test_two_runs_are_the_same_to_the_byte_in_whatever_order_the_records_come() -> None:
    month = many(300, 4)
    once = as_text(month.judged())
    for records in (month.subscriptions, month.counted, month.lines):
        Random(7).shuffle(records)  # type: ignore[arg-type]
    assert as_text(month.judged()) == once


def test_many_links_are_judged() -> None:
    """FIRE=full: 50,000, of which one in twenty differs."""
    judgement = many(LINKS, 20).judged()
    assert closes(judgement)
    assert judgement.tie_outs[0].rows == LINKS
    assert {each.cause for each in judgement.by_cause} >= {Cause.DISCOUNT_RULE, Cause.UNEXPLAINED}


def test_ids_stay_and_name_nobody() -> None:
    month = Month([billing(item(5000))], [counted(4000)], [line(5000)])
    first = month.judged().findings[0]
    month.counted = [counted(4500)]
    again = month.judged().findings[0]
    assert (first.difference, again.difference, first.id) == (-1000, -500, again.id)
    assert "sub_1" not in first.id


def test_every_cause_is_told_and_says_what_to_do() -> None:
    assert set(ABOUT) == set(Cause)
    assert all(each.said and each.owner and each.remedy for each in ABOUT.values())


def test_the_order_is_that_of_the_causes() -> None:
    codes = list(Cause)
    assert [codes.index(each) for each in ORDER] == sorted(codes.index(each) for each in ORDER)
    assert [each for each in ORDER if each in STEPS] == list(STEPS)
    assert set(STEPS) <= set(NOT_SHOWN)


@pytest.mark.parametrize("left_out", [{"left_out": ["sub_9"]}, {"changed_while_read": ["sub_9"]}])
def test_what_could_not_be_read_stops_and_what_changed_meanwhile_warns(
    left_out: dict[str, list[str]],
) -> None:
    reading = Reading(system="recurly", site="default", began_at=CUT.end, ended_at=CUT.end, **left_out)
    judgement = Month([billing(item(100))], [counted(100)], more={"readings": [reading]}).judged()
    assert bool(judgement.stopped) == ("left_out" in left_out)
    assert bool(judgement.warnings) == ("changed_while_read" in left_out)


def test_the_row_of_exchange_rates_is_shown_and_not_spread() -> None:
    sub = billing(item(10000))
    month = Month([sub], [counted(10000)], more={"sheet": AccountSheet(mrr=10123)})
    assert (month.judged().fx_row, month.judged().findings) == (123, [])


def test_without_a_rate_a_subscription_is_not_in_the_total_and_is_said_to_be() -> None:
    month = Month(
        [
            billing(
                item(
                    1000,
                ),
                currency="USD",
            )
        ],
        [counted(None, by_view=900, currency="USD")],
    )
    judgement = month.judged()
    assert judgement.warnings == [
        "no rate of USD for 2026-10-31, nor in the 7 days before: what has it is not compared"
    ]
    assert (unexplained(judgement), closes(judgement)) == (900, True)


def test_a_figure_that_was_not_asked_for_is_made_of_lines() -> None:
    rates = {(date(2026, 10, 31), "USD"): Decimal("0.90"), (date(2026, 10, 5), "USD"): Decimal("0.95")}
    month = Month(
        [billing(item(1000), currency="USD")],
        [counted(None, currency="USD")],
        [line(1000, currency="USD")],
        rates=rates,
    )
    assert named(month.judged()) == [(Cause.FX_RATE_DATE, 50)]


def test_the_rate_of_the_day_before_is_taken_until_there_is_the_days() -> None:
    rates = {
        (date(2026, 10, 31), "USD"): Decimal("0.90"),
        (date(2026, 10, 5), "USD"): Decimal("0.95"),
        (date(2026, 10, 4), "USD"): Decimal("0.97"),
    }
    mine = counted(None, by_view=970, currency="USD")
    month = Month([billing(item(1000), currency="USD")], [mine], [line(1000, currency="USD")], rates=rates)
    assert named(month.judged()) == [(Cause.FX_RATE_DATE, 70)]


# -- edges


def test_sums_close_in_every_zone_at_every_end_of_a_month() -> None:
    """Over changes of clocks and leap days, with a vendor in yet another zone."""
    zones = sorted(available_timezones())
    rng = Random(11)
    for zone in zones[:: 1 if os.environ.get("FIRE") == "full" else 5]:
        period = rng.choice(["2026-02", "2026-03", "2026-04", "2026-10", "2026-11", "2028-02"])
        cut = month_cut(period, zone)
        for shift in (-1, 0, 1):
            began = cut.end + timedelta(seconds=shift)
            month = Month(
                [billing(item(2900), started_at=began, period_start=began)],
                [counted(2900)] if shift < 0 else [],
                account={"time_zone": zone},
                source={"time_zone": rng.choice(zones)},
            )
            judgement = judge(month.books(), month.configured(), cut)
            assert closes(judgement)
            assert unexplained(judgement) == 0
            assert {code for code, _ in named(judgement)} <= {Cause.TIMEZONE_EDGE}


@pytest.mark.parametrize(
    "start",
    [
        f"2026-{month:02}-{day}"
        for month in (1, 2, 3, 4, 5, 7)
        for day in (28, 30, 31)
        if (month, day) not in {(2, 30), (2, 31), (4, 31)}
    ],
)
def test_a_month_is_a_month_of_28_to_31_days(start: str) -> None:
    from domains.reconciliation.figures.periods import Span, span_of

    zone = ZoneInfo("Europe/Berlin")
    for hours in (0, 11, 23):
        began = at(start) + timedelta(hours=hours)
        for span in (Span("month", 1), Span("month", 3), Span("month", 12)):
            assert span_of(began, span.after(began, zone), zone) == span
            assert span_of(began, span.after(began, zone) - timedelta(seconds=1), zone) == span


@pytest.mark.parametrize(("currency", "price", "hundredths"), [("JPY", 5000, 500000), ("KWD", 12340, 1234)])
def test_currencies_without_two_decimals(currency: str, price: int, hundredths: int) -> None:
    month = Month(
        [billing(item(price), currency=currency)],
        [counted(hundredths, currency=currency)],
        [line(hundredths, currency=currency)],
        currency=currency,
    )
    judgement = month.judged()
    assert (judgement.findings, judgement.tie_outs[0].left) == ([], price)


def test_a_price_below_a_hundredth_of_three_decimals_is_rounded() -> None:
    month = Month(
        [billing(item(12345), currency="KWD")],
        [counted(1235, currency="KWD")],
        [line(1235, currency="KWD")],
        currency="KWD",
    )
    assert named(month.judged()) == [(Cause.ROUNDING, 5)]


def amounts() -> Iterator[tuple[int, int]]:
    rng = Random(3)
    yield from ((0, 0), (0, 100), (100, 0), (-500, -500), (-500, 500), (1, -1))
    yield from ((rng.randrange(-9999, 9999), rng.randrange(-9999, 9999)) for _ in range(50))


def test_sums_close_with_nothing_and_with_negative_lines() -> None:
    for price, other in amounts():
        lines = [line(price), line(other, line="li_2", plan="more")]
        month = Month([billing(item(price))], [counted(price + other)], lines)
        assert closes(month.judged())


def test_an_invoice_of_ten_thousand_lines() -> None:
    items = [item(100 + n, id=f"it_{n}", plan=f"p{n}", interval="year") for n in range(1000)]
    dates = {"starts_at": at("2026-02-01"), "ends_at": at("2027-02-01")}
    lines = [line(10 + n % 90, line=f"li_{n}", plan=f"p{n % 1000}", **dates) for n in range(10_000)]
    judgement = Month([billing(*items)], [counted(5000)], lines).judged()
    assert closes(judgement)


def test_any_mixture_of_causes_closes() -> None:
    """Also of those that cannot meet."""
    from tests.reconciliation.corpus import RULES

    for seed in range(150):
        rng = Random(f"mixture {seed}")
        case = build(rng, set(rng.sample(RULES[5:], rng.randint(2, 6))), "mixture")
        assert closes(case.month.judged())


def test_customers_without_a_name_are_no_trouble() -> None:
    month = Month([billing(item(5000))], [counted(1)], customers=[])
    assert month.judged().findings[0].customer == "cus_1"
    assert customer().uuid == "cus_1"
