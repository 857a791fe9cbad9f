"""`audit`: the newest rows, a night's export, and whether files are whole."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

import operations.audit as operation
from commands.exports import loads_table
from commands.following import follow
from commands.show import folding, print_problems
from commands.texts import escape
from models.ledger import Link
from models.nightly_audit import AuditExportReport
from operations.audit import Verified
from operations.dates import local
from operations.following import Step
from settings import Settings


async def show(settings: Settings, account: str, count: int, console: Console) -> None:
    links = await operation.newest(settings, account, count)
    if not links:
        console.print(f"The audit of account {account} has no row yet.", highlight=False)
        return
    console.print(_table(links))
    last = links[-1]
    console.print(f"Row {last.number} has the hash {last.hash}.", soft_wrap=True, highlight=False)


def _table(links: Sequence[Link]) -> Table:
    table = folding("row", "when", "what", "who asked", "effects", "outcome")
    for each in links:
        row = each.row
        effects = len(row.get("effects", [])) + row.get("more_effects", 0)
        at, who = local(datetime.fromisoformat(row["at"])), _who(row)
        cells = (str(each.number), at, f"{row['what']}\n{row['run']}", who, str(effects), row["outcome"])
        table.add_row(*map(escape, cells))
    return table


def _who(row: dict[str, object]) -> str:
    """With who decided."""
    decisions = row.get("decisions")
    decided = [
        f"{each['who']} {'agreed' if each['approve'] else 'refused'}"
        for each in (decisions if isinstance(decisions, list) else [])
    ]
    return "\n".join(filter(None, [str(row.get("asked_by", "")), *decided]))


async def run(settings: Settings, account: str, console: Console, *, accept_gap: bool = False) -> bool:
    """Start a night's export and follow it. Ctrl-C leaves it running. False where a part failed."""
    followed = await operation.run(settings, account, accept_gap=accept_gap)
    report = await follow(followed, console, _doing, again="mogulflow audit export")
    print_report(report, console)
    return not report.problems


def _doing(steps: Sequence[Step]) -> Table:
    table = folding("doing", "rows", "try", "")
    for each in steps:
        said = each.said
        rows = f"{said.get('rows', 0):,}"
        table.add_row(str(said.get("doing", each.activity)), rows, str(each.attempt), escape(each.trouble))
    return table


def print_report(report: AuditExportReport, console: Console) -> None:
    console.print(f"Runs of events that had ended: {report.events:,}", highlight=False)
    if written := report.written:
        rows = f"rows {written.first:,} to {written.number:,}, {written.new:,} of them new"
        console.print(f"{written.file}: {rows}", highlight=False)
        console.print(f"Row {written.number} has the hash {written.head}.", soft_wrap=True, highlight=False)
        told = "The ops channel has it." if report.told else "Nobody was told: no ops channel has it."
        console.print(told)
    else:
        console.print("There is no row yet.")
    if report.loads:
        console.print(loads_table(report.loads))
    print_problems(report.problems, console, report.more_problems)


async def export_to(settings: Settings, account: str, file: Path, console: Console) -> None:
    found = await operation.export_to(settings, account, file)
    console.print(f"{file}: rows {found.first:,} to {found.end.number:,}", soft_wrap=True, highlight=False)
    console.print(f"Row {found.end.number} has the hash {found.end.head}.", soft_wrap=True, highlight=False)


def verify(files: Sequence[Path], head: str, console: Console) -> bool:
    """Whether all are whole."""
    found = operation.verify(files, head)
    for each in found:
        _print_verified(each, console)
    if not found:
        console.print("There is no row in these files.")
    return bool(found) and not any(each.faults for each in found)


def _print_verified(found: Verified, console: Console) -> None:
    if found.rows:
        rows = f"rows {found.first:,} to {found.end.number:,}"
        console.print(f"Audit of account {found.account}: {rows}", highlight=False)
    for fault in found.faults:
        console.print(f"[red]{escape(fault[:1].upper() + fault[1:])}.[/]", soft_wrap=True, highlight=False)
    if found.rows and not found.faults:
        console.print("No row was edited, is missing, or is in another's place.")
        if found.first > 1:
            console.print(f"What stood before row {found.first} is not in these files.", highlight=False)
        text = f"Row {found.end.number} has the hash {found.end.head}; compare it with what was posted."
        console.print(text, soft_wrap=True, highlight=False)
