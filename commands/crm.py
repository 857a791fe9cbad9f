"""`crm run` and `crm report`: a sync started by hand and followed, and what the last one came to."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client

import temporal
from clients.chartmogul.dates import Row
from clients.kit.errors import IntegrationError
from commands.backfill import known_account
from commands.following import Run, follow, heartbeat, latest, started, trouble
from commands.show import folding, print_counts, print_problems
from commands.stopped import Stopped
from configuration.files import load_crm_mapping
from domains.crm.systems import Crm
from models.crm import CrmName
from models.templates.crm_sync import CrmReport, CrmSyncInput, Left, ObjectReport, Status, SyncReport
from settings import Settings
from systems import CHARTMOGUL, Connections

COLUMNS = (
    "object",
    "company",
    "name",
    "email",
    "reason",
    "detail",
    "chartmogul_customer",
    "chartmogul_link",
    "records",
    "record_links",
)
SHOWN = 20
"""Lines of a list on the terminal; the CSV has all that the run keeps."""


async def run(settings: Settings, account: str, system: CrmName, console: Console) -> bool:
    """Start one and follow it. Ctrl-C leaves it running. False where an object failed."""
    known_account(settings, account)
    given = CrmSyncInput(account=account, system=system, mapping=load_crm_mapping(settings.crm_file))
    require(settings, given, settings.crm_file)
    client = await temporal.connect()
    what, id = f"Sync of account {account} to {system}", by_hand_id(account, system)
    run = await started(client, "crm_sync", given, CrmReport, id=id, what=what, account=account)
    report = await _follow(settings, client, run, console)
    _print(report, console)
    return not report.problems


async def report(
    settings: Settings, account: str, system: CrmName, file: Path | None, console: Console
) -> None:
    """Of the last run, by hand or by schedule; of one that runs when it has ended."""
    known_account(settings, account)
    client = await temporal.connect()
    query = f"WorkflowType = 'crm_sync' AND WorkflowId STARTS_WITH '{run_id(account, system)}'"
    run = await latest(client, query, CrmReport)
    if run is None:
        raise Stopped(
            f"There was no sync of account {account} to {system} yet: `mogulflow crm run {system}`."
        )
    found = await _follow(settings, client, run, console)
    _print(found, console)
    if file:
        _write(found, await _whose(settings, account, found), file)
        console.print(f"{len(found.left):,} records that were not written: {file}", soft_wrap=True)
    if file and found.left_off:
        console.print(f"[yellow]{found.left_off:,} more are not in the run's report.[/]")


def run_id(account: str, system: CrmName) -> str:
    """Of the schedule; its runs' ids begin so."""
    return f"crm/{account}/{system}"


def by_hand_id(account: str, system: CrmName) -> str:
    """Of a run that `crm run` starts: one at a time."""
    return f"{run_id(account, system)}/by-hand"


def require(settings: Settings, given: CrmSyncInput, file: str) -> None:
    """Raises Stopped where the CRM is not connected, or the mapping has nothing for it."""
    if getattr(settings, given.system) is None:
        name = {"hubspot": "HUBSPOT__TOKEN", "salesforce": "SALESFORCE__INSTANCE_URL and others"}
        raise Stopped(f"{given.system} is not connected. Set {name[given.system]}.")
    if not given.mapping.objects(given.system):
        raise Stopped(f"{file} names no object of {given.system}.")


async def _follow(settings: Settings, client: Client, run: Run[CrmReport], console: Console) -> CrmReport:
    progress = partial(_progress, client)
    return await follow(settings, client, run, console, progress, again="mogulflow crm report SYSTEM")


async def _progress(client: Client, pending: Sequence[PendingActivityInfo]) -> RenderableType:
    """What the step says of the reading and of each object, one line each."""
    for each in pending:
        table = folding("object", "doing", "rows", "written")
        for name, told in (await heartbeat(client, each)).items():
            table.add_row(name, told["doing"], f"{told['rows']:,}", f"{told['written']:,}")
        tries = f"Try {each.attempt}: {escape(trouble(each))}"
        return Group(table, tries) if each.attempt > 1 else table
    return "Between two steps"


def _print(report: CrmReport, console: Console) -> None:
    came_to = f"{report.outcome}, {report.customers:,} customers in {report.seconds:.0f} s"
    console.print(f"Sync to {report.system}: {came_to}", highlight=False)
    print_counts(objects_table(report.objects), console)
    print_reasons(report, console)
    print_problems(report.problems, console, report.more_problems)


def objects_table(objects: Sequence[ObjectReport]) -> Table:
    statuses = [status for status in Status if any(each.counts.get(status) for each in objects)]
    table = Table("object", box=SIMPLE)
    for status in statuses:
        table.add_column(status.value, justify="right")
    for each in objects:
        table.add_row(each.object, *(f"{each.counts.get(status, 0):,}" for status in statuses))
    return table


def print_reasons(report: SyncReport, console: Console) -> None:
    for each in report.objects:
        for reason, count in list(each.reasons.items())[:SHOWN]:
            console.print(f"{each.object}, not written: {count:,} × {escape(reason)}", soft_wrap=True)
        for name, count in each.kept.items():
            console.print(f"{each.object}: a person's value stays in {escape(name)}, {count:,} ×")
        for what, count in list(each.open.items())[:SHOWN]:
            console.print(f"{each.object}, left as it is: {count:,} × {escape(what)}", soft_wrap=True)


@dataclass(frozen=True)
class _Whose:
    """What a report does not keep, as it is personal: read when the file is written."""

    customers: Mapping[str, Row]
    crm: Crm | None

    def row(self, left: Left) -> tuple[str, ...]:
        customer = self.customers.get(left.customer, {})
        company, name, email, link = (
            str(customer.get(field) or "") for field in ("company", "name", "email", "chartmogul-url")
        )
        more = [f"and {left.more_records} more"] if left.more_records else []
        records = " ".join([*left.records, *more])
        return (left.object, company, name, email, left.reason, left.detail, left.customer, link, records,
                self._links(left))  # fmt: skip

    def _links(self, left: Left) -> str:
        links = (self.crm.link(left.object, each) for each in left.records) if self.crm else ()
        return " ".join(link for link in links if link)


async def _whose(settings: Settings, account: str, report: CrmReport) -> _Whose:
    wanted, found = {each.customer for each in report.left}, dict[str, Row]()
    connections = Connections.of(settings)
    try:
        if wanted:
            async for rows in connections.to(CHARTMOGUL)[account].stream_customers():
                found |= {str(row["uuid"]): row for row in rows if row.get("uuid") in wanted}
        return _Whose(found, connections.crms(settings).get(report.system))
    except IntegrationError as error:
        raise Stopped(f"The names of customers for the file could not be read: {error}") from None
    finally:
        await connections.aclose()


def _write(report: CrmReport, whose: _Whose, file: Path) -> None:
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow(COLUMNS)
            writer.writerows(map(whose.row, report.left))
    except OSError as error:
        raise Stopped(f"{file}: {error.strerror}.") from None
