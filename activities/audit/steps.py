"""The audit's nightly export, step by step: events' runs into the ledger, its rows into files and tables."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from temporalio import activity
from temporalio.service import RPCError

from activities.audit.events import tell_events
from activities.audit.links import links_after
from activities.audit.tables import load_tables
from activities.definition import step_activity
from activities.heartbeats import heartbeats
from activities.private_files import own_folder
from activities.runs.audit import head_of
from clients.kit.errors import Rejected, Unavailable
from domains.audit.files import AuditFiles
from domains.warehouse.engine import Engine
from models.nightly_audit import AuditNight, EventsTold, LoadedTables, Written

OFF = "No warehouse is connected. Set WAREHOUSE__ENGINE, or run `mogulflow schedules apply`."


@dataclass
class _Progress:
    """What a heartbeat says."""

    doing: str
    rows: int = 0

    def note(self, doing: str, rows: int) -> None:
        self.doing, self.rows = doing, rows


class AuditActivities:
    def __init__(self, folder: Path, engine_of: Callable[[str], Engine] | None) -> None:
        self._folder, self._engine_of = folder, engine_of

    @step_activity("audit.tell_events")
    async def tell_events(self, night: AuditNight) -> EventsTold:
        """Those that closed since the last time. Told again, by another attempt, they are no second rows."""
        progress = _Progress("telling runs to the ledger")
        async with heartbeats(lambda: vars(progress)):
            try:
                async for rows in tell_events(activity.client(), night.account, night.began_at):
                    progress.rows += rows
            except RPCError as error:
                raise Unavailable("audit", f"Could not list runs: {error.message}") from None
        return EventsTold(runs=progress.rows)

    @step_activity("audit.write_files")
    async def write_files(self, night: AuditNight) -> Written | None:
        """All rows that are in no file yet, into the day's."""
        files, progress = AuditFiles(self._folder, night.account), _Progress("writing files")
        async with heartbeats(lambda: vars(progress)):
            try:
                return await self._written(files, night, progress)
            except OSError as error:
                where = f"{files.folder} ({error.strerror})"
                raise Unavailable("audit", f"Could not write to {where}: see to AUDIT_FOLDER") from None

    async def _written(self, files: AuditFiles, night: AuditNight, progress: _Progress) -> Written | None:
        client, account, gap = activity.client(), night.account, night.accept_gap
        said = await head_of(client, account)
        with await asyncio.to_thread(files.day, night.day) as day:
            async for links in links_after(client, account, day.place, said=said, accept_gap=gap):
                await asyncio.to_thread(day.add, links, accept_gap=gap)
                progress.rows = day.new
        return await asyncio.to_thread(files.written, day.new)

    @step_activity("audit.load_tables")
    async def load_tables(self, night: AuditNight) -> LoadedTables:
        if self._engine_of is None:
            raise Rejected("warehouse", OFF)
        files, progress = AuditFiles(self._folder, night.account), _Progress("reading the audit")
        attempt = activity.info().attempt
        async with heartbeats(lambda: vars(progress)), own_folder("audit", "tables-") as folder:
            try:
                loads = await load_tables(
                    activity.client(),
                    self._engine_of(night.account),
                    files,
                    night,
                    folder,
                    attempt,
                    progress.note,
                )
            except RPCError as error:
                raise Unavailable("audit", f"Could not read runs: {error.message}") from None
        return LoadedTables(loads=loads)
