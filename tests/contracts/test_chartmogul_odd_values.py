"""Odd values in ChartMogul's lists cost a field or a row, and never the list."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clients.chartmogul.client import ChartMogulClient
from domains.warehouse.files import Extract
from models.chartmogul import ActivityBlock
from simulators.kit.control import Control
from tests.contracts.chartmogul import client_of
from tests.contracts.warehouse_rows import mapping_of

EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=400))


@pytest.fixture
async def client(simulators: Control) -> Any:
    made = client_of(simulators.chartmogul_url)
    yield made
    await made.aclose()


async def activities(client: ChartMogulClient) -> list[ActivityBlock]:
    return [block async for block in client.activities(*EVER)]


async def ids_of_movements(client: ChartMogulClient) -> list[str]:
    return [row["uuid"] async for block in client.stream_movements(*EVER) for row in block.rows]


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        ("description", "null"),
        ("subscription-external-id", "null"),
        ("customer-name", '"half \\ud83d"'),
        ("brand-new", '{"deep": [1e999, {"a": "\\udc00"}]}'),
    ],
)
async def test_odd_values_that_nothing_depends_on_cost_no_row(
    simulators: Control, client: ChartMogulClient, field: str, raw: str
) -> None:
    ids = await ids_of_movements(client)
    simulators.odd(ids[3], field, raw)
    found = await activities(client)
    assert sum(len(block.rows) for block in found) == len(ids)
    assert [text for block in found for text in block.unreadable] == []


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        ("type", "null"),
        ("customer-uuid", '""'),
        ("date", '"2026-01-01"'),
        ("customer-uuid", '"' + "x" * 200_000 + '"'),
        ("brand-new", "NaN"),
        ("brand-new", '{"deep": [-Infinity]}'),
    ],
)
async def test_a_row_that_is_none_is_named_and_the_others_are_read(
    simulators: Control, client: ChartMogulClient, field: str, raw: str
) -> None:
    ids = await ids_of_movements(client)
    simulators.odd(ids[3], field, raw)
    found = await activities(client)
    unreadable = [text for block in found for text in block.unreadable]
    assert sum(len(block.rows) for block in found) == len(ids) - 1
    assert len(set(unreadable)) == 1
    assert len(unreadable[0]) < 500


async def test_fractions_and_odd_fields_of_invoices_stop_no_table(
    simulators: Control, client: ChartMogulClient, tmp_path: Path
) -> None:
    invoices = [row async for page in client.stream_invoices() for row in page]
    lines = [line["uuid"] for row in invoices for line in row["line_items"]]
    for number, (field, raw) in enumerate(
        [("quantity", "2.5"), ("amount_in_cents", "99.5"), ("amount_in_cents", "NaN"), ("type", '{"a": NaN}')]
    ):
        simulators.odd(lines[number], field, raw)
    simulators.odd(lines[4], "service_period_start", '"0000-00-00"')
    simulators.odd(lines[5], "uuid", "null")
    extract = Extract(tmp_path, mapping_of("invoice_line_items"))
    async for page in client.stream_invoices():
        extract.add(page)
    done = extract.finish()
    assert (done.rows, done.rejected) == (len(lines) - 2, 2)
    assert {(each.key, each.column) for each in done.rejects} == {
        (lines[2], "amount_cents"),
        (None, "line_item_uuid"),
    }
    assert {(each.key, each.column) for each in done.emptied} == {
        (lines[3], "line_type"),
        (lines[4], "service_period_start"),
    }
