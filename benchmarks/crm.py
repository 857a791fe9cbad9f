"""The sync of all customers to HubSpot, against the calls that HubSpot allows."""

import asyncio
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import temporal
from benchmarks.ground import Ground, served_anew
from benchmarks.results import Result, at_least, at_most
from configuration.files import load_crm_mapping
from local.stack import EXAMPLE_CONFIG, ROOT
from models.templates.crm_sync import CrmReport, CrmSyncInput, Status

CUSTOMERS, QUICK_CUSTOMERS = 100_000, 5_000
ALLOWED = 190
"""Requests in ten seconds, from HubSpot's Professional subscription on."""

UNBOUND = 100_000
QUOTA_GOAL, UNCHANGED_GOAL = 0.95, 0.35
MAPPING = load_crm_mapping(EXAMPLE_CONFIG / "crm.yaml")


@dataclass(frozen=True)
class _Run:
    report: CrmReport
    requests: int
    refused: int

    @property
    def crm_seconds(self) -> float:
        """Without the time in which ChartMogul alone was read."""
        return self.report.seconds - self.report.reading_seconds

    @property
    def share(self) -> float:
        return self.requests / self.crm_seconds * 10 / ALLOWED

    @property
    def written(self) -> int:
        return sum(each.written for each in self.report.objects)

    @property
    def unchanged(self) -> int:
        return sum(each.counts.get(Status.UNCHANGED, 0) for each in self.report.objects)

    def row(self, name: str) -> list[str]:
        times = (self.report.reading_seconds, self.crm_seconds)
        counts = (self.written, self.unchanged, self.requests)
        return [name, *(f"{each:.0f}" for each in times), *(f"{each:,}" for each in counts)]


async def crm(ground: Ground, *, quick: bool = False) -> Result:
    """ChartMogul, which both read whole, has no limit here."""
    customers = QUICK_CUSTOMERS if quick else CUSTOMERS
    ground.control.reset(customers=customers)
    ground.control.hubspot(requests_per_10_seconds=ALLOWED)
    await prepare_hubspot(ground)
    settings = {
        "CHARTMOGUL__DEFAULT__REQUESTS_PER_SECOND": UNBOUND,
        "HUBSPOT__REQUESTS_PER_10_SECONDS": ALLOWED,
    }
    async with served_anew(ground, settings):
        first = await _sync(ground, customers)
        second = await _sync(ground, customers)
    less = second.requests / first.requests
    return Result(
        "crm",
        [
            "",
            "reading ChartMogul, s",
            "HubSpot, s",
            "written",
            "unchanged",
            "requests",
            "of the quota",
            "goal",
        ],
        [
            [*first.row("first"), f"{first.share:.2f}", at_least(QUOTA_GOAL, first.share)],
            [*second.row("unchanged"), f"{second.share:.2f}", ""],
            [
                *("... its requests to the first's", "", "", "", ""),
                *(f"{less:.2f}", "", at_most(UNCHANGED_GOAL, less)),
            ],
        ],
        f"{customers:,} customers, contacts and companies by the mapping in examples/config. HubSpot's "
        f"simulator allows {ALLOWED} requests in ten seconds; {first.refused + second.refused} were refused. "
        "The share of the quota is that of the time in which HubSpot is spoken to.",
    )


async def prepare_hubspot(ground: Ground) -> None:
    """The portal gets our properties."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "cli.py"), "crm", "prepare", "hubspot"),
        env=ground.stack.environment,
        cwd=ground.stack.warehouse.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"HubSpot was not prepared: {said.decode(errors='replace')}")


async def _sync(ground: Ground, customers: int) -> _Run:
    began = datetime.now(UTC)
    given = CrmSyncInput(account="default", system="hubspot", mapping=MAPPING)
    report: CrmReport = await ground.client.execute_workflow(
        "crm_sync", given, id=f"crm/{uuid4()}", task_queue=temporal.WORKFLOWS, result_type=CrmReport
    )
    if report.problems or report.customers != customers:
        raise RuntimeError(f"{report.customers} customers were synced: {report.problems[:1]}")
    calls = [call for call in ground.control.calls("hubspot") if call.at >= began]
    return _Run(report, len(calls), sum(call.status == 429 for call in calls))
