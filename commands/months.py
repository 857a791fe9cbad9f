"""`reconcile`: a month begun and followed, its numbers and findings, and what people say of them."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

import operations.reconciliation.corrections as corrections
import operations.reconciliation.month as operation
from commands.changes import print_change
from commands.show import folding, print_problems
from commands.texts import escape
from models.changes import Correction, InvoiceSwitch
from models.minor_units import minor_text
from models.reconciliation.books import Reading
from models.templates.reconciliation import Amounts, Kind, OpenFinding, Proposed, ReconciliationState
from operations.following import Look
from settings import Settings


async def run(settings: Settings, account: str, period: str, kind: Kind, console: Console) -> bool:
    """Begin it, and follow it until it is judged. Ctrl-C leaves it running. False where it was not."""
    followed = await operation.run(settings, account, period, kind)
    console.print(f"Run: {followed.link}", soft_wrap=True)
    now = None
    with Live(console=console, transient=True) as live:
        async for now, look in operation.judged(followed):
            live.update(_progress(now, look))
    now = await operation.state(settings, account, period, kind)
    print_state(settings, now, console)
    return not now.stopped and not now.problems


async def status(settings: Settings, account: str, period: str, console: Console) -> bool:
    now = await operation.state(settings, account, period)
    print_state(settings, now, console)
    return not now.stopped and not now.problems


async def show(settings: Settings, account: str, period: str, console: Console) -> None:
    """What is unexplained, and whose it is."""
    now = await operation.state(settings, account, period)
    if not now.open:
        console.print(f"{_title(now)}: nothing is unexplained.", highlight=False)
        return
    console.print(_findings(now.open))
    if now.more_open:
        console.print(f"{now.more_open} more stand in the pack's report.", highlight=False)


async def assign(
    settings: Settings, account: str, period: str, finding: str, owner: str, console: Console
) -> None:
    console.print(_findings([await operation.assign(settings, account, period, finding, owner)]))


async def note(
    settings: Settings, account: str, period: str, finding: str, text: str, console: Console
) -> None:
    console.print(_findings([await operation.note(settings, account, period, finding, text)]))


async def propose(
    settings: Settings,
    account: str,
    period: str,
    findings: Sequence[str],
    reason: str,
    again: bool,
    console: Console,
) -> None:
    """Without findings: what there is to propose."""
    if not findings:
        print_proposable(await corrections.proposable(settings, account, period), console)
        return
    run = await corrections.propose(settings, account, period, findings, reason, again=again)
    print_change(run, console)


def print_proposable(found: Proposed, console: Console) -> None:
    if not found.corrections:
        console.print("Nothing that was found can be corrected in ChartMogul.", highlight=False)
        return
    table = folding("finding", "of", "correction", "difference", "then")
    for each in found.corrections:
        then = "" if each.predicted is None else minor_text(each.predicted, each.currency)
        before = minor_text(each.difference, each.currency)
        table.add_row(each.finding, escape(each.said.rpartition(":")[0]), escape(_edit(each)), before, then)
    console.print(table)
    more = f" {found.more} more findings can be corrected after these." if found.more else ""
    said = f"Nothing of it is done. `mogulflow reconcile propose FINDING` asks somebody else to agree.{more}"
    console.print(said, highlight=False)


def _edit(each: Correction) -> str:
    if isinstance(each.edit, InvoiceSwitch):
        return f"disable invoice {each.edit.invoice_uuid}"
    fields = each.edit.fields.model_dump(exclude_none=True)
    return f"line {each.edit.line_uuid}: " + ", ".join(f"{name} = {value}" for name, value in fields.items())


async def sign_off(
    settings: Settings, account: str, period: str, preparer: str, comment: str, pack: str, console: Console
) -> None:
    await operation.sign_off(settings, account, period, preparer=preparer, comment=comment, pack=pack)
    console.print("Signed. The pack with the sign-off is being written; `reconcile status` shows it.")


def print_state(settings: Settings, now: ReconciliationState, console: Console) -> None:
    console.print(f"{_title(now)}: {now.phase}", highlight=False)
    for each in now.stopped:
        console.print(f"[red]Not judged: {escape(each)}[/]", soft_wrap=True, highlight=False)
    if now.late_snapshot:
        console.print("[yellow]The billing snapshot was made late: it shows billing as it was then.[/]")
    if now.readings:
        console.print(_readings(now.readings))
    if now.amounts:
        console.print(_amounts(now.amounts))
        console.print(f"{now.differing:,} of {now.rows:,} rows differ, by rules version {now.rules_version}.")
    if now.pack:
        path = settings.reconciliation.packs / now.pack.path
        console.print(f"Pack: {_shown(path)}, SHA256SUMS {now.pack.sha256}", soft_wrap=True, highlight=False)
    if sign := now.sign_off:
        said = f"Signed off by {sign.reviewer}, prepared by {sign.preparer}. {sign.comment}"
        console.print(escape(said.strip()), soft_wrap=True, highlight=False)
    print_problems(now.problems, console)


def _progress(now: ReconciliationState, look: Look) -> str | Table:
    if not look.has_worker:
        return "No worker takes it. Start `mogulflow serve`; it goes on by itself then."
    table = folding("step", "doing", "try", "")
    for each in look.steps:
        said = ", ".join(f"{name} {value}" for name, value in each.said.items())
        table.add_row(each.activity, escape(said or now.phase), str(each.attempt), escape(each.trouble))
    return table


def _readings(readings: Sequence[Reading]) -> Table:
    table = folding("system", "site", "rows", "calls", "counts agree", "changed meanwhile")
    for each in readings:
        rows, agree = sum(file.rows for file in each.files), "yes" if each.is_complete else "[red]no[/]"
        changed = str(len(each.changed_while_read) or "")
        table.add_row(each.system, escape(each.site), f"{rows:,}", f"{each.calls:,}", agree, changed)
    return table


def _amounts(amounts: Sequence[Amounts]) -> Table:
    table = Table()
    for head in ("currency", "difference", "explained", "unexplained"):
        table.add_column(head, justify="left" if head == "currency" else "right")
    for each in amounts:
        numbers = (each.difference, each.explained, each.unexplained)
        table.add_row(each.currency, *(minor_text(minor, each.currency) for minor in numbers))
    return table


def _findings(found: Sequence[OpenFinding]) -> Table:
    table = folding("finding", "of", "difference", "unexplained", "causes", "owner", "notes")
    for each in found:
        causes, notes = "\n".join(each.causes), "\n".join(f"{note.who}: {note.text}" for note in each.notes)
        amounts = (minor_text(minor, each.currency) for minor in (each.difference, each.unexplained))
        table.add_row(each.id, escape(each.subject), *amounts, causes, escape(each.owner), escape(notes))
    return table


def _title(now: ReconciliationState) -> str:
    return f"Reconciliation of account {escape(now.account)}, {now.period}, {now.kind}"


def _shown(path: Path) -> str:
    return escape(str(path))
