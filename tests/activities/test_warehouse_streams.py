"""How far a night reads ChartMogul's metrics: up to its day in the account's zone, by which it cuts them."""

from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from activities.warehouse.streams import extract, months_seen
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.settings import ChartMogulAccount
from models.templates.warehouse_export import Night, Prepared, StreamWork
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY
from tests.contracts.warehouse_rows import MAPPING

BEGAN = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", date(2026, 1, 31)), ("Europe/Berlin", date(2026, 2, 1))], ids=str
)
async def test_a_night_ends_with_its_day_in_the_account_s_zone(
    simulators: Control, tmp_path: Path, zone: str, day: date
) -> None:
    account = ChartMogulAccount.model_validate(
        {"api_key": CHARTMOGUL_KEY, "base_url": simulators.chartmogul_url}
    )
    night = Night(account="default", run_id="1", due_at=BEGAN, began_at=BEGAN)
    prepared = Prepared(engine="duckdb", time_zone=zone)
    work = StreamWork(night=night, stream="metrics", mapping=MAPPING, prepared=prepared)
    client = ChartMogulClient(account)
    try:
        months = await months_seen(client, night, zone)
        [(_, table)] = await extract(client, [], work, tmp_path, "", lambda _: None)
    finally:
        await client.aclose()
    assert months[-1].month == day.replace(day=1)
    assert table.rows > len(months)
    asked = [
        parse_qs(call.query) for call in simulators.calls(system="chartmogul") if call.path != "/account"
    ]
    assert {each["end-date"][0] for each in asked} == {day.isoformat()}
