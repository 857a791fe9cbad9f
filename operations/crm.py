"""A sync into the CRM started by hand and followed, and what the last one came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import temporal
from clients.chartmogul.dates import Row
from clients.kit.errors import IntegrationError
from configuration.files import load_crm_mapping
from domains.crm.systems import Crm
from models.crm import CrmName
from models.templates.crm_sync import CrmReport, CrmSyncInput, Left
from operations.accounts import known_account
from operations.errors import Stopped
from operations.following import Followed, Step, followed, latest, started
from settings import Settings
from systems import CHARTMOGUL, Connections


@dataclass(frozen=True)
class ObjectProgress:
    """What the step says of an object; under no name, of the reading of ChartMogul."""

    object: str
    doing: str
    rows: int
    written: int


@dataclass(frozen=True)
class LeftRecord:
    """One that was not written, with what a report does not keep, as it is personal. `records` are their
    ids, `record_links` their pages, each after a space."""

    object: str
    company: str
    name: str
    email: str
    reason: str
    detail: str
    chartmogul_customer: str
    chartmogul_link: str
    records: str
    record_links: str

    @classmethod
    def of(cls, left: Left, customer: Row, crm: Crm | None) -> Self:
        company, name, email, link = (
            str(customer.get(field) or "") for field in ("company", "name", "email", "chartmogul-url")
        )
        more = [f"and {left.more_records} more"] if left.more_records else []
        links = [crm.link(left.object, each) for each in left.records] if crm else []
        return cls(
            object=left.object,
            company=company,
            name=name,
            email=email,
            reason=left.reason,
            detail=left.detail,
            chartmogul_customer=left.customer,
            chartmogul_link=link,
            records=" ".join([*left.records, *more]),
            record_links=" ".join(link for link in links if link),
        )


async def run(settings: Settings, account: str, system: CrmName) -> Followed[CrmReport]:
    """Start one, or follow the one that is being done. Raises Stopped and BadConfig."""
    known_account(settings, account)
    given = CrmSyncInput(account=account, system=system, mapping=load_crm_mapping(settings.crm_file))
    require(settings, given, settings.crm_file)
    client = await temporal.connect()
    what, id = f"Sync of account {account} to {system}", by_hand_id(account, system)
    run = await started(client, "crm_sync", given, CrmReport, id=id, what=what, account=account)
    return await followed(settings, client, run)


async def last_run(settings: Settings, account: str, system: CrmName) -> Followed[CrmReport]:
    """By hand or by schedule. Raises Stopped where there is none."""
    known_account(settings, account)
    client = await temporal.connect()
    query = f"WorkflowType = 'crm_sync' AND WorkflowId STARTS_WITH '{run_id(account, system)}'"
    run = await latest(client, query, CrmReport)
    if run is None:
        raise Stopped(
            f"There was no sync of account {account} to {system} yet: `mogulflow crm run {system}`."
        )
    return await followed(settings, client, run)


async def left_records(settings: Settings, account: str, report: CrmReport) -> Sequence[LeftRecord]:
    """What the run did not write, with the customers' names as ChartMogul has them now. Raises Stopped."""
    connections = Connections.of(settings)
    try:
        customers = await _customers(connections, account, {each.customer for each in report.left})
        crm = connections.crms(settings).get(report.system)
    except IntegrationError as error:
        raise Stopped(f"The names of customers for the file could not be read: {error}") from None
    finally:
        await connections.aclose()
    return [LeftRecord.of(each, customers.get(each.customer, {}), crm) for each in report.left]


async def _customers(connections: Connections, account: str, wanted: set[str]) -> Mapping[str, Row]:
    """By uuid."""
    found = dict[str, Row]()
    if wanted:
        async for rows in connections.to(CHARTMOGUL)[account].stream_customers():
            found |= {str(row["uuid"]): row for row in rows if row.get("uuid") in wanted}
    return found


def progress_of(step: Step) -> Sequence[ObjectProgress]:
    return [
        ObjectProgress(name, str(told["doing"]), told["rows"], told["written"])
        for name, told in step.said.items()
    ]


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
