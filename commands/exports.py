"""`export`: what the streams do, what an export came to, and what nights there were."""

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import operations.exports as operation
from commands.following import follow
from commands.show import folding, print_problems
from commands.texts import escape
from models.templates.warehouse_export import ExportReport
from models.warehouse_loads import Loaded, LoadRun
from operations.exports import StreamProgress, Wish
from operations.following import Followed, Step
from settings import Settings
from workflows.warehouse_export.texts import COUNTS


async def run(settings: Settings, wish: Wish, console: Console) -> bool:
    """Start one and follow it. Ctrl-C leaves it running. False where a stream failed."""
    return await _follow(await operation.run(settings, wish), console)


async def status(settings: Settings, account: str, console: Console) -> bool:
    """Follow what runs, by hand or by schedule; else show what the last one came to."""
    return await _follow(await operation.status(settings, account), console)


def history(settings: Settings, account: str, limit: int, console: Console) -> None:
    loads = operation.history(settings, account, limit)
    order = "newest night first" if loads else "none yet"
    console.print(f"Loads of account {account}, {order}", highlight=False)
    print_nights(loads, console)


async def _follow(followed: Followed[ExportReport], console: Console) -> bool:
    report = await follow(followed, console, _streams, again="mogulflow export status")
    print_report(report, console)
    return not report.problems


def _streams(steps: Sequence[Step]) -> Table:
    table = folding("stream", "doing", "rows", "try", "")
    for each in map(StreamProgress.of, steps):
        table.add_row(each.stream, each.doing, f"{each.rows:,}", str(each.attempt), escape(each.trouble))
    return table


def print_report(report: ExportReport, console: Console) -> None:
    console.print(f"Export {report.run_id} into {report.engine}: {report.outcome}", highlight=False)
    if report.loads and not report.problems and all(load.already_applied for load in report.loads):
        console.print("That night was done already; what it came to:")
    console.print(loads_table(report.loads))
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
        console.print(loads_table(night))


def loads_table(loads: Sequence[Loaded | LoadRun]) -> Table:
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
