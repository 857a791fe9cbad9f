"""How each stream of ChartMogul is read for a night, how far a night reaches, and what is then loaded."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.dates import Row
from domains.warehouse.checks import customers_at_odds
from domains.warehouse.engine import Engine, Session
from domains.warehouse.files import Extract
from domains.warehouse.history import Ledger, customers_to_read
from domains.warehouse.loader import opened
from domains.warehouse.rows import CHUNK
from models.chartmogul_values import Unfit, day
from models.templates.warehouse_export import Night, NightWork, StreamWork
from models.warehouse import LONGEST_TEXT, StreamMapping
from models.warehouse_loads import Extracted, Load, MonthSeen, Window
from models.zones import day_in

FIRST_DAY = date(2010, 1, 1)
"""ChartMogul is younger; what was imported from before is in no metric of this span."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

AHEAD = timedelta(days=5 * 365)
"""Movements are scheduled so far ahead at most. Reading has an end that does not move while it lasts."""

DAY = timedelta(days=1)

DOUBTED = timedelta(days=3)
"""So old may the last whole reading be where a customer's movements do not give their MRR."""

LONGEST_TEXTS = {"redshift": LONGEST_TEXT}
"""Bytes, by engine; others take texts of megabytes."""

INTERVALS = ("day", "month")

Rows = AsyncIterator[list[Row]]
Files = list[tuple[StreamMapping, Extracted]]

WHOLE: dict[str, Callable[[ChartMogulClient], Rows]] = {
    "customers": ChartMogulClient.stream_customers,
    "invoices": ChartMogulClient.stream_invoices,
    "plans": ChartMogulClient.stream_plans,
    "plan_groups": ChartMogulClient.stream_plan_groups,
    "data_sources": ChartMogulClient.stream_data_sources,
}


async def months_seen(client: ChartMogulClient, night: Night, time_zone: str) -> list[MonthSeen]:
    """ChartMogul's own monthly MRR: a month that changes tells where history was restated."""
    return [
        MonthSeen(month=month.replace(day=1), digest=_digest(row))
        async for rows in client.stream_metrics(FIRST_DAY, day_in(time_zone, night.began_at), "month")
        for row in rows
        if (month := _day_of(row))
    ]


def _day_of(row: Row) -> date | None:
    try:
        return day(row.get("date"))
    except Unfit:
        return None


def movements_since(session: Session, work: NightWork, months: list[MonthSeen]) -> datetime | None:
    """None for all of history: at first, where it is small, from time to time, and where it is in doubt.
    Else some months back, and at least to the first month that ChartMogul now tells otherwise."""
    mapping, ledger = work.mapping.target("mrr_movements"), Ledger(session)
    last = ledger.last("mrr_movements", complete=True)
    whole = ledger.last("mrr_movements", complete=True, whole=True)
    if work.night.full or last is None or whole is None or mapping is None:
        return None
    read, due = mapping.read, work.night.due_at
    age = due - whole.read_at
    if whole.rows_read <= read.full_up_to_rows or age >= timedelta(days=read.full_every_days):
        return None
    if age >= DOUBTED and customers_at_odds(session, work.mapping, last.read_at, last.committed_at):
        return None
    since = min(last.read_at, due) - timedelta(days=read.look_back_days)
    changed = ledger.changed_since(months)
    if changed is None:
        return since
    return min(
        since, datetime(changed.year, changed.month, 1, tzinfo=UTC) - DAY
    )  # the account's zone may be ahead


async def extract(
    client: ChartMogulClient,
    customers: Sequence[str],
    work: StreamWork,
    folder: Path,
    hash_key: str,
    note: Callable[[int], None],
) -> Files:
    """Read the stream whole into files, for each table it fills: subscriptions, which have no list, of
    `customers`. `note` hears how many rows came."""
    mappings = work.mapping.of(work.stream)
    longest = LONGEST_TEXTS.get(work.prepared.engine)
    extracts = [Extract(folder, each, work.night.account, hash_key, longest) for each in mappings]
    writer = _Writer(extracts)
    try:
        async for rows in _in_chunks(_read(client, work, customers), note):
            await writer.add(rows)
        await writer.done()
        if work.stream == "subscriptions":
            extracts[0].add_parents(customers)
        return [(mapping, table.finish()) for mapping, table in zip(mappings, extracts, strict=True)]
    finally:
        await writer.done()
        for table in extracts:
            table.close()


class _Writer:
    """Writes rows in a thread, while the next ones are read."""

    def __init__(self, extracts: Sequence[Extract]) -> None:
        self._extracts = extracts
        self._writing: asyncio.Task[None] | None = None

    async def add(self, rows: list[Row]) -> None:
        await self.done()
        self._writing = asyncio.create_task(asyncio.to_thread(self._add, rows))

    async def done(self) -> None:
        """Raises what the thread raised. Who is cancelled here must wait once more: the thread goes on."""
        writing, self._writing = self._writing, None
        if writing is not None:
            try:
                await asyncio.wait([writing])
            except asyncio.CancelledError:
                self._writing = writing
                raise
            writing.result()

    def _add(self, rows: list[Row]) -> None:
        for table in self._extracts:
            table.add(rows)


async def _in_chunks(pages: Rows, note: Callable[[int], None]) -> Rows:
    """As many rows at once as are converted at once."""
    waiting: list[Row] = []
    async for rows in pages:
        note(len(rows))
        waiting += rows
        if len(waiting) >= CHUNK:
            yield waiting
            waiting = []
    yield waiting


def load_of(work: StreamWork, mapping: StreamMapping, extracted: Extracted, attempt: int) -> Load:
    night, prepared = work.night, work.prepared
    movements = work.stream == "mrr_movements"
    return Load(
        run_id=night.run_id,
        run_seq=night.run_seq,
        attempt=attempt,
        mapping=mapping,
        files=extracted.files,
        rows=extracted.rows,
        complete=True,
        window=_window(work) if movements and prepared.movements_since else None,
        scope_files=extracted.scope_files,
        rejected=extracted.rejected,
        rejects=extracted.rejects,
        emptied=extracted.emptied,
        months=prepared.months if movements else [],
        account=night.account,
        time_zone=prepared.time_zone,
        read_at=night.began_at,
        accept_missing=night.accept_missing,
    )


def _read(client: ChartMogulClient, work: StreamWork, customers: Sequence[str]) -> Rows:
    if work.stream == "mrr_movements":
        return _movements(client, _window(work))
    if work.stream == "subscriptions":
        return client.stream_subscriptions(customers)
    if work.stream == "metrics":
        return _metrics(client, day_in(work.prepared.time_zone, work.night.began_at))
    return WHOLE[work.stream](client)


async def _movements(client: ChartMogulClient, window: Window) -> Rows:
    async for block in client.stream_movements(window.start, window.end):
        yield block.rows


async def _metrics(client: ChartMogulClient, last: date) -> Rows:
    for interval in INTERVALS:
        async for rows in client.stream_metrics(FIRST_DAY, last, interval):
            yield [_of_interval(row, interval) for row in rows]


def _of_interval(row: Row, interval: str) -> Row:
    """ChartMogul dates the month that runs by the day that was asked for: each night another row."""
    day = row.get("date")
    if interval == "month" and isinstance(day, str):
        row = row | {"date": f"{day[:7]}-01"}
    return row | {"interval": interval}


def _window(work: StreamWork) -> Window:
    last = max(work.night.due_at, work.night.began_at)  # a night may be made up for years later
    return Window(start=work.prepared.movements_since or EARLIEST, end=last + AHEAD)


def customers_for(engine: Engine, work: StreamWork, *, read_only: bool = False) -> Sequence[str]:
    """Whom the stream is asked for, where it is asked by customer. Blocks."""
    if work.stream != "subscriptions":
        return []
    with opened(engine, read_only=read_only) as session:
        return customers_to_read(session, work.mapping, work.night.due_at.toordinal())


def _digest(row: Row) -> str:
    said: dict[str, Any] = {name: value for name, value in row.items() if name.startswith("mrr")}
    return sha256(orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
