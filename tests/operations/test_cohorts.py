"""Cohorts as agents are told them: short, and the same figures as the command's."""

from datetime import date

from clients.chartmogul.client import ChartMogulClient
from local.stack import Stack
from models.analytics import CohortWish
from operations import analytics
from operations.reads.account import Source
from operations.reads.cohorts import cohorts
from operations.reads.pages import Wanted
from settings import Settings
from simulators.kit.control import Control

MOST_BYTES = 40_000


async def test_cohorts_are_those_of_the_command_and_short(
    settings: Settings, stack: Stack, simulators: Control
) -> None:
    simulators.reset(customers=60, movements=8)
    settings = settings.model_copy(update={"warehouse": None})
    wish = CohortWish(
        metric="net_mrr_retention", start_month=date(2022, 1, 1), end_month=date(2024, 12, 1), months=36
    )
    table = await analytics.cohorts(settings, "default", wish)
    client = ChartMogulClient(settings.chartmogul["default"])
    source, months = Source("default", client), ("2022-01", "2024-12", 36)
    told = await cohorts(settings, source, "net_mrr_retention", *months, "cohort", Wanted("q", 100))
    rows, cursor = list(told.cohorts), told.next_cursor
    while cursor:
        page = await cohorts(
            settings, source, "net_mrr_retention", *months, "cohort", Wanted("q", 100, cursor)
        )
        rows, cursor = rows + page.cohorts, page.next_cursor
    await client.aclose()
    assert (told.status, told.currency, told.account, told.as_of) == ("ready", "USD", "default", table.as_of)
    assert [each.month for each in rows] == [f"{each.month:%Y-%m}" for each in table.cohorts]
    assert [each.mrr_cents for each in rows] == [
        [cell.mrr_cents for cell in each.cells] for each in table.cohorts
    ]
    assert [each.percent for each in rows] == [
        [None if cell.percent is None else round(cell.percent, 2) for cell in each.cells]
        for each in table.cohorts
    ]
    assert any(each.percent for each in rows)
    assert told.notes == table.notes
    assert len(told.model_dump_json().encode()) <= MOST_BYTES
