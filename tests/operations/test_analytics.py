"""Cohorts and churn of an account: by a run of today, and from the warehouse once that has the rows."""

from datetime import date, timedelta

import pytest

from local.stack import Stack
from models.analytics import ChurnWish, CohortWish, Metric
from operations import analytics, exports
from operations.analytics import Progress
from operations.errors import Stopped
from settings import Settings
from simulators.kit.control import Control

CUSTOMERS = 60
SPAN = {"start_month": date(2024, 1, 1), "end_month": date(2024, 12, 1)}


def wish(metric: Metric = "customer_retention") -> CohortWish:
    return CohortWish.model_validate(SPAN | {"metric": metric})


async def test_a_run_of_today_and_the_warehouse_come_to_the_same(
    settings: Settings, stack: Stack, simulators: Control
) -> None:
    simulators.reset(customers=CUSTOMERS, movements=8)
    stack.warehouse.unlink(missing_ok=True)
    heard = list[Progress]()
    first = await analytics.cohorts(settings, "default", wish(), heard.append)
    assert (first.status, first.source, first.currency) == ("ready", "chartmogul", "USD")
    assert sum(each.customers or 0 for each in first.cohorts) > 0
    calls = len(simulators.calls("chartmogul"))
    assert await analytics.cohorts(settings, "default", wish(), patience=timedelta(minutes=5)) == first
    assert len(simulators.calls("chartmogul")) == calls  # today's result is kept
    rates = await analytics.churn(settings, "default", ChurnWish.model_validate(SPAN))
    assert any("own at the end of all" in note for note in rates.notes)

    exported = await exports.run(settings, exports.Wish("default", ["mrr_movements", "metrics"]))
    assert (await exported.result()).problems == []
    again = await analytics.cohorts(settings, "default", wish(), heard.append)
    assert (again.source, again.cohorts) == ("warehouse", first.cohorts)
    assert heard[-1].movements == CUSTOMERS * 8
    from_warehouse = await analytics.churn(settings, "default", ChurnWish.model_validate(SPAN))
    assert (from_warehouse.months, from_warehouse.formula) == (rates.months, rates.formula)
    kept = await analytics.retention(settings, "default", wish())
    assert [each.month for each in kept.months] == list(range(12))
    with pytest.raises(Stopped, match="There is no account europe"):
        await analytics.cohorts(settings, "europe", wish())
    with pytest.raises(Stopped, match="lies behind"):
        await analytics.churn(settings, "default", ChurnWish(start_month=date(2090, 1, 1)))


async def test_who_does_not_wait_is_told_which_run_computes(
    settings: Settings, stack: Stack, simulators: Control
) -> None:
    """The warehouse is left out: the test before may have filled it."""
    simulators.reset(customers=CUSTOMERS)
    accounts = settings.chartmogul | {"later": settings.chartmogul["default"]}
    without = settings.model_copy(update={"warehouse": None, "chartmogul": accounts})
    found = await analytics.cohorts(without, "later", wish(), patience=timedelta(0))
    assert (found.status, found.cohorts) == ("computing", [])
    assert (found.run_id or "").startswith("analytics/later/")
