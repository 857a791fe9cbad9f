"""ChartMogul's lists in bulk: whole or an error, each row once, whatever the pages do."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from clients.chartmogul.client import BULK_CONNECTIONS, ChartMogulClient
from clients.chartmogul.dates import Row
from clients.chartmogul.settings import ChartMogulAccount
from clients.chartmogul.windows import MovementBlock
from clients.kit.errors import RateLimited, Rejected, Unauthorized, Unavailable
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY, Call
from tests.contracts.scripted import Reply, ScriptedServer

START, END = datetime(2022, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)

Open = Callable[..., ChartMogulClient]


@pytest.fixture
async def open_client() -> AsyncIterator[Open]:
    clients = []

    def opened(url: str, **options: Any) -> ChartMogulClient:
        account = {"api_key": CHARTMOGUL_KEY, "base_url": url, "requests_per_second": 10_000}
        account |= options.pop("account", {})
        options = {"retry_waits": (0.01, 0.01)} | options
        clients.append(ChartMogulClient(ChartMogulAccount.model_validate(account), **options))
        return clients[-1]

    yield opened
    for client in clients:
        await client.aclose()


@pytest.fixture
def client(simulators: Control, open_client: Open) -> ChartMogulClient:
    return open_client(simulators.chartmogul_url)


async def rows_of(stream: AsyncIterator[list[Row]]) -> list[Row]:
    return [row async for page in stream for row in page]


async def blocks_of(
    client: ChartMogulClient, start: datetime = START, end: datetime = END
) -> list[MovementBlock]:
    return [block async for block in client.stream_movements(start, end)]


def listed(simulators: Control) -> list[Row]:
    """All movements, as plain pages of the API have them."""
    found, query = list[Row](), dict[str, str]()
    with httpx.Client(auth=(CHARTMOGUL_KEY, ""), trust_env=False) as http:
        while True:
            page = http.get(f"{simulators.chartmogul_url}/activities", params=query).json()
            found += page["entries"]
            if not page["has_more"]:
                return found
            query["cursor"] = page["cursor"]


def uuids(blocks: list[MovementBlock]) -> Counter[str]:
    return Counter(row["uuid"] for block in blocks for row in block.rows)


def assert_seamless(blocks: list[MovementBlock], start: datetime, end: datetime) -> None:
    ordered = sorted(blocks, key=lambda block: block.start)
    assert ordered[0].start == start
    assert ordered[-1].until == end
    assert all(one.until == other.start for one, other in pairwise(ordered))
    for block in blocks:
        dates = [datetime.fromisoformat(row["date"]) for row in block.rows]
        assert all(block.start <= at < block.until for at in dates)


def most_at_once(calls: list[Call]) -> int:
    spans = [(call.at, call.at + timedelta(milliseconds=call.took_ms)) for call in calls]
    return max(sum(start <= at < end for start, end in spans) for at, _ in spans)


@pytest.mark.parametrize("page_size", [7, 50, 200])
@pytest.mark.parametrize("cursor_skips", [False, True])
async def test_every_movement_is_read_once(
    simulators: Control, open_client: Open, page_size: int, cursor_skips: bool
) -> None:
    simulators.reset(customers=60, movements=20)
    there = listed(simulators)
    simulators.chartmogul(cursor_skips=cursor_skips)
    blocks = await blocks_of(open_client(simulators.chartmogul_url, page_size=page_size))
    assert uuids(blocks) == Counter(row["uuid"] for row in there)
    assert sum(uuids(blocks).values()) == 1200
    assert_seamless(blocks, START, END)


async def test_rows_are_as_chartmogul_sent_them(simulators: Control, client: ChartMogulClient) -> None:
    [block] = await blocks_of(client, START + 200 * DAY, START + 400 * DAY)
    first, last = block.start.isoformat(), block.until.isoformat()
    assert block.rows == [row for row in listed(simulators) if first <= row["date"] < last] != []


@pytest.mark.parametrize("page_size", [1, 3, 200])
async def test_crowded_seconds_are_read_whole(simulators: Control, open_client: Open, page_size: int) -> None:
    """Nine cancellations in one second, and their neighbours, in lists that lose a row at every edge."""
    simulators.chartmogul(cursor_skips=page_size > 1)
    paying = [each for each in simulators.customers(limit=200) if each.mrr]
    for customer, second in zip(paying, [0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 9], strict=False):
        simulators.cancel(customer.uuid, at=END - DAY + timedelta(seconds=second), send=False)
    client = open_client(simulators.chartmogul_url, page_size=page_size)
    blocks = await blocks_of(client, END - DAY, END)
    assert sorted(uuids(blocks).values()) == [1] * 12
    assert_seamless(blocks, END - DAY, END)


async def test_movements_are_read_at_several_places_at_once(simulators: Control, open_client: Open) -> None:
    simulators.reset(customers=200, movements=20)
    simulators.fault("chartmogul", "slow", path="/activities", delay_seconds=0.05, times=None)
    simulators.chartmogul(connections=BULK_CONNECTIONS)
    blocks = await blocks_of(open_client(simulators.chartmogul_url, page_size=50, retry_waits=()))
    assert sum(uuids(blocks).values()) == 4000
    calls = [call for call in simulators.calls("chartmogul") if call.path == "/v1/activities"]
    assert most_at_once(calls) > 3
    # 80 full pages; the rest are pages at the end of a piece of time, which are not full.
    assert len(calls) < 80 * 1.5


async def test_small_history_costs_one_request(simulators: Control, client: ChartMogulClient) -> None:
    before = len(simulators.calls("chartmogul"))
    await blocks_of(client, END - 400 * DAY, END)
    assert len(simulators.calls("chartmogul")) == before + 1


@pytest.mark.parametrize("dates", [["2026-10-01T00:00:01+00:00", "soon", "2026-10-01T00:00:02+00:00"], ["?"]])
async def test_row_without_a_date_is_handed_on(
    simulators: Control, client: ChartMogulClient, dates: list[str]
) -> None:
    body = {"entries": [{"uuid": date, "date": date} for date in dates], "has_more": False}
    simulators.fault("chartmogul", "status", status=200, body=body, path="/activities")
    [block] = await blocks_of(client, END - 365 * DAY, END - DAY)
    assert [row["uuid"] for row in block.rows] == dates


async def test_reader_that_stops_leaves_no_call_behind(simulators: Control, open_client: Open) -> None:
    simulators.reset(customers=200, movements=20)
    before = asyncio.all_tasks()
    stream = open_client(simulators.chartmogul_url, page_size=50).stream_movements(START, END)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert asyncio.all_tasks() <= before


async def test_lists_are_whole(simulators: Control, open_client: Open) -> None:
    simulators.reset(customers=450)
    client = open_client(simulators.chartmogul_url)
    customers = await rows_of(client.stream_customers())
    assert len({row["uuid"] for row in customers}) == len(customers) == 450
    invoices = await rows_of(client.stream_invoices())
    assert len({row["uuid"] for row in invoices}) == len(invoices) > 900
    assert any(row["disabled"] for row in invoices)
    assert any(row["errors"] for row in invoices)
    assert len(await rows_of(client.stream_plans())) == 10
    assert len(await rows_of(client.stream_plan_groups())) == 2
    assert len(await rows_of(client.stream_data_sources())) == 2


async def test_metrics_are_one_list_with_the_parts_of_mrr(
    simulators: Control, client: ChartMogulClient
) -> None:
    [rows] = [page async for page in client.stream_metrics(date(2024, 1, 1), date(2024, 3, 20), "month")]
    assert [row["date"] for row in rows] == ["2024-01-31", "2024-02-29", "2024-03-20"]
    assert {"mrr", "arr", "customers", "ltv", "mrr-new-business", "mrr-churn"} <= rows[0].keys()
    parts = ("new-business", "expansion", "contraction", "churn", "reactivation")
    assert rows[1]["mrr"] - rows[0]["mrr"] == sum(rows[1][f"mrr-{part}"] for part in parts)


async def test_metrics_that_do_not_fit_together_are_refused(
    simulators: Control, client: ChartMogulClient
) -> None:
    body = {"entries": [{"date": "2024-01-30", "mrr": 1}]}
    simulators.fault("chartmogul", "status", status=200, body=body, path="/metrics/mrr")
    with pytest.raises(Rejected, match="dates of /metrics/all and /metrics/mrr differ"):
        await rows_of(client.stream_metrics(date(2024, 1, 1), date(2024, 1, 31), "month"))


async def test_subscriptions_of_many_customers(simulators: Control, client: ChartMogulClient) -> None:
    everyone = [row.uuid for row in simulators.customers(limit=100)]
    gone, back = everyone[0], everyone[1]
    simulators.delete_customer(gone)
    simulators.cancel(back, send=False)
    simulators.reactivate(back, send=False)
    rows = await rows_of(client.stream_subscriptions(everyone))
    count = Counter(row["customer-uuid"] for row in rows)
    assert count == {uuid: 2 if uuid == back else 1 for uuid in everyone[1:]}
    assert all(row["status"] in ("active", "inactive") for row in rows)


async def test_customers_may_come_from_another_stream(simulators: Control, client: ChartMogulClient) -> None:
    async def names() -> AsyncIterator[str]:
        async for page in client.stream_customers():
            for row in page:
                yield row["uuid"]

    assert len(await rows_of(client.stream_subscriptions(names()))) == 200


async def test_page_that_fails_is_asked_for_again(simulators: Control, client: ChartMogulClient) -> None:
    simulators.fault("chartmogul", "status", status=503, times=2, path="/customers")
    simulators.fault("chartmogul", "drop_before", path="/customers", skip=2)
    assert len(await rows_of(client.stream_customers())) == 200


async def test_failure_that_lasts_ends_the_stream(simulators: Control, client: ChartMogulClient) -> None:
    simulators.fault("chartmogul", "status", status=503, times=None, path="/customers")
    with pytest.raises(Unavailable):
        await rows_of(client.stream_customers())
    assert len(simulators.calls("chartmogul")) == 3


async def test_long_wait_that_chartmogul_names_is_left_to_temporal(
    simulators: Control, client: ChartMogulClient
) -> None:
    simulators.fault("chartmogul", "status", status=429, retry_after=60, path="/plans")
    with pytest.raises(RateLimited) as caught:
        await rows_of(client.stream_plans())
    assert caught.value.retry_after == timedelta(seconds=60)


async def test_refused_key_is_not_tried_again(simulators: Control, open_client: Open) -> None:
    client = open_client(simulators.chartmogul_url, account={"api_key": "wrong"})
    with pytest.raises(Unauthorized):
        await rows_of(client.stream_subscriptions(["cus_1", "cus_2"]))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"entries": [], "has_more": True, "cursor": None}, Unavailable),
        ({"entries": [], "has_more": True, "cursor": "a"}, Unavailable),
        ({"entries": [], "cursor": "a"}, Rejected),
        ({"entries": {}, "has_more": False}, Rejected),
        ({"entries": None, "has_more": False}, Rejected),
        ([], Rejected),
    ],
)
async def test_list_without_a_clear_end_is_an_error(
    open_client: Open, body: Any, error: type[Exception]
) -> None:
    with ScriptedServer(Reply(body)) as server, pytest.raises(error):
        await rows_of(open_client(server.url).stream_customers())


async def test_cursors_that_go_in_a_circle_are_an_error(open_client: Open) -> None:
    circle = [Reply({"entries": [], "has_more": True, "cursor": cursor}) for cursor in "abca"]
    with ScriptedServer(*circle) as server, pytest.raises(Unavailable, match="goes on"):
        await rows_of(open_client(server.url).stream_customers())


async def test_row_that_a_page_repeats_is_given_once(open_client: Open) -> None:
    first = Reply({"entries": [{"uuid": "1"}, {"uuid": "2"}], "has_more": True, "cursor": "2"})
    last = Reply({"entries": [{"uuid": "2"}, {"uuid": "3"}], "has_more": False, "cursor": "3"})
    with ScriptedServer(first, last) as server:
        rows = await rows_of(open_client(server.url).stream_customers())
    assert [row["uuid"] for row in rows] == ["1", "2", "3"]


async def test_bulk_leaves_connections_to_live_events(open_client: Open) -> None:
    page = Reply({"entries": [], "has_more": False}, delay_seconds=0.05)
    with ScriptedServer(page) as server:
        client = open_client(server.url)
        names = [f"cus_{number}" for number in range(40)]
        await rows_of(client.stream_subscriptions(names))
        assert server.most_at_once <= BULK_CONNECTIONS
