"""The nightly export: ChartMogul's streams, one by one, into the warehouse."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from activities.chartmogul import client_of
from activities.definition import step_activity
from activities.heartbeats import heartbeats
from activities.private_files import own_folder
from activities.warehouse.streams import customers_for, extract, load_of, months_seen, movements_since
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import Rejected
from domains.warehouse.checks import customers_at_odds
from domains.warehouse.engine import Engine
from domains.warehouse.loader import Loader, opened
from domains.warehouse.schema import prepare
from models.chartmogul import Account
from models.templates.warehouse_export import Checked, NightWork, Prepared, StreamReport, StreamWork
from models.warehouse_loads import Extracted, MonthSeen

OFF = "No warehouse is connected. Set WAREHOUSE__ENGINE, or leave the export's schedule out."

EXAMPLES = 20
"""Customers that a report names."""

NAMED = 5
"""Rows and fields of one table that a report names; the table load_rejects has more."""

FEW_ROWS = 10
"""So many rows may all be unreadable before a person must look at the mapping."""

EngineOf = Callable[[str], Engine]
"""By account: each has a schema of its own."""


@dataclass
class _Progress:
    """What a heartbeat says."""

    stream: str
    doing: str = "reading"
    rows: int = 0

    def note(self, rows: int) -> None:
        self.rows += rows


class WarehouseActivities:
    def __init__(
        self, clients: Mapping[str, ChartMogulClient], engine_of: EngineOf | None, hash_key: str = ""
    ) -> None:
        self._clients = clients
        self._engine_of = engine_of
        self._hash_key = hash_key

    @step_activity("warehouse.prepare")
    async def prepare(self, work: NightWork) -> Prepared:
        """Make tables and views, and find out from where on movements are read."""
        engine, client = self._engine(work.night.account), client_of(self._clients, work.night.account)
        progress = _Progress("prepare")
        async with heartbeats(lambda: vars(progress)):
            account = await client.account()
            months = await months_seen(client, work.night, account.time_zone)
            progress.doing = "making tables and views"
            return await asyncio.to_thread(_prepare, engine, work, account, months)

    @step_activity("warehouse.export_stream")
    async def export_stream(self, work: StreamWork) -> StreamReport:
        """Read it whole, then load each of its tables. Repeating it changes nothing: the ledger knows."""
        began, progress = time.monotonic(), _Progress(work.stream)
        engine, client = self._engine(work.night.account), client_of(self._clients, work.night.account)
        async with heartbeats(lambda: vars(progress)), own_folder("exports", f"{work.stream}-") as folder:
            customers = await asyncio.to_thread(customers_for, engine, work)
            tables = await extract(client, customers, work, folder, self._hash_key, progress.note)
            progress.doing = "loading"
            attempt = activity.info().attempt
            loads = [
                await asyncio.to_thread(Loader(engine).load, load_of(work, mapping, extracted, attempt))
                for mapping, extracted in tables
            ]
        return StreamReport(
            stream=work.stream,
            loads=loads,
            seconds=time.monotonic() - began,
            unmapped=sorted({name[:100] for _, extracted in tables for name in extracted.unmapped})[
                :EXAMPLES
            ],
            left_out=[text for mapping, extracted in tables for text in _left_out(mapping.target, extracted)],
            unreadable=[
                mapping.target
                for mapping, extracted in tables
                if extracted.rejected > FEW_ROWS and not extracted.rows
            ],
        )

    @step_activity("warehouse.check")
    async def check(self, work: NightWork) -> Checked:
        """Compare what the night's streams have brought."""
        engine, progress = self._engine(work.night.account), _Progress("check", "comparing tables")
        async with heartbeats(lambda: vars(progress)):
            found = await asyncio.to_thread(_at_odds, engine, work)
        return Checked(customers_at_odds=len(found), examples=list(found[:EXAMPLES]))

    def _engine(self, account: str) -> Engine:
        if self._engine_of is None:
            raise Rejected("warehouse", OFF)
        return self._engine_of(account)


def _left_out(target: str, extracted: Extracted) -> list[str]:
    """`invoice_line_items li_1: amount_cents is no number, row left out`, the first few of a table."""
    told = [(each, "row left out") for each in extracted.rejects[:NAMED]]
    told += [(each, "left empty") for each in extracted.emptied[:NAMED]]
    found = [f"{target} {each.key or '(no id)'}: {each.column} {each.reason}, {what}" for each, what in told]
    more = extracted.rejected - len(extracted.rejects[:NAMED])
    return [*found, f"{target}: {more} more rows were left out"] if more else found


def _at_odds(engine: Engine, work: NightWork) -> Sequence[str]:
    with opened(engine) as session:
        return customers_at_odds(session, work.mapping, work.night.began_at, datetime.now(UTC))


def _prepare(engine: Engine, work: NightWork, account: Account, months: list[MonthSeen]) -> Prepared:
    with opened(engine) as session:
        done = prepare(session, work.mapping, account.time_zone)
        since = movements_since(session, work, months)
    return Prepared(
        engine=engine.name,
        time_zone=account.time_zone,
        currency=account.currency,
        changes=done.statements,
        unwritten=done.unwritten,
        movements_since=since,
        months=months,
    )
