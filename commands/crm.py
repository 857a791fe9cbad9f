"""`crm run` and `crm report`: how far a sync is, what it came to, and a file of what was not written."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.table import Table

import operations.crm as operation
from commands.following import follow
from commands.show import folding, print_counts, print_problems
from commands.texts import escape
from models.crm import CrmName
from models.spreadsheets import unrun
from models.templates.crm_sync import CrmReport, ObjectReport, Status, SyncReport
from operations.crm import LeftRecord, left_records, progress_of
from operations.errors import Stopped
from operations.following import Followed, Step
from settings import Settings

COLUMNS = tuple(each.name for each in fields(LeftRecord))
SHOWN = 20
"""Lines of a list on the terminal; the CSV has all that the run keeps."""


async def run(settings: Settings, account: str, system: CrmName, console: Console) -> bool:
    """Start one and follow it. Ctrl-C leaves it running. False where an object failed."""
    report = await _follow(await operation.run(settings, account, system), console)
    _print(report, console)
    return not report.problems


async def report(
    settings: Settings, account: str, system: CrmName, file: Path | None, console: Console
) -> None:
    """Of the last run, by hand or by schedule; of one that runs when it has ended."""
    found = await _follow(await operation.last_run(settings, account, system), console)
    _print(found, console)
    if file:
        _write(await left_records(settings, account, found), file)
        console.print(f"{len(found.left):,} records that were not written: {file}", soft_wrap=True)
    if file and found.left_off:
        console.print(f"[yellow]{found.left_off:,} more are not in the run's report.[/]")


async def _follow(followed: Followed[CrmReport], console: Console) -> CrmReport:
    return await follow(followed, console, _objects, again="mogulflow crm report SYSTEM")


def _objects(steps: Sequence[Step]) -> RenderableType:
    """What the step says of the reading and of each object, one line each."""
    step = steps[0]
    table = folding("object", "doing", "rows", "written")
    for each in progress_of(step):
        table.add_row(each.object, each.doing, f"{each.rows:,}", f"{each.written:,}")
    tries = f"Try {step.attempt}: {escape(step.trouble)}"
    return Group(table, tries) if step.attempt > 1 else table


def _print(report: CrmReport, console: Console) -> None:
    came_to = f"{report.outcome}, {report.customers:,} customers in {report.seconds:.0f} s"
    console.print(f"Sync to {report.system}: {came_to}", highlight=False)
    print_counts(objects_table(report.objects), console)
    print_reasons(report, console)
    print_problems(report.problems, console, report.more_problems)


def objects_table(objects: Sequence[ObjectReport]) -> Table:
    statuses = [status for status in Status if any(each.counts.get(status) for each in objects)]
    table = Table("object", box=SIMPLE)
    for status in statuses:
        table.add_column(status.value, justify="right")
    for each in objects:
        table.add_row(each.object, *(f"{each.counts.get(status, 0):,}" for status in statuses))
    return table


def print_reasons(report: SyncReport, console: Console) -> None:
    for each in report.objects:
        for reason, count in list(each.reasons.items())[:SHOWN]:
            console.print(f"{each.object}, not written: {count:,} × {escape(reason)}", soft_wrap=True)
        for name, count in each.kept.items():
            console.print(f"{each.object}: a person's value stays in {escape(name)}, {count:,} ×")
        for what, count in list(each.open.items())[:SHOWN]:
            console.print(f"{each.object}, left as it is: {count:,} × {escape(what)}", soft_wrap=True)


def _cells(record: LeftRecord) -> dict[str, str]:
    """Names and addresses are what strangers wrote."""
    return {name: unrun(text) for name, text in asdict(record).items()}


def _write(records: Sequence[LeftRecord], file: Path) -> None:
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, COLUMNS)
            writer.writeheader()
            writer.writerows(map(_cells, records))
    except OSError as error:
        raise Stopped(f"{file}: {error.strerror}.") from None
