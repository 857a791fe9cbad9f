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


def effects_table(title: str, effects: Iterable[Effect]) -> Table:
    table = Table("system", "object", "what", "tries", "link", title=title, title_justify="left")
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
        table = Table("field", "before", "after", title=title, title_justify="left", show_lines=True)
        before = effect.before or {}
        for name, value in effect.after.items():
            table.add_row(name, escape(str(before.get(name, "-"))), escape(str(value)))
        yield table
