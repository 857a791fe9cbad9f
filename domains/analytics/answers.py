"""A book → what was asked of it: cohorts, retention by age, rates of churn by month."""

from collections.abc import Iterator, Sequence
from datetime import date

from domains.analytics.calendar import months_later, number_of
from models.analytics import (
    MOST_MONTHS,
    Book,
    ChurnMonth,
    ChurnWish,
    Cohort,
    CohortCell,
    CohortCounts,
    CohortWish,
    MonthCounts,
    Percent,
    Readings,
    RetentionMonth,
    Span,
)
from models.zones import day_in

A_YEAR = 11
"""Months before the last one that are shown where nothing else is asked for."""


class TooLong(ValueError):
    """The message says what may be asked for."""


def span_of(wish: Span, book: Book) -> Sequence[date]:
    """Its months, oldest first. Raises TooLong."""
    running = day_in(book.time_zone, book.as_of).replace(day=1)
    last = min(wish.end_month or running, running)
    first = wish.start_month or months_later(last, -A_YEAR)
    count = number_of(last) - number_of(first) + 1
    if count < 1:
        raise TooLong(f"{first:%Y-%m} lies behind {last:%Y-%m}, the last month there is.")
    if count > MOST_MONTHS:
        raise TooLong(f"{count} months are asked for, and {MOST_MONTHS} are the most.")
    return [months_later(first, each) for each in range(count)]


def percent(part: float, whole: float) -> Percent:
    return round(100 * part / whole, 4) if whole > 0 else None


# -- cohorts


def cohorts(book: Book, wish: CohortWish) -> list[Cohort]:
    known = {each.month: each for each in book.cohorts}
    return [_cohort(book, known.get(month), month, wish) for month in span_of(wish, book)]


def _cohort(book: Book, counts: CohortCounts | None, month: date, wish: CohortWish) -> Cohort:
    if counts is None:
        there = bool(book.months) and month >= book.months[0].month
        return Cohort(month=month, customers=0 if there else None, value_cents=0 if there else None, cells=[])
    return Cohort(
        month=month,
        customers=counts.customers,
        value_cents=counts.value_cents(wish.readings),
        cells=list(_cells(book, counts, wish)),
    )


def _cells(book: Book, counts: CohortCounts, wish: CohortWish) -> Iterator[CohortCell]:
    parts = counts.mrr_cents if wish.metric == "net_mrr_retention" else counts.active
    whole = counts.value_cents(wish.readings) if parts is counts.mrr_cents else counts.customers
    for number, part in enumerate(parts[: wish.months + 1]):
        against = parts[number - 1] if number and wish.relative_to == "previous" else whole
        share = percent(part, against)
        if wish.metric == "customer_churn" and share is not None:
            share = round(100 - share, 4)
        yield CohortCell(
            month=number,
            percent=share,
            customers=counts.active[number],
            mrr_cents=counts.mrr_cents[number],
            ever_churned=counts.ever_churned[number],
            partial=months_later(counts.month, number) == book.months[-1].month,
        )


# -- retention by age


def retention(book: Book, wish: CohortWish) -> list[RetentionMonth]:
    """Whole months alone: a running one would pull the last point down or up."""
    asked = set(span_of(wish, book))
    chosen = [each for each in book.cohorts if each.month in asked]
    found = (_at_age(book, chosen, age, wish) for age in range(wish.months + 1))
    return [each for each in found if each.cohorts]


def _at_age(book: Book, cohorts: Sequence[CohortCounts], age: int, wish: CohortWish) -> RetentionMonth:
    running = number_of(book.months[-1].month) if book.months else 0
    old = [each for each in cohorts if number_of(each.month) + age < running]
    customers, value = sum(it.customers for it in old), sum(it.value_cents(wish.readings) for it in old)
    active, mrr = sum(it.active[age] for it in old), sum(it.mrr_cents[age] for it in old)
    before = (customers, value)
    if age and wish.relative_to == "previous":
        before = sum(it.active[age - 1] for it in old), sum(it.mrr_cents[age - 1] for it in old)
    return RetentionMonth(
        month=age,
        cohorts=len(old),
        cohort_customers=customers,
        customers=active,
        customer_retention_percent=percent(active, before[0]),
        value_cents=value,
        mrr_cents=mrr,
        net_mrr_retention_percent=percent(mrr, before[1]),
        ever_churned=sum(it.ever_churned[age] for it in old),
    )


# -- rates by calendar month


def churn(book: Book, wish: ChurnWish) -> list[ChurnMonth]:
    known = {each.month: each for each in book.months}
    running = book.months[-1].month if book.months else None
    return [
        _rates(known[month], wish.readings, partial=month == running)
        if month in known
        else ChurnMonth.model_validate(dict.fromkeys(_NOTHING, None) | {"month": month})
        for month in span_of(wish, book)
    ]


_NOTHING = [name for name in ChurnMonth.model_fields if name not in ("month", "partial")]


def _rates(counts: MonthCounts, readings: Readings, *, partial: bool) -> ChurnMonth:
    cents, mrr = counts.cents, counts.mrr_before_cents
    lost = -cents["churn"] - cents["contraction"]
    net = readings.day_loss == "net"
    return ChurnMonth(
        month=counts.month,
        customers_before=counts.customers_before,
        churned=churned(counts, readings),
        customer_churn_percent=percent(churned(counts, readings), counts.customers_before),
        customer_churn_shopify_percent=_daily(
            counts.churned_daily_net if net else counts.churned_daily, counts.customers_before
        ),
        mrr_before_cents=mrr,
        gross_mrr_churn_percent=percent(lost, mrr),
        gross_mrr_churn_shopify_percent=_daily(counts.lost_daily_net if net else counts.lost_daily, mrr),
        net_mrr_churn_percent=percent(lost - cents["expansion"] - cents["reactivation"], mrr),
        net_mrr_churn_shopify_percent=_daily(counts.net_lost_daily, mrr),
        partial=partial,
    )


def churned(counts: MonthCounts, readings: Readings) -> int:
    more = counts.back_and_gone if readings.back_and_gone == "counted" else 0
    return counts.churned + more


def _daily(share: float, before: int) -> Percent:
    """In an account's first month there are days with customers at their start, and none at the month's."""
    return round(100 * share, 4) if before > 0 else None
