"""The audit: its newest rows, a night's export by hand, all in one file, and whether files are whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from temporalio.client import Client

import temporal
from activities.audit.links import links_after, newest_links
from clients.kit.errors import IntegrationError
from domains.audit.files import AuditFiles, Day
from domains.audit.verify import Verified as Verified
from domains.audit.verify import verify as whole
from models.ledger import AuditPlace, Link
from models.nightly_audit import AuditExportReport
from operations.accounts import known_account
from operations.errors import Stopped
from operations.following import Followed, followed, started
from schedules import audit_input
from settings import Settings


@dataclass(frozen=True)
class Exported:
    """What a file has now, `rows` of it from `first` on."""

    rows: int
    first: int
    end: AuditPlace


async def newest(settings: Settings, account: str, count: int) -> Sequence[Link]:
    """Oldest first: those that Temporal has, and before them what the files here have. Raises Stopped."""
    known_account(settings, account)
    client = await temporal.connect()
    try:
        found = await newest_links(client, account, count)
        return [*_from_files(settings, account, count, found), *found]
    except IntegrationError as error:
        raise Stopped(str(error)) from None


def _from_files(settings: Settings, account: str, count: int, found: Sequence[Link]) -> list[Link]:
    files = AuditFiles(settings.audit_folder, account)
    end = found[0].number - 1 if found else files.place().number
    lacking = min(count - len(found), end)
    return list(islice(files.links(after=end - lacking), lacking)) if lacking > 0 else []


async def run(settings: Settings, account: str, *, accept_gap: bool = False) -> Followed[AuditExportReport]:
    """Start a night's export, or follow the one that is being done by hand. Raises Stopped."""
    known_account(settings, account)
    client = await temporal.connect()
    given = audit_input(settings, account).model_copy(update={"accept_gap": accept_gap})
    what, id = f"Audit of account {account}", f"audit_export/{account}/by-hand"
    run = await started(client, "audit_export", given, AuditExportReport, id=id, what=what, account=account)
    return await followed(settings, client, run)


async def export_to(settings: Settings, account: str, file: Path) -> Exported:
    """All rows that the files here and Temporal have, into a new file that nobody else may read. Raises
    Stopped."""
    known_account(settings, account)
    if file.exists():
        raise Stopped(f"There is a file {file} already.")
    client = await temporal.connect()
    try:
        with Day(file, AuditPlace()) as day:
            await _write_all(client, AuditFiles(settings.audit_folder, account), account, day)
    except OSError as error:
        raise Stopped(f"Could not write {file}: {error.strerror}.") from None
    except IntegrationError as error:
        raise Stopped(str(error)) from None
    if not day.new:
        raise Stopped(f"The audit of account {account} has no row yet.")
    return Exported(day.new, day.place.number - day.new + 1, day.place)


async def _write_all(client: Client, files: AuditFiles, account: str, day: Day) -> None:
    day.add(list(files.links()), accept_gap=True)
    async for links in links_after(client, account, day.place, accept_gap=not day.new):
        day.add(links, accept_gap=True)


def verify(files: Sequence[Path], head: str = "") -> list[Verified]:
    """Asks nobody: neither Temporal nor a network. Raises Stopped where a file cannot be read."""
    try:
        return whole(files, head)
    except OSError as error:
        raise Stopped(f"Could not read {error.filename}: {error.strerror}.") from None
