"""What went wrong elsewhere, in public, with the figures that are right. Values are invented."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domains.reconciliation.cut import local_day, month_cut
from domains.reconciliation.figures.billing import CountingRules, billed, rules_of
from domains.reconciliation.figures.periods import Span, UnknownInterval, Weights
from domains.reconciliation.judge import judge
from models.reconciliation.books import (
    BillingItem,
    CashEntry,
    CashKind,
    Control,
    ItemKind,
    Reading,
    Standing,
)
from models.reconciliation.causes import Cause
from models.reconciliation.rules import BillingSource, Factors
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

C = Cause


def rules(system: Any = "stripe", **fields: Any) -> CountingRules:
    return rules_of(BillingSource(system=system, data_source="ds_1", **fields), CUT.end, Factors())


def mrr(*items: BillingItem, system: str = "stripe", **fields: Any) -> int:
    return billed(billing(*items, **fields), rules(system))


def test_p1_a_fee_is_not_recurring_and_an_unknown_term_is_no_month() -> None:
    fee = item(420000, id="it_2", plan="onboarding", kind=ItemKind.ONE_TIME)
    month = Month(
        [billing(item(3500), fee)],
        [counted(423500)],
        [line(3500), line(420000, line="li_2", plan="onboarding")],
    )
    assert named(month.judged()) == [(C.ONE_TIME_AS_RECURRING, 420000)]
    for span in (Span("decade", 1), Span("month", 0)):
        with pytest.raises(UnknownInterval):
            span.per_month(Weights(rules().weights.week, rules().weights.day))


def test_p1_an_unknown_interval_stops_the_judge() -> None:
    odd = item(3500).model_copy(update={"interval": "fortnight"})
    judgement = Month([billing(odd)], [counted(3500)]).judged()
    assert judgement.findings == []
    assert "fortnight" in judgement.stopped[0]


def test_p2_deals_of_several_years() -> None:
    assert mrr(item(168000, interval="year", interval_count=2)) == 7000
    assert mrr(item(288000, interval="year", interval_count=3)) == 8000


def test_p3_a_year_is_made_monthly() -> None:
    assert mrr(item(34800, interval="year")) == 2900


def test_p4_a_quarter_is_made_monthly_and_what_is_cancelled_is_out() -> None:
    assert mrr(item(8700, interval_count=3)) == 2900
    assert mrr(item(8700, interval_count=3), standing=Standing.ENDED, ended_at=at("2026-10-02")) == 0


@pytest.mark.parametrize(("days", "causes"), [(None, []), (20, [(C.UNPAID_COUNTED, -5900)])])
def test_p5_past_due_is_out_only_when_the_setting_says_so(days: int | None, causes: Any) -> None:
    sub = billing(item(5900), standing=Standing.PAST_DUE, past_due_since=at("2026-10-05"))
    left = 0 if days else 5900
    mine = counted(left, last_movement="churn" if days else "new_biz")
    judgement = Month([sub], [mine], [line(5900)], settings={"auto_churn_days": days}).judged()
    assert (named(judgement), unexplained(judgement)) == (causes, 0)


def test_p6_cancelled_at_once_within_the_month() -> None:
    ended: Any = {
        "standing": Standing.ENDED,
        "ended_at": at("2026-10-20"),
        "cancel_asked_at": at("2026-10-20"),
    }
    assert mrr(item(2900), **ended) == 0
    assert Month([billing(item(2900), **ended)], [counted(0)]).judged().findings == []


def test_p7_trials_are_not_priced() -> None:
    standings = [Standing.ACTIVE] * 6 + [Standing.TRIALING] * 9 + [Standing.PAST_DUE]
    assert sum(mrr(item(3900), standing=each) for each in standings) == 27300


def test_p8_another_rule_is_another_figure_of_the_same_data() -> None:
    sub = billing(item(10000), discounts=[coupon(percent=20)])
    month = Month([sub], [counted(8000)], [line(8000, discount=2000)])
    before = month.judged()
    month.source = {"discounts": "all"}
    month.rules = {"version": 2, "changed_because": "coupons count"}
    after = month.judged()
    assert (named(before), before.tie_outs[0].right) == ([(C.DISCOUNT_RULE, -2000)], 10000)
    assert (named(after), after.tie_outs[0].right) == ([], 8000)


def test_p9_a_first_month_at_a_lower_price() -> None:
    sub = billing(item(2000), discounts=[coupon(amount=1800)])
    judgement = Month([sub], [counted(200)], [line(200, discount=1800)]).judged()
    assert named(judgement) == [(C.DISCOUNT_RULE, -1800)]


@pytest.mark.parametrize(("system", "left"), [("chargebee", 4900), ("recurly", 0)])
def test_p10_paused_by_source(system: Any, left: int) -> None:
    sub = billing(item(4900), system=system, standing=Standing.PAUSED, paused_at=at("2026-10-02"))
    dates = {} if left else {"starts_at": at("2026-09-02"), "ends_at": at("2026-10-02")}
    judgement = Month([sub], [counted(left)], [line(4900, **dates)], system=system).judged()
    assert named(judgement) == ([(C.PAUSED_COUNTED, 4900)] if left else [])


def test_p11_a_list_that_ends_too_early_is_not_judged() -> None:
    control = Control(what="subscriptions", read=1000, expected=1001, how="count query")
    reading = Reading(system="stripe", site="default", began_at=CUT.end, ended_at=CUT.end, controls=[control])
    judgement = Month([billing(item(100))], more={"readings": [reading]}).judged()
    assert (judgement.findings, judgement.tie_outs) == ([], [])
    assert judgement.stopped[0].startswith("INCOMPLETE_READ: stripe/default: subscriptions: 1000")
    assert judgement.controls == [control]


def test_p12_coupons_at_the_cut_of_every_level_and_never_below_nothing() -> None:
    for_ever = {"duration": "forever", "percent": 10}
    assert mrr(item(1000), item(1000, id="it_2"), discounts=[coupon(item="it_2", **for_ever)]) == 1900
    past = coupon(start=at("2026-01-01"), end=at("2026-12-01"), **for_ever)
    assert mrr(item(1000), discounts=[past]) == 900
    assert mrr(item(1000), discounts=[coupon(start=at("2026-11-01"), **for_ever)]) == 1000
    assert mrr(item(2900), discounts=[coupon(duration="forever", amount=3000)]) == 0


def test_p13_one_churn_takes_the_amount_off_once() -> None:
    sub = billing(item(2500), standing=Standing.ENDED, ended_at=at("2026-10-07"))
    judgement = Month([sub], [counted(0, last_movement="churn")]).judged()
    assert (judgement.tie_outs[0].left, judgement.tie_outs[0].right) == (0, 0)


def test_p14_a_free_month_built_as_a_trial_on_a_running_subscription() -> None:
    sub = billing(
        item(2900),
        standing=Standing.TRIALING,
        trial_started_at=at("2026-10-20"),
        trial_ends_at=at("2026-11-20"),
    )
    judgement = Month([sub], [counted(2900)], [line(2900)]).judged()
    assert named(judgement) == [(C.FREE_OR_TRIAL, 2900)]
    assert "running" in judgement.findings[0].causes[0].why


def test_p15_moved_to_new_products() -> None:
    subs, mine, lines = [], [], []
    for n in range(3):
        old = {"standing": Standing.ENDED, "ended_at": at("2026-10-12"), "customer_id": f"c{n}"}
        subs += [
            billing(item(6000 + n), id=f"old{n}", **old),
            billing(item(6000 + n), id=f"new{n}", customer_id=f"c{n}", started_at=at("2026-10-13")),
        ]
        mine.append(counted(6000 + n, customer=f"cus_{n}", subscription_external_id=f"old{n}"))
        lines.append(line(6000 + n, subscription_external_id=f"old{n}"))
    people = [customer(uuid=f"cus_{n}", external_ids=[f"c{n}"]) for n in range(3)]
    judgement = Month(subs, mine, lines, customers=people).judged()
    assert {cause for cause, _ in named(judgement)} == {C.MIGRATED_SUBSCRIPTION}
    assert (sum(minor for _, minor in named(judgement)), unexplained(judgement)) == (0, 0)


def test_p16_no_row_at_the_cut_is_minus_what_was_before() -> None:
    judgement = Month([billing(item(2500))], [], []).judged()
    assert (judgement.findings[0].difference, unexplained(judgement)) == (-2500, -2500)
    assert judgement.findings[0].left.minor is None


def test_p17_the_quantity_of_the_line_that_covers_the_day() -> None:
    sub = billing(item(12000, quantity=12), changed_at=at("2026-10-25"))
    before = {"starts_at": at("2026-09-05"), "ends_at": at("2026-10-05")}
    lines = [line(8000, quantity=8, line="li_0", **before), line(10000, quantity=10)]
    assert named(Month([sub], [counted(10000)], lines).judged()) == [(C.UNBILLED_CHANGE, -2000)]


def test_p18_three_open_invoices_are_one_subscription() -> None:
    sub = billing(item(5000), standing=Standing.PAST_DUE)
    months = [("2026-08-05", "2026-09-05"), ("2026-09-05", "2026-10-05"), ("2026-10-05", "2026-11-05")]
    lines = [
        line(5000, line=start, invoice=start, invoice_status="open", starts_at=at(start), ends_at=at(end))
        for start, end in months
    ]
    judgement = Month([sub], [counted(5000)], lines).judged()
    assert (judgement.tie_outs[0].left, judgement.tie_outs[0].right, judgement.findings) == (5000, 5000, [])


def test_p19_two_currencies_are_never_added_as_they_are() -> None:
    subs = [billing(item(1000)), billing(item(1000), id="sub_2", currency="USD")]
    mine = [counted(1000), counted(None, by_view=900, currency="USD", subscription_external_id="sub_2")]
    rates = {(date(2026, 10, 31), "USD"): Decimal("0.9")}
    tie_out = Month(subs, mine, rates=rates).judged().tie_outs[0]
    assert (tie_out.currency, tie_out.right, tie_out.left) == ("EUR", 1900, 1900)


def test_p20_a_lower_price_in_the_first_year() -> None:
    off = coupon(percent=40, duration="repeating", start=at("2026-03-01"), end=at("2027-03-01"))
    judgement = Month(
        [billing(item(1500), discounts=[off])], [counted(900)], [line(900, discount=600)]
    ).judged()
    assert named(judgement) == [(C.DISCOUNT_RULE, -600)]


def test_p21_yearly_and_cancelled_with_half_a_year_left() -> None:
    asked = {"cancel_asked_at": at("2026-10-09"), "ends_at": at("2027-04-09")}
    year = {"starts_at": at("2026-04-09"), "ends_at": at("2027-04-09")}
    month = Month([billing(item(60000, interval="year"), **asked)], [counted(5000)], [line(60000, **year)])
    assert named(month.judged()) == [(C.CANCEL_TIMING, 5000)]
    month.source = {"cancellation": "at_end"}
    assert named(month.judged()) == []


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Pacific/Kiritimati", "Pacific/Auckland", "America/New_York"]
)
def test_p22_months_do_not_come_back_a_day_early(zone: str) -> None:
    for period in ("2026-03", "2026-04", "2026-10", "2026-11"):
        cut = month_cut(period, zone)
        assert local_day(cut, cut.start) == date(int(period[:4]), int(period[5:]), 1)


def test_p23_a_change_to_yearly_leaves_the_terms_before_as_they_were() -> None:
    """Changed on the 12th, billed with the next invoice. That plans have billing's ids, another one shows."""
    sub = billing(item(96000, plan="basic-yearly", interval="year"), changed_at=at("2026-10-12"))
    own = {"subscription_external_id": "sub_2", "customer_external_id": "cust_2"}
    other = billing(item(10000), id="sub_2", customer_id="cust_2")
    there = [counted(10000), counted(10000, **own)]
    lines = [line(10000), line(10000, line="li_2", invoice="inv_2", **own)]
    judgement = Month([sub, other], there, lines).judged()
    assert (named(judgement), unexplained(judgement)) == ([(C.UNBILLED_CHANGE, 2000)], 0)


def test_plans_that_bear_other_ids_than_billings_are_no_change_of_plan() -> None:
    """A fee of its own plan id was taken for one, and the whole difference with it."""
    lines = [line(10000, plan="standard"), line(5000, line="li_fee", plan="standard-fee")]
    judgement = Month([billing(item(10000, plan="price_1"))], [counted(15000)], lines).judged()
    assert (named(judgement), unexplained(judgement)) == ([], 5000)


def test_a_refund_is_a_part_of_the_whole_invoice() -> None:
    """Half of 100.00, of which 60.00 are another subscription's."""
    refund = [{"id": "tr_1", "kind": "refund", "at": at("2026-10-30"), "amount": 5000}]
    lines = [
        line(4000, transactions=refund),
        line(6000, line="li_2", subscription_external_id="sub_2", transactions=refund),
    ]
    subs = [billing(item(4000)), billing(item(6000), id="sub_2")]
    mine = [counted(2000), counted(3000, subscription_external_id="sub_2")]
    month = Month(subs, mine, lines, account={"refund_handling": "refund_reduces_mrr"})
    assert named(month.judged()) == [(C.REFUND_RULE, -3000), (C.REFUND_RULE, -2000)]


@pytest.mark.parametrize("known", [True, False])
def test_p24_refunded_in_full_and_gone_from_the_import(known: bool) -> None:
    refund = CashEntry(
        side="billing",
        system="stripe",
        site="default",
        id="re_1",
        kind=CashKind.REFUND,
        at=at("2026-10-30"),
        currency="EUR",
        amount=7000,
        customer_id="cust_1",
    )
    judgement = Month(
        [billing(item(7000))], source={"documented_full_refunds": known}, more={"refunds": [refund]}
    ).judged()
    assert named(judgement) == ([(C.REFUND_RULE, -7000)] if known else [])
    assert unexplained(judgement) == (0 if known else -7000)
    assert closes(judgement)


def test_what_stays_unexplained_says_what_it_is_not() -> None:
    found = judge(*_books(Month([billing(item(7000))], [counted(6113)], [line(7000)]))).findings[0]
    said = {each.cause: each.why for each in found.ruled_out}
    assert found.unexplained == -887
    assert {C.TAX_INCLUDED, C.DISCOUNT_RULE, C.DRIFT, C.USER_EDIT} <= said.keys()


def _books(month: Month) -> Any:
    return month.books(), month.configured(), CUT
