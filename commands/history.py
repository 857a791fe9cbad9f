"""`history`: what was done to a customer, and who asked for it, as a table."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from commands.texts import escape
from operations.history import Entry, history
from settings import Settings


async def show_history(settings: Settings, customer: str, limit: int, console: Console) -> None:
    found = await history(settings, customer, limit)
    console.print(escape(f"{found.name} {found.customer}".strip()), highlight=False)
    console.print(_table(found.entries) if found.entries else "Nothing was done to that customer.")
    if found.cut:
        console.print(f"Only the newest {limit:,} runs that Temporal has are shown; --limit shows more.")
    for note in found.notes:
        console.print(f"[yellow]{escape(note)}[/]", soft_wrap=True)


def _table(entries: Sequence[Entry]) -> Table:
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for head in ("When", "What, and the run", "Who asked, or the route", "Effects", "Outcome"):
        table.add_column(head, overflow="fold")
    for each in entries:
        at = each.at.astimezone().strftime("%d %b %Y %H:%M")
        kept = "" if each.kept_in == "Temporal" else f"\nkept in {each.kept_in}"
        what = f"{escape(each.what)}\n[dim]{escape(each.run)}{escape(kept)}[/]"
        effects = escape("\n".join(each.effects)) or "none"
        table.add_row(at, what, escape(each.asked_by), effects, escape(each.outcome))
    return table
