"""What tonight's export would change, row by row. Nothing is written anywhere."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from activities.warehouse.streams import customers_for, extract, load_of, months_seen, movements_since
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import IntegrationError
from configuration.files import load_mapping
from domains.warehouse.engine import Engine
from domains.warehouse.engines.configured import engine_of_account
from domains.warehouse.loader import Loader, opened
from models.templates.warehouse_export import Night, NightWork, Prepared, StreamWork
from models.warehouse_loads import MonthSeen, Preview
from operations.accounts import known_account
from operations.errors import Stopped
from operations.exports import known_streams
from operations.outages import stopped_by
from operations.progress import Doing, Stage, Told, ignore
from settings import Settings


@dataclass(frozen=True)
class TablePreview:
    """`minor_unit_digits` are of the currencies: how many decimal places amounts have."""

    load: Preview
    minor_unit_digits: Mapping[str, int]


async def preview(
    settings: Settings, account: str, streams: Sequence[str] = (), told: Told = ignore
) -> AsyncGenerator[TablePreview, None]:
    """Table by table: definitions, counts, ten rows before and after. Raises Stopped and BadConfig."""
    known_account(settings, account)
    if settings.warehouse is None:
        raise Stopped("No warehouse is connected. Set WAREHOUSE__ENGINE=duckdb, or another.")
    mapping = load_mapping(settings.warehouse_file)
    known_streams(mapping, streams)
    now = datetime.now(UTC)
    night = Night(account=account, run_id=f"preview/{now.isoformat()}", due_at=now, began_at=now)
    work = NightWork(night=night, mapping=mapping)
    client = ChartMogulClient(settings.chartmogul[account])
    engine = engine_of_account(settings.warehouse, account)
    try:
        prepared = await _prepared(client, engine, work)
        for stream in streams or mapping.read_streams:
            one = StreamWork(night=night, stream=stream, mapping=mapping, prepared=prepared)
            for found in await _previews(client, engine, one, settings, told):
                yield TablePreview(found, mapping.minor_unit_digits)
    except IntegrationError as error:
        raise stopped_by(error) from None
    finally:
        await client.aclose()


async def _prepared(client: ChartMogulClient, engine: Engine, work: NightWork) -> Prepared:
    account = await client.account()
    months = await months_seen(client, work.night, account.time_zone)
    since = await asyncio.to_thread(_since, engine, work, months)
    zone, currency = account.time_zone, account.currency
    return Prepared(engine=engine.name, time_zone=zone, currency=currency, movements_since=since)


def _since(engine: Engine, work: NightWork, months: list[MonthSeen]) -> datetime | None:
    with opened(engine, read_only=True) as session:
        return movements_since(session, work, months)


async def _previews(
    client: ChartMogulClient, engine: Engine, work: StreamWork, settings: Settings, told: Told
) -> list[Preview]:
    read = 0
    told(Doing(Stage.READING, work.stream))
    with tempfile.TemporaryDirectory() as folder:

        def note(rows: int) -> None:
            nonlocal read
            read += rows
            told(Doing(Stage.READING, work.stream, read))

        key = settings.warehouse_hash_key.get_secret_value()
        customers = await asyncio.to_thread(customers_for, engine, work, read_only=True)
        files = await extract(client, customers, work, Path(folder), key, note)
        told(Doing(Stage.COMPARING, work.stream))
        return [
            await asyncio.to_thread(Loader(engine).preview, load_of(work, mapping, extracted, attempt=1))
            for mapping, extracted in files
        ]
