"""The nightly export: ChartMogul's streams, one by one, into the warehouse."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zlib import crc32

from temporalio import activity

from activities.beating import beating
from activities.chartmogul import client_of
from activities.definition import step_activity
from activities.export_streams import months_seen, movement_window, read
from clients.chartmogul import ChartMogulClient
from clients.errors import Rejected
from clients.warehouse import Engine
from clients.warehouse_files import Extract
from clients.warehouse_history import Ledger, customers_to_read
from clients.warehouse_loader import Loader, opened
from clients.warehouse_schema import prepare
from models.exports import Prepared, PrepareWork, StreamReport, StreamWork
from models.warehouse import StreamMapping
from models.warehouse_loads import Extracted, Load, LoadRun, MonthSeen

OFF = "No warehouse is connected. Set WAREHOUSE__ENGINE, or leave the export's schedule out."
ADVANCE_DAY = timedelta(days=1)

EngineOf = Callable[[str], Engine]
"""By account: each has a schema of its own."""


@dataclass
class _Progress:
    """What a heartbeat says."""

    stream: str
    doing: str = "reading"
    rows: int = 0
    lists: int = 0
    unmapped: set[str] = field(default_factory=set)

    def shown(self) -> dict[str, str | int]:
        return {"stream": self.stream, "doing": self.doing, "rows": self.rows, "lists": self.lists}


class WarehouseActivities:
    def __init__(
        self,
        clients: Mapping[str, ChartMogulClient],
        engine_of: EngineOf | None,
        hash_key: str = "",
        folder: Path | None = None,
    ) -> None:
        self._clients = clients
        self._engine_of = engine_of
        self._hash_key = hash_key
        self._folder = folder or Path(tempfile.gettempdir()) / "mogulflow-exports"

    @step_activity("warehouse.prepare")
    async def prepare(self, work: PrepareWork) -> Prepared:
        """Tables, views, and from where on movements are read."""
        night, engine = work.night, self._engine(work.night.account)
        client = client_of(self._clients, night.account)
        async with beating(lambda: "asking ChartMogul"):
            account, months = await asyncio.gather(client.account(), months_seen(client, night))
        async with beating(lambda: "making tables and views"):
            return await asyncio.to_thread(
                _prepare, engine, work, account.time_zone, account.currency, months
            )

    @step_activity("warehouse.export_stream")
    async def export_stream(self, work: StreamWork) -> StreamReport:
        """Read it whole, then load each of its tables. Repeating it changes nothing: the ledger knows."""
        began, progress = time.monotonic(), _Progress(work.stream)
        engine = self._engine(work.night.account)
        async with beating(progress.shown), self._files(work) as folder:
            tables = await self._read(work, engine, folder, progress)
            progress.doing = "loading"
            loads = [
                await asyncio.to_thread(Loader(engine).load, _load(work, mapping, extracted))
                for mapping, extracted in tables
            ]
        return StreamReport(
            stream=work.stream,
            loads=loads,
            seconds=time.monotonic() - began,
            unmapped=sorted({name for _, extracted in tables for name in extracted.unmapped}),
        )

    async def _read(
        self, work: StreamWork, engine: Engine, folder: Path, progress: _Progress
    ) -> list[tuple[StreamMapping, Extracted]]:
        night = work.night
        customers = (
            await asyncio.to_thread(_customers, engine, work) if work.stream == "subscriptions" else []
        )
        mappings = work.mapping.of(work.stream)
        extracts = [Extract(folder, each, night.account, self._hash_key) for each in mappings]
        try:
            async for rows in read(client_of(self._clients, night.account), work, customers):
                for extract in extracts:
                    await asyncio.to_thread(extract.add, rows)
                progress.rows, progress.lists = progress.rows + len(rows), progress.lists + 1
            if work.stream == "subscriptions":
                extracts[0].add_parents(customers)
            return list(zip(mappings, [extract.finish() for extract in extracts], strict=True))
        finally:
            for extract in extracts:
                extract.close()

    @asynccontextmanager
    async def _files(self, work: StreamWork) -> AsyncIterator[Path]:
        """A folder of this attempt's own. What earlier attempts that were killed have left goes first."""
        run = self._folder / f"{crc32(work.night.run_id.encode()):08x}-{work.stream}"
        await asyncio.to_thread(shutil.rmtree, run, ignore_errors=True)
        folder = run / str(activity.info().attempt)
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, run, ignore_errors=True)

    def _engine(self, account: str) -> Engine:
        if self._engine_of is None:
            raise Rejected("warehouse", OFF)
        return self._engine_of(account)


def _prepare(
    engine: Engine, work: PrepareWork, time_zone: str, currency: str, months: list[MonthSeen]
) -> Prepared:
    with opened(engine) as session:
        done = prepare(session, work.mapping, time_zone)
        ledger = Ledger(session)
        last = ledger.last("mrr_movements", complete=True)
        whole = ledger.last("mrr_movements", complete=True, whole=True)
        changed = ledger.changed_since(months)
    since = None if work.night.full else _movements_since(work, last, whole)
    if since and changed:
        since = min(since, datetime(changed.year, changed.month, 1, tzinfo=since.tzinfo) - ADVANCE_DAY)
    return Prepared(
        engine=engine.name,
        time_zone=time_zone,
        currency=currency,
        changes=done.statements,
        unwritten=done.unwritten,
        movements_since=since,
        months=months,
    )


def _movements_since(work: PrepareWork, last: LoadRun | None, whole: LoadRun | None) -> datetime | None:
    """None for all of history: at first, where it is small, and from time to time."""
    mapping = work.mapping.target("mrr_movements")
    if last is None or whole is None or mapping is None:
        return None
    read, due = mapping.read, work.night.due_at
    if whole.rows_read <= read.full_up_to_rows or due - whole.read_at >= timedelta(days=read.full_every_days):
        return None
    return min(last.read_at, due) - timedelta(days=read.look_back_days)


def _customers(engine: Engine, work: StreamWork) -> list[str]:
    with opened(engine) as session:
        return customers_to_read(session, work.mapping, work.night.due_at.toordinal())


def _load(work: StreamWork, mapping: StreamMapping, extracted: Extracted) -> Load:
    night, prepared = work.night, work.prepared
    movements = work.stream == "mrr_movements"
    return Load(
        run_id=night.run_id,
        run_seq=night.run_seq,
        attempt=activity.info().attempt,
        mapping=mapping,
        files=extracted.files,
        rows=extracted.rows,
        complete=True,
        window=movement_window(work) if movements and prepared.movements_since else None,
        scope_files=extracted.scope_files,
        rejected=extracted.rejected,
        rejects=extracted.rejects,
        months=prepared.months if movements else [],
        account=night.account,
        time_zone=prepared.time_zone,
        read_at=night.began_at,
        accept_missing=night.accept_missing,
    )
