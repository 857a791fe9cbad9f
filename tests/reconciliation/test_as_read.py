"""Lines that billing tells and ChartMogul takes otherwise: read of the simulators by the real readers, kept
as Parquet, and judged of that. Each cause to the cent, whatever the vendor, and none where there is none."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta

from activities.month import Books
from clients.chargebee.books.reader import ChargebeeBooks
from clients.chargebee.client import ChargebeeClient
from clients.chargebee.settings import ChargebeeAccount
from clients.chartmogul.books.reader import ChartMogulBooks
from clients.kit.tables import BooksReader
from clients.recurly.books.reader import RecurlyBooks
from clients.recurly.client import RecurlyClient
from clients.recurly.settings import RecurlyAccount
from clients.stripe.books.reader import StripeBooks
from clients.stripe.client import StripeClient
from clients.stripe.settings import StripeAccount
from domains.reconciliation.cut import month_cut
from domains.reconciliation.month import Before, judge_month
from domains.reconciliation.snapshots import Snapshots
from models.reconciliation.books import MonthCut
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Judgement
from models.reconciliation.rules import BillingSource, ReconciliationRules
from models.templates.reconciliation import BooksWork, JudgeWork, Placed, SnapshotPlace
from simulators.billing.truth.month import SYSTEMS
from simulators.chargebee.api import KEY as CHARGEBEE_KEY
from simulators.chartmogul.books import SOURCES
from simulators.kit.control import Control
from simulators.stripe.api import KEY as STRIPE_KEY
from tests.contracts.books import true
from tests.contracts.chartmogul import client_of

ZONE = "Europe/Berlin"
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
RATES = "date,currency,rate,source\n2026-01-01,EUR,1.08,test\n"
RULES = ReconciliationRules(
    sources=[BillingSource(system=each, data_source=SOURCES[each].uuid, time_zone=ZONE) for each in SYSTEMS]
)
PERIODS = ("2026-02", "2026-03", "2026-08", "2026-10", "2026-11")
"""Of 28 to 31 days, with and without a change of the clocks."""


def wish(id: str, system: str, cut: MonthCut, interval: str = "month", **more: Any) -> dict[str, Any]:
    begin = cut.end - 10 * DAY
    end = begin + relativedelta(years=1) if interval == "year" else begin + relativedelta(months=1)
    dates = {"started_at": begin - 180 * DAY, "period_start": begin, "period_end": end}
    return true(f"{system}-{id}", system, **dates, interval=interval, plan=f"plan-{interval}", **more)


def left_of(said: dict[str, Any]) -> Fraction:
    """Of its period, after the change."""
    names = ("period_start", "upgraded_at", "period_end")
    begin, at, end = (datetime.fromisoformat(said[each]) for each in names)
    return Fraction((end - at) // SECOND, (end - begin) // SECOND)


def rounding(said: dict[str, Any]) -> int:
    """A part of a price is rounded, and once more where it is made a whole one."""
    left = left_of(said)
    return round(round(16_000 * left) / left) - round(round(10_000 * left) / left) - 6_000


def differing(system: str, cut: MonthCut) -> list[tuple[dict[str, Any], Cause, int]]:
    fee = wish("fee", system, cut, set_up_fee=50_000, deviation="fee_as_subscription")
    yearly = wish("fee-a-year", system, cut, "year", unit=120_000, set_up_fee=12_000,
                  deviation="fee_as_subscription")  # fmt: skip
    taxed = wish("fee-taxed", system, cut, unit=11_900, set_up_fee=23_800, tax_percent="19",
                 tax_included=True, deviation="fee_as_subscription")  # fmt: skip
    tax = wish("tax", system, cut, unit=11_900, tax_percent="19", tax_included=True,
               deviation="tax_not_imported")  # fmt: skip
    usage = wish("usage", system, cut, usage=3_740, deviation="usage_with_period")
    up = wish("up", system, cut, upgraded_at=cut.end - 6 * DAY, upgraded_unit=16_000,
              deviation="proration_without_flag")  # fmt: skip
    return [
        (fee, Cause.ONE_TIME_AS_RECURRING, 50_000),
        (yearly, Cause.ONE_TIME_AS_RECURRING, 1_000),
        (taxed, Cause.ONE_TIME_AS_RECURRING, 20_000),
        (usage, Cause.METERED_COUNTED, 3_740),
        (tax, Cause.TAX_INCLUDED, 1_900),
        (up, Cause.PRORATION_FLAG, round(16_000 * left_of(up)) - 16_000),
    ]


def agreeing(system: str, cut: MonthCut) -> list[dict[str, Any]]:
    """The same, where ChartMogul takes them for what they are."""
    return [
        wish("right-fee", system, cut, set_up_fee=50_000),
        wish("right-tax", system, cut, unit=11_900, tax_percent="19", tax_included=True),
        wish("right-tax-on-top", system, cut, tax_percent="19"),
        wish("right-usage", system, cut, usage=3_740),
        wish("right-up", system, cut, upgraded_at=cut.end - 6 * DAY, upgraded_unit=16_000),
    ]


def odd(system: str, cut: MonthCut) -> list[tuple[dict[str, Any], int]]:
    """The same, beside an amount that nothing explains; one is what the fee would make."""
    wrong = {"deviation": "odd_amount"}
    up = wish("odd-up", system, cut, upgraded_at=cut.end - 6 * DAY, upgraded_unit=16_000, deviates_to=9_300,
              **wrong)  # fmt: skip
    return [
        (wish("odd-fee", system, cut, set_up_fee=5_000, deviates_to=15_000, **wrong), 5_000),
        (wish("odd-usage", system, cut, usage=3_740, deviates_to=10_711, **wrong), 711),
        (up, -700 + rounding(up)),
    ]


@pytest.fixture
async def clients(simulators: Control) -> AsyncIterator[dict[str, Any]]:
    url = simulators.url
    stripe = {"api_key": STRIPE_KEY, "base_url": f"{url}/stripe", "web_url": f"{url}/stripe"}
    chargebee = {"site": "acme-test", "api_key": CHARGEBEE_KEY, "base_url": f"{url}/chargebee/api/v2",
                 "web_url": f"{url}/chargebee", "requests_per_minute": 100_000}  # fmt: skip
    recurly = {"api_key": "recurly-demo", "base_url": f"{url}/recurly/v3", "subdomain": "acme"}
    found: dict[str, Any] = {
        "stripe": StripeClient(StripeAccount.model_validate(stripe)),
        "chargebee": ChargebeeClient(ChargebeeAccount.model_validate(chargebee)),
        "recurly": RecurlyClient(RecurlyAccount.model_validate(recurly)),
        "chartmogul": client_of(simulators.chartmogul_url),
    }
    yield found
    for each in found.values():
        await each.aclose()


def readers(clients: dict[str, Any], cut: MonthCut) -> Iterator[tuple[str, BooksReader]]:
    yield "stripe", StripeBooks(clients["stripe"], cut, "default", readers=2)
    yield "chargebee", ChargebeeBooks(clients["chargebee"], cut, "default")
    yield "recurly", RecurlyBooks(clients["recurly"], cut, "default")
    yield "chartmogul", ChartMogulBooks(clients["chartmogul"], cut, "default", customers=())


async def read_month(clients: dict[str, Any], cut: MonthCut, folder: Path) -> tuple[Snapshots, list[Placed]]:
    snapshots, place, found = Snapshots(folder), SnapshotPlace(account="default", period=cut.period), []
    work = BooksWork(place=place, cut=cut)
    for system, reader in readers(clients, cut):
        books = Books(system, {"default": None}, lambda *_, reader=reader: reader, snapshots)
        with snapshots.writing(place, system, "default") as writing:
            found.append(Placed(place=place, reading=await books._written(reader, writing, work)))
        await reader.aclose()
    return snapshots, found


def judged(snapshots: Snapshots, readings: list[Placed], cut: MonthCut) -> Judgement:
    work = JudgeWork(place=readings[0].place, kind="draft", cut=cut, rules=RULES, readings=readings)
    return judge_month(snapshots, work, RATES, Before({}))


@pytest.mark.parametrize("period", PERIODS)
async def test_what_a_line_is_of_explains_it_and_nothing_else_does(
    simulators: Control, clients: dict[str, Any], tmp_path: Path, period: str
) -> None:
    cut = month_cut(period, ZONE)
    explained = [each for system in SYSTEMS for each in differing(system, cut)]
    silent = [each for system in SYSTEMS for each in agreeing(system, cut)]
    open_ = [each for system in SYSTEMS for each in odd(system, cut)]
    simulators.put_books(*(each[0] for each in explained), *silent, *(each[0] for each in open_))
    judgement = judged(*await read_month(clients, cut, tmp_path), cut)
    assert judgement.stopped == []
    found = {
        each.subject: ([(cause.cause, cause.minor) for cause in each.causes], each.unexplained)
        for each in judgement.findings
        if each.comparison == "mrr" and each.difference
    }
    expected: dict[str, Any] = {said["id"]: ([(cause, cents)], 0) for said, cause, cents in explained}
    expected |= {said["id"]: ([], cents) for said, cents in open_}
    by_rounding = {said["id"]: rounding(said) for said in silent if "upgraded_at" in said}
    expected |= {id: ([(Cause.ROUNDING, cents)], 0) for id, cents in by_rounding.items() if cents}
    assert found == expected
    assert all(each.closes for each in judgement.tie_outs)
