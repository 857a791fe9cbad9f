"""Tables of effects and runs for the terminal."""

from collections.abc import Iterable

from rich.markup import escape
from rich.table import Table

from models.effects import Action, Effect

_COLOURS = {
    Action.CREATED: "green",
    Action.UPDATED: "yellow",
    Action.WOULD_CREATE: "green",
    Action.WOULD_UPDATE: "yellow",
}


def folding(*columns: str, title: str = "", lines: bool = False) -> Table:
    """A table that breaks long words: a link that is cut off cannot be opened."""
    table = Table(title=title or None, title_justify="left", show_lines=lines)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def effects_table(title: str, effects: Iterable[Effect]) -> Table:
    table = folding("system", "object", "what", "tries", "link", title=title)
    for effect in effects:
        table.add_row(
            effect.system, effect.object_type, action(effect), str(effect.tries), effect.link or "-"
        )
    return table


def action(effect: Effect) -> str:
    colour = _COLOURS.get(effect.action, "dim")
    note = f" ({escape(effect.note)})" if effect.note else ""
    return f"[{colour}]{effect.action}[/]{note}"


def field_tables(effects: Iterable[Effect]) -> Iterable[Table]:
    """Field by field, before and after."""
    for effect in effects:
        title = f"{effect.system} {effect.object_type}"
        table = folding("field", "before", "after", title=title, lines=True)
        before = effect.before or {}
        for name, value in effect.after.items():
            table.add_row(name, escape(str(before.get(name, "-"))), escape(str(value)))
        yield table
