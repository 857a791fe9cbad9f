"""Tables of effects and of movements for the terminal."""

from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from commands.texts import escape
from models.effects import Action, Effect, shown
from models.movements import Found, Tally
from models.runs import Problem
from models.tallies import kinds
from operations.progress import Doing, Stage

UNLIMITED = 1_000
"""Columns of a terminal on which anything fits."""

_COLOURS = {
    Action.CREATED: "green",
    Action.UPDATED: "yellow",
    Action.WOULD_CREATE: "green",
    Action.WOULD_UPDATE: "yellow",
}


def doing_words(doing: Doing) -> str:
    """`Reading customers: 1,200 rows`."""
    if doing.stage is Stage.COMPARING:
        return f"Comparing {doing.what} with what is there"
    return f"Reading {doing.what}: {doing.rows:,} rows" if doing.rows else f"Reading {doing.what}"


def folding(*columns: str, title: str = "", lines: bool = False) -> Table:
    """A table that breaks long words: a link that is cut off cannot be opened."""
    table = Table(title=title or None, title_justify="left", show_lines=lines)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def add_parts(table: Table, parts: Iterable[tuple[Sequence[str], Iterable[Sequence[str]]]]) -> Table:
    """Each a head and its rows, with a line below: a cell that is folded shifts nothing beside it."""
    for head, rows in parts:
        table.add_row(*(f"[bold]{escape(cell)}[/]" for cell in head))
        for cells in rows:
            table.add_row(*map(escape, cells))
        table.add_section()
    return table


def in_order(effects: Iterable[Effect]) -> list[Effect]:
    """By system and object: steps that run side by side end in any order."""
    return sorted(effects, key=lambda each: (each.system, each.object_type, each.key))


def effects_table(title: str, effects: Iterable[Effect]) -> Table:
    """Key and link have the widest column: of 80 characters neither breaks that need not."""
    table = folding("object, its key and link", "what", "tries", title=title)
    for effect in effects:
        link = f"\n{escape(effect.link)}" if effect.link else ""
        what = f"{effect.system} {escape(_whose(effect))}\n[dim]{escape(effect.key)}[/]{link}"
        table.add_row(what, action(effect), str(effect.tries))
    return table


def _whose(effect: Effect) -> str:
    return f"{effect.object_type} of {effect.label}" if effect.label else effect.object_type


def action(effect: Effect) -> str:
    colour = _COLOURS.get(effect.action, "dim")
    note = f" ({escape(effect.note)})" if effect.note else ""
    return f"[{colour}]{effect.action}[/]{note}"


def field_tables(effects: Iterable[Effect], names: Mapping[str, str] | None = None) -> Iterable[Table]:
    """Field by field, before and after; `names` are of the people behind ids."""
    known = names or {}
    for effect in effects:
        there = "is there already, and stays as it is" if effect.action is Action.UNCHANGED else None
        title = escape(" ".join(filter(None, (effect.system, _whose(effect), effect.object_id, there))))
        table = folding("field", "before", "after", title=title, lines=True)
        before = effect.before or {}
        for name, value in effect.after.items():
            was = shown(effect, before.get(name, "-"), known)
            table.add_row(name, escape(was), escape(shown(effect, value, known)))
        yield table


def print_problems(problems: Iterable[Problem], console: Console, more: int = 0) -> None:
    """`more` is how many there were beside them."""
    for problem in problems:
        console.print(f"[red]{problem.step}[/]: {escape(problem.message)}", soft_wrap=True)
    if more:
        console.print(f"[red]And {more} more[/], which the run's history has.", soft_wrap=True)


_HEADINGS = {Found.FRESH: "not due yet", Found.KNOWN: "had a run"}
_ALARMING = {Found.UNACCOUNTED: "bold red"}


def heading(found: Found) -> str:
    return _HEADINGS.get(found, found.value)


def tally_table(tally: Tally, always: Sequence[Found] = ()) -> Table:
    """Movements and failed payments by type and by what became of them, each once; `always` are shown also
    where there are none. Where several templates have routes, `templates_table` says what became of them for
    each."""
    columns = [each for each in Found if each in always or tally.of(each)]
    table = Table(box=SIMPLE, show_footer=True, pad_edge=False, collapse_padding=True)
    head, rows = "event" if tally.payments(*Found) else "movement", kinds(tally)
    table.add_column(head, "all", no_wrap=True, min_width=max(map(len, rows)))
    for found in columns:
        count = tally.of(found)
        style = _ALARMING.get(found, "") if count else ""
        title = heading(found)
        words = [*title.split(), str(count)]
        table.add_column(
            title,
            str(count),
            justify="right",
            style=style,
            footer_style=style,
            no_wrap=" " not in title,
            min_width=max(map(len, words)),
        )
    total = str(tally.of(*Found))
    table.add_column("total", total, justify="right", no_wrap=True, min_width=max(5, len(total)))
    for kind in rows:
        counts = [tally.counts.get(each, {}).get(kind, 0) for each in columns]
        table.add_row(kind, *map(str, counts), str(sum(counts)))
    return table


def templates_table(tally: Tally) -> Table | None:
    """What became of the movements for each template, where there are several."""
    if len(tally.by_template) < 2:
        return None
    columns = [each for each in Found if any(each in counts for counts in tally.by_template.values())]
    table = Table("template", *map(heading, columns), box=SIMPLE, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, counts in tally.by_template.items():
        table.add_row(name, *(str(sum(counts.get(each, {}).values())) for each in columns))
    return table


def print_tally(tally: Tally, console: Console, always: Sequence[Found] = ()) -> None:
    print_counts(tally_table(tally, always), console)
    if templates := templates_table(tally):
        what = "an event" if tally.payments(*Found) else "a movement"
        console.print(f"For each template; above, {what} counts once, by what most needs a look:")
        print_counts(templates, console)


def print_counts(table: Table, console: Console) -> None:
    """On its side where the terminal is too narrow for its words: with a column cut off it would be wrong."""
    needed = console.measure(table, options=console.options.update(width=UNLIMITED)).minimum
    console.print(table if needed <= console.width else _turned(table))


def _turned(table: Table) -> Table:
    """Rows and columns in each other's place, the footer as the last column."""
    names, *rest = table.columns
    turned = Table(str(names.header), box=SIMPLE, pad_edge=False, collapse_padding=True)
    for name in (*names.cells, *([names.footer] if table.show_footer else [])):
        turned.add_column(str(name), justify="right")
    for each in rest:
        footer = [each.footer] if table.show_footer else []
        turned.add_row(each.header, *each.cells, *footer, style=each.style)
    return turned


def listed(title: str, names: Sequence[str]) -> Iterable[str]:
    """One line each, under a heading, where there are any."""
    if names:
        yield f"[red]{title}[/]"
        yield from (f"  {escape(name)}" for name in names)
