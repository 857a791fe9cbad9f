"""The movements that a warehouse holds, oldest first and a part at a time: a million are not read at once."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, cast

from domains.warehouse.dialect import Dialect
from domains.warehouse.engine import Session
from domains.warehouse.history import Ledger
from models.warehouse_loads import LoadRun

PART = 100_000
"""Rows that are read at once, where a month has no more."""

NEEDED = {
    "movement_uuid", "activity_date", "movement_type", "mrr_movement_cents", "customer_uuid", "currency"
}  # fmt: skip

Moved = tuple[str, int, str, int]
"""Customer who holds it now, second since 1970, type, cents."""


def order_of(columns: Collection[str], alias: str) -> str:
    """Of movements, the same at each reading; the list's own within a second, as far as it is kept."""
    names = ("activity_date", "seq_in_instant", "movement_uuid")
    return ", ".join(f"{alias}.{name}" for name in names if name in columns)


@dataclass(frozen=True)
class Held:
    """What there is to read, as the last complete load left it."""

    last: LoadRun
    currency: str
    order: str
    follows_merges: bool

    def select(self, dialect: Dialect, first: date, last: date) -> str:
        """All of these days of UTC, the last one not included."""
        who, join = "m.customer_uuid", ""
        if self.follows_merges:
            who = "coalesce(c.merged_into_uuid, m.customer_uuid)"
            join = "left join customers c on c.customer_uuid = m.customer_uuid "
        return (
            f"select {who}, {dialect.second('m.activity_date')}, m.movement_type, m.mrr_movement_cents "
            f"from mrr_movements m {join}"
            f"where m._deleted_at is null and m.activity_date >= {dialect.instant(_midnight(first))} "
            f"and m.activity_date < {dialect.instant(_midnight(last))} order by {self.order}"
        )


def held(session: Session) -> Held | None:
    """None where movements have never been loaded whole, or the mapping leaves out what tells."""
    columns = session.columns("mrr_movements")
    last = Ledger(session).last("mrr_movements", complete=True) if columns.keys() >= NEEDED else None
    if last is None:
        return None
    found = session.query("select max(currency) from mrr_movements where _deleted_at is null")
    merges = "merged_into_uuid" in session.columns("customers")
    return Held(last, str(found[0][0] or ""), order_of(columns, "m"), merges)


def read(session: Session, found: Held, rows_at_once: int = PART) -> Iterator[list[Moved]]:
    for first, last in _parts(session, rows_at_once):
        yield cast(list[Moved], session.query(found.select(session.dialect, first, last)))


def _parts(session: Session, most: int) -> Iterator[tuple[date, date]]:
    """Spans of whole months, the last day not included."""
    month = session.dialect.month("m.activity_date")
    rows = session.query(
        f"select {month}, count(*) from mrr_movements m where m._deleted_at is null "
        f"group by {month} order by 1"
    )
    waiting, count = list[date](), 0
    for day, rows_of in cast(Sequence[tuple[Any, int]], rows):
        start = _date(day)
        if waiting and count + rows_of > most:
            yield waiting[0], start
            waiting, count = [], 0
        waiting.append(start)
        count += rows_of
    if waiting:
        yield waiting[0], _month_after(waiting[-1])


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def monthly_metrics(session: Session) -> dict[date, tuple[float | None, float | None]]:
    """ChartMogul's own MRR in cents, and its customer churn rate in per cent, by month; none where the
    mapping has none."""
    names = ("metric_date", "metric_interval", "mrr_cents", "customer_churn_rate")
    if not session.columns("metrics").keys() >= set(names):
        return {}
    rows = session.query(
        "select metric_date, mrr_cents, customer_churn_rate from metrics "
        "where metric_interval = 'month' and _deleted_at is null"
    )
    return {_date(month): (_float(mrr), _float(churn)) for month, mrr, churn in rows}


def _date(value: object) -> date:
    return value.date() if isinstance(value, datetime) else cast(date, value)


def _float(value: object) -> float | None:
    return None if value is None else float(cast(Any, value))
