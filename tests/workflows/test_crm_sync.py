"""The daily sync, from the simulated ChartMogul into the simulated CRMs."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

import temporal
import worker
from clients.hubspot import HubSpotClient
from clients.hubspot_fields import wanted_properties
from config_files import load
from models.crm import CrmMapping
from models.crm_sync import CrmReport, CrmSyncInput, ObjectReport
from models.runs import Outcome
from settings import Settings
from simulators.control import Control
from tests.conftest import ROOT, in_a_namespace_of_its_own

MAPPING = load(ROOT / "config/crm.yaml", CrmMapping, "It is part of the repository.")
KEY = "chartmogul_customer_uuid"

Sync = Callable[..., Awaitable[CrmReport]]


@pytest.fixture(scope="module")
async def connected(client: Client, settings: Settings) -> AsyncIterator[Client]:
    """An installation whose CRMs and ChartMogul allow any number of calls."""
    namespace = await in_a_namespace_of_its_own(client)
    account = settings.chartmogul["default"].model_copy(update={"requests_per_second": 10_000})
    assert settings.hubspot
    hubspot = settings.hubspot.model_copy(
        update={"requests_per_10_seconds": 100_000, "searches_per_second": 1000}
    )
    changes = {"chartmogul": {"default": account}, "hubspot": hubspot}
    async with worker.running(namespace, settings.model_copy(update=changes)):
        yield namespace


@pytest.fixture
def sync(connected: Client) -> Sync:
    async def run(system: str, mapping: CrmMapping = MAPPING) -> CrmReport:
        given = CrmSyncInput.model_validate({"account": "default", "system": system, "mapping": mapping})
        report: CrmReport = await connected.execute_workflow(
            "crm_sync",
            given,
            id=f"crm/{uuid4()}",
            task_queue=temporal.WORKFLOWS,
            result_type=CrmReport,
        )
        return report

    return run


@pytest.fixture
async def portal(simulators: Control, settings: Settings) -> Control:
    """A HubSpot that has our properties."""
    assert settings.hubspot
    client = HubSpotClient(settings.hubspot.model_copy(update={"requests_per_10_seconds": 100_000}))
    for name, mapping in MAPPING.objects("hubspot").items():
        await client.prepare(name, wanted_properties(mapping), dry_run=False)  # type: ignore[arg-type]  # contacts, companies
    await client.aclose()
    return simulators


def of(report: CrmReport, name: str) -> ObjectReport:
    return next(each for each in report.objects if each.object == name)


def writes(simulators: Control, system: Any) -> Counter[str]:
    """Calls that write, by path."""
    return Counter(
        call.path
        for call in simulators.calls(system)
        if call.method == "PATCH" or call.path.endswith(("/batch/update", "/batch/upsert"))
    )


async def test_every_customer_that_hubspot_knows_gets_what_chartmogul_says(
    portal: Control, sync: Sync
) -> None:
    report = await sync("hubspot")
    assert (report.outcome, report.problems, report.customers) == (Outcome.ACTED, [], 200)
    assert sum(of(report, "contacts").counts.values()) == 200
    for each in report.objects:
        print(each)
    print(report.seconds, report.reading_seconds, Counter(c.path for c in portal.calls()))
    again = await sync("hubspot")
    for each in again.objects:
        print(each)
    sf = await sync("salesforce")
    for each in sf.objects:
        print(each)
    sf = await sync("salesforce")
    for each in sf.objects:
        print(each)
