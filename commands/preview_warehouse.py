"""`preview warehouse`: what tonight's export would change, table by table."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal

from rich.console import Console
from rich.table import Table

import operations.preview_warehouse as operation
from commands.show import add_parts, doing_words, folding
from commands.texts import escape
from models.warehouse_loads import Preview, SampleRow
from models.warehouse_tables import ROW_HASH
from operations.progress import Doing
from settings import Settings

DIGITS = {"default": 2}
NAMES = ("company", "name", "customer_name", "description", "plan_name", "external_id")
"""Columns that say to a person which row it is; the first that is filled."""

WORDS = {"rows_read": "read", "inserted": "new"}


async def preview(settings: Settings, account: str, streams: Sequence[str], console: Console) -> None:
    """DDL, counts and ten rows before and after, for each table. Raises Stopped."""
    with console.status("Beginning") as status:

        def told(doing: Doing) -> None:
            status.update(doing_words(doing))

        async with aclosing(operation.preview(settings, account, streams, told)) as tables:
            async for each in tables:
                print_preview(each.load, console, each.minor_unit_digits)


def print_preview(found: Preview, console: Console, digits: Mapping[str, int] = DIGITS) -> None:
    counts = found.counts.model_dump()
    said = [f"{count:,} {_word(name, found)}" for name, count in counts.items() if count]
    console.print(f"[bold]{found.stream}[/]: {', '.join(said) or 'nothing'}")
    for statement in found.statements:
        console.print(f"  would run: {escape(' '.join(statement.split()))}", soft_wrap=True)
    for statement in found.refused:
        console.print(f"  [red]must be run by hand:[/] {escape(statement)}", soft_wrap=True)
    if found.problem:
        console.print(f"  [red]would be refused:[/] {escape(found.problem)}", soft_wrap=True)
    if found.sample:
        console.print(_sample(found, digits))


def _word(name: str, found: Preview) -> str:
    """Only what changes history is restated; a customer's new address is a change."""
    word = WORDS.get(name, name)
    return "changed" if word == "restated" and not found.restates else word


def _sample(found: Preview, digits: Mapping[str, int]) -> Table:
    title = f"{found.stream}, {len(found.sample)} of the rows that would change; amounts in whole units"
    parts = (
        (
            (f"{number} {_word(row.kind, found)} {_called(row, found.key)}",),
            list(_differences(row, digits)) or [("(no column differs)", "", "")],
        )
        for number, row in enumerate(found.sample, start=1)
    )
    return add_parts(folding("column", "before", "after", title=title), parts)


def _called(row: SampleRow, key: Sequence[str]) -> str:
    """Its key, and the name that people know it by."""
    there = row.after or row.before or {}
    names = (there.get(name) for name in NAMES)
    said = [str(there[name]) for name in key if there.get(name) is not None]
    return ", ".join([*said, *[str(name) for name in names if name][:1]])


def _differences(row: SampleRow, digits: Mapping[str, int]) -> Iterator[tuple[str, str, str]]:
    """Column, before, after: of a new row all that it has, of one that is gone all that it had."""
    before, after = row.before or {}, row.after or {}
    for name in before | after:
        if name != ROW_HASH.name and before.get(name) != after.get(name):
            old, new = (_shown(name, each, digits) for each in (before, after))
            yield name.removesuffix("_cents"), old, new


def _shown(name: str, row: Mapping[str, object], digits: Mapping[str, int]) -> str:
    """Amounts in whole units of their currency, numbers without zeros at their end."""
    value = row.get(name)
    if value is None:
        return "-"
    if name.endswith("_cents") and isinstance(value, int | Decimal):
        places = digits.get(str(row.get("currency")), digits.get("default", 2))
        return f"{Decimal(value).scaleb(-places):,.{places}f}"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
