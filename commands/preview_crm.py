"""`preview crm`: what the sync would write, field by field, and in counts."""

from collections.abc import Iterator, Sequence
from contextlib import aclosing

from rich.console import Console
from rich.table import Table

import operations.preview_crm as operation
from commands.crm import objects_table, print_reasons
from commands.show import add_parts, doing_words, folding, print_counts
from commands.texts import escape
from models.crm import CrmName
from models.templates.crm_sync import SyncReport
from operations.preview_crm import ObjectPreview, SampleRecord
from operations.progress import Doing
from settings import Settings


async def preview(
    settings: Settings,
    account: str,
    system: CrmName,
    customers: Sequence[str],
    sample: int,
    console: Console,
) -> bool:
    """Counts, and of each object `sample` records before and after; of `customers` all, where some are
    named. False where the fields of an object are not ready."""
    found = list[ObjectPreview]()
    with console.status("Beginning") as status:

        def told(doing: Doing) -> None:
            status.update(doing_words(doing))

        async with aclosing(operation.preview(settings, account, system, customers, sample, told)) as objects:
            async for each in objects:
                _print_object(each, console)
                found.append(each)
    _print_counts(system, found, console)
    if customers:
        console.print("Whether another customer has the same e-mail or domain only the whole preview knows.")
    return not any(each.problem for each in found)


def _print_object(each: ObjectPreview, console: Console) -> None:
    name = each.report.object
    if each.problem:
        console.print(f"[red]{name}[/]: {escape(each.problem)}", soft_wrap=True)
    if each.sample:
        console.print(_sample(name, each.sample))
    elif not each.problem:
        console.print(f"{name}: nothing to write", highlight=False)


def _print_counts(system: CrmName, found: Sequence[ObjectPreview], console: Console) -> None:
    customers = max((each.customers for each in found), default=0)
    objects = [each.report for each in found]
    console.print(f"Would be written to {system}, of {customers:,} customers", highlight=False)
    print_counts(objects_table(objects), console)
    print_reasons(SyncReport(customers=customers, objects=objects), console)


def _sample(name: str, records: Sequence[SampleRecord]) -> Table:
    parts = (
        ((f"{each.name} {each.customer}".strip(), "", each.record or "new"), _changes(each))
        for each in records
    )
    return add_parts(folding("field", "before", "after", title=f"{name}, the first records"), parts)


def _changes(record: SampleRecord) -> Iterator[tuple[str, str, str]]:
    """Fields are in one order at every print."""
    for field, change in sorted(record.changes.items()):
        yield field, _shown(change.before), _shown(change.after)


def _shown(value: object) -> str:
    """Money and numbers without zeros at the end: 148352, not 148352.0."""
    if value in (None, ""):
        return "-"
    if isinstance(value, float):
        return f"{value:f}".rstrip("0").rstrip(".")
    return str(value)
