"""`preview crm`: what the sync would write, field by field. Nothing is written anywhere."""

import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from activities.crm import census_of, read_into
from activities.crm_reading import Reading
from activities.crm_sync import ObjectSync, Progress
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import IntegrationError, Permanent
from commands.backfill import known_account
from commands.crm import objects_table, print_reasons, require
from commands.show import add_parts, folding, print_counts
from commands.stopped import stopped_by
from configuration.files import load_crm_mapping
from domains.crm.file import RunFile
from domains.crm.systems import Crm
from models.crm import CrmName
from models.templates.crm_sync import CrmSyncInput, ObjectReport, Standing, SyncReport
from settings import Settings
from systems import CHARTMOGUL, Connections


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
    known_account(settings, account)
    given = CrmSyncInput(account=account, system=system, mapping=load_crm_mapping(settings.crm_file))
    require(settings, given, settings.crm_file)
    progress = Progress()
    with tempfile.TemporaryDirectory() as folder:
        file = RunFile(Path(folder))
        try:
            async with _connected(settings, given) as (client, crm):
                reading = Reading(client, given.mapping, [system])
                with console.status("Reading ChartMogul"):
                    await _read(reading, file, customers, progress)
                return await _show(given, crm, file, None if customers else sample, progress, console)
        except IntegrationError as error:
            raise stopped_by(error) from None
        finally:
            file.close()


@asynccontextmanager
async def _connected(settings: Settings, given: CrmSyncInput) -> AsyncIterator[tuple[ChartMogulClient, Crm]]:
    connections = Connections.of(settings)
    try:
        crm = connections.crms(settings)[given.system].for_work(given.mapping, live=False)
        yield connections.to(CHARTMOGUL)[given.account], crm
    finally:
        await connections.aclose()


async def _read(reading: Reading, file: RunFile, customers: Sequence[str], progress: Progress) -> None:
    if customers:
        await reading.learn_predicted(datetime.now(UTC).date())
        file.add([(await reading.one(uuid))[0] for uuid in customers])
        file.say("unreadable", 0)
    else:
        await read_into(file, reading, datetime.now(UTC), progress)


async def _show(
    given: CrmSyncInput, crm: Crm, file: RunFile, shown: int | None, progress: Progress, console: Console
) -> bool:
    """`shown` are how many records of each object, or None where customers were named: all of theirs."""
    alone = shown is None
    census = None if alone else await census_of(file)
    objects: list[ObjectReport] = []
    ready = True
    for name, mapping in given.mapping.objects(given.system).items():
        sync = ObjectSync(crm, name, mapping, file, census, progress)
        with console.status(f"Comparing {name}"):
            problem = await _plan(sync)
        if problem:
            ready = False
            console.print(f"[red]{name}[/]: {escape(problem)}", soft_wrap=True)
        objects.append(file.report(name))
        if sample := file.sample(name, file.customers if shown is None else shown):
            console.print(_sample(name, sample, file))
        elif not problem:
            console.print(f"{name}: nothing to write", highlight=False)
    console.print(f"Would be written to {given.system}, of {file.customers:,} customers", highlight=False)
    print_counts(objects_table(objects), console)
    print_reasons(SyncReport(customers=file.customers, objects=objects), console)
    if alone:
        console.print("Whether another customer has the same e-mail or domain only the whole preview knows.")
    return ready


async def _plan(sync: ObjectSync) -> str | None:
    """What is wrong with the object's fields does not hide what else there is to see."""
    try:
        await sync.check()
        await sync.plan()
    except Permanent as error:
        return str(error)
    return None


def _sample(name: str, standings: Sequence[Standing], file: RunFile) -> Table:
    parts = (
        ((f"{file.name_of(each.customer)} {each.customer}".strip(), "", each.record or "new"), _changes(each))
        for each in standings
    )
    return add_parts(folding("field", "before", "after", title=f"{name}, the first records"), parts)


def _changes(standing: Standing) -> Iterator[tuple[str, str, str]]:
    """Fields are in one order at every print."""
    for field, change in sorted(standing.changes.items()):
        yield field, _shown(change.before), _shown(change.after)


def _shown(value: object) -> str:
    """Money and numbers without zeros at the end: 148352, not 148352.0."""
    if value in (None, ""):
        return "-"
    if isinstance(value, float):
        return f"{value:f}".rstrip("0").rstrip(".")
    return str(value)
