"""What the sync into the CRM would write, field by field. Nothing is written anywhere."""

import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from activities.crm.reading import Reading
from activities.crm.steps import census_of, read_into
from activities.crm.sync import ObjectSync, Progress
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import IntegrationError, Permanent
from configuration.files import load_crm_mapping
from domains.crm.file import RunFile
from domains.crm.systems import Crm
from models.crm import CrmName
from models.templates.crm_sync import Change, CrmSyncInput, ObjectReport, RecordPlan
from operations.accounts import known_account
from operations.crm import require
from operations.outages import stopped_by
from operations.progress import Doing, Stage, Told, ignore
from settings import Settings
from systems import CHARTMOGUL, Connections


@dataclass(frozen=True)
class SampleRecord:
    """One that would be written; `record` is its id, None where it would be new."""

    customer: str
    name: str
    record: str | None
    changes: Mapping[str, Change]


@dataclass(frozen=True)
class ObjectPreview:
    """`problem` says what is wrong with the object's fields, which hides nothing else that there is to see.
    `customers` were looked at."""

    report: ObjectReport
    customers: int
    sample: Sequence[SampleRecord]
    problem: str | None = None


async def preview(
    settings: Settings,
    account: str,
    system: CrmName,
    customers: Sequence[str] = (),
    sample: int = 10,
    told: Told = ignore,
) -> AsyncGenerator[ObjectPreview, None]:
    """Object by object, with `sample` records before and after; of `customers` all, where some are named.
    Raises Stopped and BadConfig."""
    known_account(settings, account)
    given = CrmSyncInput(account=account, system=system, mapping=load_crm_mapping(settings.crm_file))
    require(settings, given, settings.crm_file)
    progress = Progress()
    with tempfile.TemporaryDirectory() as folder:
        file = RunFile(Path(folder))
        try:
            async with _connected(settings, given) as (client, crm):
                told(Doing(Stage.READING, "ChartMogul"))
                await _read(Reading(client, given.mapping, [system]), file, customers, progress)
                census = None if customers else await census_of(file)
                for name, mapping in given.mapping.objects(system).items():
                    told(Doing(Stage.COMPARING, name))
                    problem = await _plan(ObjectSync(crm, name, mapping, file, census, progress))
                    size = file.customers if customers else sample
                    yield ObjectPreview(file.report(name), file.customers, _sample(file, name, size), problem)
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


async def _plan(sync: ObjectSync) -> str | None:
    """What is wrong with the object's fields."""
    try:
        await sync.check()
        await sync.plan()
    except Permanent as error:
        return str(error)
    return None


def _sample(file: RunFile, name: str, size: int) -> Sequence[SampleRecord]:
    return [_record(file, each) for each in file.sample(name, size)]


def _record(file: RunFile, each: RecordPlan) -> SampleRecord:
    return SampleRecord(each.customer, file.name_of(each.customer), each.record, each.changes)
