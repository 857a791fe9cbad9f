"""The list of all movements is read without a loss, whatever its pages do."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.settings import ChartMogulAccount
from clients.kit.errors import Rejected
from models.chartmogul import Activity
from simulators.kit.control import Control

START = datetime(2026, 10, 1, tzinfo=UTC)
END = START + timedelta(days=1)

Read = Callable[..., Awaitable[list[Activity]]]


@pytest.fixture
async def read(simulators: Control) -> AsyncIterator[Read]:
    """All rows of the day, in pages of that size."""
    clients = []

    async def whole(page_size: int = 200, start: datetime = START, end: datetime = END) -> list[Activity]:
        account = ChartMogulAccount.model_validate(
            {
                "api_key": "cm-demo-key",
                "base_url": simulators.chartmogul_url,
                "requests_per_second": 10_000,
            }
        )
        clients.append(ChartMogulClient(account, page_size=page_size))
        return [row async for block in clients[-1].activities(start, end) for row in block.rows]

    yield whole
    for client in clients:
        await client.aclose()


def happened(simulators: Control, *seconds: int) -> list[dict[str, Any]]:
    """A cancellation at each of these seconds of the day, of one customer after the other."""
    paying = [each for each in simulators.customers(limit=200) if each.mrr]
    return [
        simulators.cancel(customer.uuid, at=START + timedelta(seconds=second), send=False)
        for customer, second in zip(paying, seconds, strict=False)
    ]


def names(rows: list[Activity]) -> list[str]:
    return [row.customer_uuid for row in rows]


@pytest.mark.parametrize(
    ("page_size", "cursor_skips"),
    [(1, False), *((size, skips) for size in (2, 3, 5, 200) for skips in (False, True))],
)
async def test_every_row_is_read_once(
    simulators: Control, read: Read, page_size: int, cursor_skips: bool
) -> None:
    simulators.chartmogul(cursor_skips=cursor_skips)
    there = happened(simulators, 0, 5, 5, 5, 6, 7, 9, 9, 20)
    read_rows = names(await read(page_size))
    assert sorted(read_rows) == sorted(body["customer"]["uuid"] for body in there)


async def test_a_page_without_a_neighbour_costs_one_request(simulators: Control, read: Read) -> None:
    happened(simulators, 1, 2, 3)
    before = len(simulators.calls("chartmogul"))
    assert len(await read()) == 3
    assert len(simulators.calls("chartmogul")) == before + 1


async def test_the_start_counts_and_the_end_does_not(simulators: Control, read: Read) -> None:
    there = happened(simulators, 10, 11, 12)
    rows = await read(start=START + timedelta(seconds=10), end=START + timedelta(seconds=12))
    assert names(rows) == [body["customer"]["uuid"] for body in there[:2]]


async def test_two_equal_rows_of_one_second_stay_two(simulators: Control, read: Read) -> None:
    [first, second] = happened(simulators, 5, 5)
    for uuid in (first["customer"]["uuid"], second["customer"]["uuid"]):
        simulators.restate(uuid, cents=4900)
    for size in (1, 2, 200):
        assert len(await read(size)) == 2


async def test_ids_that_change_between_two_pages_double_no_row(simulators: Control, read: Read) -> None:
    there = happened(simulators, *range(12))
    rows = []
    account = ChartMogulAccount.model_validate(
        {"api_key": "cm-demo-key", "base_url": simulators.chartmogul_url, "requests_per_second": 1000}
    )
    client = ChartMogulClient(account, page_size=4)
    async for block in client.activities(START, END):
        rows += block.rows
        simulators.reissue()
    await client.aclose()
    assert names(rows) == [body["customer"]["uuid"] for body in there]


async def test_a_row_of_another_shape_is_told_and_the_others_are_read(simulators: Control) -> None:
    good = {"date": "2026-10-01T00:00:05+00:00", "type": "churn", "activity-mrr-movement": -1}
    good |= {"currency": "EUR", "customer-uuid": "cus_1"}
    body = {
        "entries": [good, {"date": "2026-10-01T00:00:06+00:00", "uuid": "b7f3c9a2-0f36", "name": "Nora"}],
        "has_more": False,
    }
    simulators.fault("chartmogul", "status", status=200, body=body, path="/activities")
    client = ChartMogulClient(
        ChartMogulAccount.model_validate({"api_key": "cm-demo-key", "base_url": simulators.chartmogul_url})
    )
    [block] = [block async for block in client.activities(START, END)]
    await client.aclose()
    assert names(block.rows) == ["cus_1"]
    [told] = block.unreadable
    assert told.startswith("2026-10-01T00:00:06+00:00 b7f3c9a2-0f36: ")
    assert "Nora" not in told


async def test_a_list_of_nothing_that_can_be_read_is_an_error(simulators: Control, read: Read) -> None:
    body = {"entries": [{"kind": "another"}], "has_more": True, "cursor": "x"}
    simulators.fault("chartmogul", "status", status=200, body=body, path="/activities")
    with pytest.raises(Rejected, match="no row of a page can be read"):
        await read()


@pytest.mark.slow
async def test_bulk_reads_keep_to_their_share(simulators: Control) -> None:
    happened(simulators, *range(8))
    account = {"api_key": "cm-demo-key", "base_url": simulators.chartmogul_url}
    account |= {"requests_per_second": "40", "bulk_share": "0.5"}
    client = ChartMogulClient(ChartMogulAccount.model_validate(account), page_size=1)
    before = len(simulators.calls("chartmogul"))
    rows = [row async for block in client.activities(START, END) for row in block.rows]
    await client.aclose()
    assert len(rows) == 8
    times = [call.at for call in simulators.calls("chartmogul")[before:]]
    # 1 / (40 × 0.5) seconds between two; a busy machine can only make it longer
    assert (times[-1] - times[0]).total_seconds() > 0.045 * (len(times) - 1)
