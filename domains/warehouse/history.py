"""What the control tables tell: which loads there were, what they changed, what is to be read next."""

import zlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

from domains.warehouse.engine import Session
from models.warehouse import ChangeLog, Mapping
from models.warehouse_loads import Load, Loaded, LoadRun, MonthChange, MonthSeen
from models.warehouse_tables import LOAD_RUNS, MONTH_DIGEST

COLUMNS = [field.name for field in LOAD_RUNS.fields]


class Ledger:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._text = session.dialect.text

    def loaded(self, load: Load, *, already: bool = False) -> Loaded | None:
        """What the ledger says of the load; None where it is not there."""
        where = f"run_id = {self._text(load.run_id)} and stream = {self._text(load.mapping.target)}"
        found = self._runs(f"where {where}")
        if not found:
            return None
        log = load.mapping.changes
        months = self.months(load.run_id, log, found[0].time_zone) if log else []
        return Loaded(
            **found[0].model_dump(include=set(Loaded.model_fields)), already_applied=already, months=months
        )

    def last(self, target: str, *, complete: bool = False, whole: bool = False) -> LoadRun | None:
        """The last load of a table: of `complete` reads, of `whole` ones (no window, no choice)."""
        where = f"where stream = {self._text(target)}"
        where += " and complete = true" if complete else ""
        where += " and read_mode = 'all'" if whole else ""
        return next(iter(self._runs(f"{where} order by run_seq desc, committed_at desc limit 1")), None)

    def history(self, limit: int = 100) -> list[LoadRun]:
        """Newest first."""
        return self._runs(f"order by committed_at desc, stream limit {limit}")

    def months(self, run_id: str, log: ChangeLog, time_zone: str = "UTC") -> list[MonthChange]:
        """Months of the past whose MRR the run changed. A movement that moved in time changes two."""
        month, where = self._session.dialect.month, f"from {log.table} where run_id = {self._text(run_id)}"
        parts = (
            f"select {month(f'{when}_at', time_zone)} as m, {sign}{when}_cents as c {where} "
            f"and {when}_cents is not null"
            for when, sign in (("before", "-"), ("after", ""))
        )
        rows = self._session.query(
            f"select x.m, sum(x.c), count(*) from ({' union all '.join(parts)}) x "
            "group by x.m having sum(x.c) <> 0 order by x.m"
        )
        return [
            MonthChange(month=_day(m), delta_cents=int(cast(Any, c)), rows=int(cast(Any, n)))
            for m, c, n in rows
        ]

    def changed_since(self, seen: Sequence[MonthSeen]) -> date | None:
        """The first month that ChartMogul now tells otherwise than when it was last kept. Months that have
        never been kept count, once some have."""
        query = f"select month, digest from {MONTH_DIGEST.name}"
        known = {_day(month): digest for month, digest in self._session.query(query)}
        changed = [each.month for each in seen if known and known.get(each.month) != each.digest]
        return min(changed, default=None)

    def _runs(self, rest: str) -> list[LoadRun]:
        if not self._session.columns(LOAD_RUNS.name):
            return []
        rows = self._session.query(f"select {', '.join(COLUMNS)} from {LOAD_RUNS.name} {rest}")
        return [LoadRun.model_validate(dict(zip(COLUMNS, row, strict=True))) for row in rows]


def customers_to_read(session: Session, mapping: Mapping, night: int) -> list[str]:
    """Customers whose subscriptions must be read: those that have changed, have a changed movement or a
    subscription that was missing, since they were last read; and this night's part of all others. `night`
    counts days. All of them where none have been read yet; none where there are no tables yet."""
    if not session.columns("customers"):
        return []
    found = _text_column(session, "select customer_uuid from customers where _deleted_at is null")
    subscriptions = mapping.target("subscriptions")
    last = Ledger(session).last("subscriptions")
    if last is None or subscriptions is None:
        return sorted(found)
    changed = _changed_customers(session, last.read_at)
    nights = subscriptions.read.sweep_nights
    return sorted(
        uuid for uuid in found if uuid in changed or zlib.crc32(uuid.encode()) % nights == night % nights
    )


def _changed_customers(session: Session, since: datetime) -> set[str]:
    changed = f"where _last_changed_at > {session.dialect.instant(since)}"
    missing = "where _missing_since is not null and _deleted_at is null"
    parts = {"customers": changed, "mrr_movements": changed, "subscriptions": missing}
    there = session.columns_of(list(parts))
    found = (f"select customer_uuid from {table} {rows}" for table, rows in parts.items() if there[table])
    return set(_text_column(session, " union all ".join(found)))


def link_merged_customers(session: Session, load: Load) -> None:
    """Say of customers that are gone who holds their ids now, where it is exactly one. The survivor must
    have them since then, from the same source: other sources use the same ids. May be repeated."""
    if not session.columns("customers"):
        return
    dialect = session.dialect
    scratch = f"mrg_{load.attempt}_{zlib.crc32(load.run_id.encode())}"
    session.execute(
        dialect.create_scratch(
            scratch,
            "select c.customer_uuid, min(i.customer_uuid) as survivor from customers c "
            "inner join customer_identities i on i.external_id = c.external_id "
            "inner join customers s on s.customer_uuid = i.customer_uuid "
            "where c._missing_since is not null and i.customer_uuid <> c.customer_uuid "
            "and i._deleted_at is null and i._last_changed_at >= c._missing_since "
            "and (i.data_source_uuid is null or i.data_source_uuid = c.data_source_uuid) "
            "and s._missing_since is null and s._deleted_at is null "
            "group by c.customer_uuid having count(distinct i.customer_uuid) = 1",
        )
    )
    session.execute(
        f"update customers set merged_into_uuid = m.survivor from {scratch} m "
        "where m.customer_uuid = customers.customer_uuid "
        "and (customers.merged_into_uuid is null or customers.merged_into_uuid <> m.survivor)"
    )


def _text_column(session: Session, sql: str) -> list[str]:
    return [str(row[0]) for row in session.query(sql)]


def _day(value: object) -> date:
    return value.date() if isinstance(value, datetime) else cast(date, value)
