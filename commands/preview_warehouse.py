"""`preview warehouse`: what tonight's export would change, row by row. Nothing is written anywhere."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from activities.export_streams import customers_for, extract, load_of, months_seen, movements_since
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import IntegrationError
from commands.backfill import known_account
from commands.exports import known_streams
from commands.show import add_parts, folding
from commands.stopped import Stopped, stopped_by
from configuration.files import load_mapping
from domains.warehouse.engine import Engine
from domains.warehouse.engines.configured import engine_of_account
from domains.warehouse.loader import Loader, opened
from models.templates.warehouse_export import Night, NightWork, Prepared, StreamWork
from models.warehouse_loads import MonthSeen, Preview, SampleRow
from models.warehouse_tables import ROW_HASH
from settings import Settings

DIGITS = {"default": 2}
NAMES = ("company", "name", "customer_name", "description", "plan_name", "external_id")
"""Columns that say to a person which row it is; the first that is filled."""

WORDS = {"rows_read": "read", "inserted": "new"}


async def preview(settings: Settings, account: str, streams: Sequence[str], console: Console) -> None:
    """DDL, counts and ten rows before and after, for each table. Raises Stopped."""
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
            for found in await _previews(client, engine, one, settings, console):
                print_preview(found, console, mapping.minor_unit_digits)
    except IntegrationError as error:
        raise stopped_by(error) from None
    finally:
        await client.aclose()


async def _prepared(client: ChartMogulClient, engine: Engine, work: NightWork) -> Prepared:
    account, months = await asyncio.gather(client.account(), months_seen(client, work.night))
    since = await asyncio.to_thread(_since, engine, work, months)
    zone, currency = account.time_zone, account.currency
    return Prepared(engine=engine.name, time_zone=zone, currency=currency, movements_since=since)


def _since(engine: Engine, work: NightWork, months: list[MonthSeen]) -> datetime | None:
    with opened(engine, read_only=True) as session:
        return movements_since(session, work, months)


async def _previews(
    client: ChartMogulClient, engine: Engine, work: StreamWork, settings: Settings, console: Console
) -> list[Preview]:
    read = 0
    with console.status(f"Reading {work.stream}") as status, tempfile.TemporaryDirectory() as folder:

        def note(rows: int) -> None:
            nonlocal read
            read += rows
            status.update(f"Reading {work.stream}: {read:,} rows")

        key = settings.warehouse_hash_key.get_secret_value()
        customers = await asyncio.to_thread(customers_for, engine, work, read_only=True)
        files = await extract(client, customers, work, Path(folder), key, note)
        status.update(f"Comparing {work.stream} with what is there")
        return [
            await asyncio.to_thread(Loader(engine).preview, load_of(work, mapping, extracted, attempt=1))
            for mapping, extracted in files
        ]


def print_preview(found: Preview, console: Console, digits: Mapping[str, int] = DIGITS) -> None:
    counts = found.counts.model_dump()
    said = [f"{count:,} {_word(name, found)}" for name, count in counts.items() if count]
    console.print(f"[bold]{found.stream}[/]: {', '.join(said) or 'nothing'}")
    for statement in found.statements:
        console.print(f"  would run: {escape(' '.join(statement.split()))}", soft_wrap=True)
    for statement in found.refused:
        console.print(f"  [red]must be run by hand:[/] {escape(statement)}", soft_wrap=True)
    if found.problem:
        console.print(f"  [red]would be refused:[/] {escape(found.problem)}", soft_wrap=True)
    if found.sample:
        console.print(_sample(found, digits))


def _word(name: str, found: Preview) -> str:
    """Only what changes history is restated; a customer's new address is a change."""
    word = WORDS.get(name, name)
    return "changed" if word == "restated" and not found.restates else word


def _sample(found: Preview, digits: Mapping[str, int]) -> Table:
    title = f"{found.stream}, {len(found.sample)} of the rows that would change; amounts in whole units"
    parts = (
        (
            (f"{number} {_word(row.kind, found)} {_called(row, found.key)}",),
            list(_differences(row, digits)) or [("(no column differs)", "", "")],
        )
        for number, row in enumerate(found.sample, start=1)
    )
    return add_parts(folding("column", "before", "after", title=title), parts)


def _called(row: SampleRow, key: Sequence[str]) -> str:
    """Its key, and the name that people know it by."""
    there = row.after or row.before or {}
    names = (there.get(name) for name in NAMES)
    said = [str(there[name]) for name in key if there.get(name) is not None]
    return ", ".join([*said, *[str(name) for name in names if name][:1]])


def _differences(row: SampleRow, digits: Mapping[str, int]) -> Iterator[tuple[str, str, str]]:
    """Column, before, after: of a new row all that it has, of one that is gone all that it had."""
    before, after = row.before or {}, row.after or {}
    for name in before | after:
        if name != ROW_HASH.name and before.get(name) != after.get(name):
            old, new = (_shown(name, each, digits) for each in (before, after))
            yield name.removesuffix("_cents"), old, new


def _shown(name: str, row: Mapping[str, object], digits: Mapping[str, int]) -> str:
    """Amounts in whole units of their currency, numbers without zeros at their end."""
    value = row.get(name)
    if value is None:
        return "-"
    if name.endswith("_cents") and isinstance(value, int | Decimal):
        places = digits.get(str(row.get("currency")), digits.get("default", 2))
        return f"{Decimal(value).scaleb(-places):,.{places}f}"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
