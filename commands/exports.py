"""`export`: a night's export started by hand and followed, what runs now, and what nights there were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import partial

from rich.box import SIMPLE
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client

import temporal
from clients.kit.errors import IntegrationError
from commands.backfill import known_account
from commands.dates import instant
from commands.following import Run, follow, heartbeat, latest, started, trouble
from commands.show import folding, print_problems
from commands.stopped import Stopped, stopped_by
from configuration.files import load_mapping
from domains.warehouse.engines.configured import engine_of_account
from domains.warehouse.history import Ledger
from domains.warehouse.loader import opened
from models.templates.warehouse_export import ExportInput, ExportReport
from models.warehouse import Mapping
from models.warehouse_loads import Loaded, LoadRun
from settings import Settings
from workflows.warehouse_export.texts import COUNTS


@dataclass(frozen=True)
class Wish:
    """What a person asks for."""

    account: str
    streams: Sequence[str] = ()
    night: str | None = None
    full: bool = False
    accept_missing: bool = False


async def run(settings: Settings, wish: Wish, console: Console) -> bool:
    """Start one and follow it. Ctrl-C leaves it running. False where a stream failed."""
    known_account(settings, wish.account)
    if settings.warehouse is None:
        raise Stopped(
            "No warehouse is connected. Set WAREHOUSE__ENGINE=duckdb, or another; .env.example has all."
        )
    client, given = await temporal.connect(), _input(settings, wish)
    what, id = f"Export of account {wish.account}", f"export/{wish.account}/by-hand"
    run = await started(
        client, "warehouse_export", given, ExportReport, id=id, what=what, account=wish.account
    )
    return await _follow(settings, client, run, console)


async def status(settings: Settings, account: str, console: Console) -> bool:
    """Follow what runs, by hand or by schedule; else show what the last one came to."""
    known_account(settings, account)
    client = await temporal.connect()
    query = f"WorkflowType = 'warehouse_export' AND Account = '{account}'"
    if run := await latest(client, query, ExportReport):
        return await _follow(settings, client, run, console)
    raise Stopped(f"There was no export of account {account} yet. `mogulflow export run` starts one.")


def history(settings: Settings, account: str, limit: int, console: Console) -> None:
    """The nights there were, from the warehouse's own ledger."""
    known_account(settings, account)
    if settings.warehouse is None:
        raise Stopped("No warehouse is connected. Set WAREHOUSE__ENGINE.")
    try:
        with opened(engine_of_account(settings.warehouse, account), read_only=True) as session:
            loads = Ledger(session).history(limit)
    except IntegrationError as error:
        raise stopped_by(error) from None
    order = "newest night first" if loads else "none yet"
    console.print(f"Loads of account {account}, {order}", highlight=False)
    print_nights(loads, console)


def known_streams(mapping: Mapping, wished: Sequence[str]) -> None:
    """Raises Stopped where one is wished for that the mapping does not read."""
    known = list(mapping.read_streams)
    if unknown := sorted(set(wished) - set(known)):
        raise Stopped(f"There is no stream {', '.join(unknown)}; there are: {', '.join(known)}.")


def _input(settings: Settings, wish: Wish) -> ExportInput:
    mapping = load_mapping(settings.warehouse_file)
    known_streams(mapping, wish.streams)
    return ExportInput(
        account=wish.account,
        mapping=mapping,
        night=instant("--night", wish.night) if wish.night else None,
        streams=list(wish.streams),
        full=wish.full,
        accept_missing=wish.accept_missing,
    )


async def _follow(settings: Settings, client: Client, run: Run[ExportReport], console: Console) -> bool:
    progress = partial(_progress, client)
    report = await follow(settings, client, run, console, progress, again="mogulflow export status")
    print_report(report, console)
    return not report.problems


async def _progress(client: Client, pending: Sequence[PendingActivityInfo]) -> Group:
    """What the streams that run say of themselves."""
    table = folding("stream", "doing", "rows", "try", "")
    for each in pending:
        told = await heartbeat(client, each)
        doing = str(told.get("doing", "waiting for its turn"))
        rows = f"{told.get('rows', 0):,}"
        name = str(told.get("stream", each.activity_type.name))
        table.add_row(name, doing, rows, str(each.attempt), trouble(each))
    return Group(table)


def print_report(report: ExportReport, console: Console) -> None:
    console.print(f"Export {report.run_id} into {report.engine}: {report.outcome}", highlight=False)
    if report.loads and not report.problems and all(load.already_applied for load in report.loads):
        console.print("That night was done already; what it came to:")
    console.print(_table(report.loads))
    for stream in report.streams:
        if stream.unmapped:
            console.print(f"{stream.stream}: fields without a column: {escape(', '.join(stream.unmapped))}")
        for text in stream.left_out:
            console.print(f"Left out: {escape(text)}", soft_wrap=True, highlight=False)
        for month, cents in stream.months.items():
            console.print(f"Restated: {month} by {Decimal(cents) / 100:+,.2f}")
    if report.checked and report.checked.at_odds:
        console.print(f"[yellow]{report.checked.at_odds}[/]", soft_wrap=True)
    print_problems(report.problems, console, report.more_problems)


def print_nights(loads: Sequence[LoadRun], console: Console) -> None:
    for run_id in sorted({load.run_id for load in loads}, reverse=True):
        night = [load for load in loads if load.run_id == run_id]
        committed = max(load.committed_at for load in night).astimezone(UTC)
        name = run_id.removeprefix(f"{night[0].account}/")
        console.print(f"{name}, committed {committed:%d %b %H:%M} UTC", highlight=False)
        console.print(_table(night))


def _table(loads: Sequence[Loaded | LoadRun]) -> Table:
    """Without padding: with all its columns it just fits into 80."""
    counts = {head: [getattr(load, name) for load in loads] for head, name in COUNTS.items()}
    shown = {head: found for head, found in counts.items() if head == "rows" or any(found)}
    table = Table(box=SIMPLE, padding=0)
    table.add_column("table", no_wrap=True)
    for head in shown:
        table.add_column(head, justify="right")
    for load, *found in zip(loads, *shown.values(), strict=True):
        table.add_row(load.stream, *(f"{count:,}" for count in found))
    return table
