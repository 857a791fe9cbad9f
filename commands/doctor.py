"""`doctor`: a row per check."""

from rich.console import Console
from rich.table import Table

from commands.show import folding
from commands.texts import escape
from models.bounds import within
from models.findings import Finding, State
from operations.doctor.examine import findings
from settings import Settings

COLOURS = {State.OK: "green", State.OFF: "dim", State.WARNING: "yellow", State.FAULT: "bold red"}

LONGEST_NAMED, LONGEST_TOLD = 200, 2_000
"""Bytes of what is checked, and of what was found: a value of any length may be quoted."""


def findings_table() -> Table:
    return folding("check", "", "found", "what to do", lines=True)


def add_finding(table: Table, finding: Finding) -> None:
    colour = COLOURS[finding.state]
    table.add_row(
        escape(within(finding.what, LONGEST_NAMED)),
        f"[{colour}]{finding.state}[/]",
        escape(within(finding.detail, LONGEST_TOLD)),
        escape(within(finding.to_do, LONGEST_TOLD)),
    )


async def examine(settings: Settings, console: Console) -> bool:
    """Print one row per check. False where a fault would lose or stop work."""
    table, faults = findings_table(), 0
    with console.status("Asking each system"):
        async for finding in findings(settings):
            faults += finding.state is State.FAULT
            add_finding(table, finding)
    console.print(table)
    return faults == 0
