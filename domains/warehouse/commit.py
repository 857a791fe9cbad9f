"""What one load writes, all in one transaction: the merge, marks, change log, rejects and the ledger."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from domains.warehouse.engine import Commit
from domains.warehouse.sql import FindingSql
from models.warehouse_loads import Counts, Load
from models.warehouse_tables import (
    LOAD_COUNTS,
    LOAD_LOCK,
    LOAD_REJECTS,
    LOAD_RUNS,
    MERGED_INTO,
    MONTH_DIGEST,
    Table,
)


class CommitSql:
    def __init__(self, sql: FindingSql) -> None:
        self._sql = sql
        self._d = sql.dialect
        self._load = sql.load
        self._target = sql.mapping.target
        self._stream = self._d.text(sql.mapping.target)

    def plan(self, counts: Counts, lock_version: int, committed_at: datetime) -> Commit:
        seq, attempt = self._load.run_seq, self._load.attempt
        lock = f"{LOAD_LOCK.name} where stream = {self._stream}"
        return Commit(
            lock=(
                f"update {LOAD_LOCK.name} set run_seq = {seq}, attempt = {attempt}, version = version + 1 "
                f"where stream = {self._stream} and version = {lock_version} and run_seq <= {seq}"
            ),
            ledger=self.ledger("run_id"),
            superseded=f"select run_seq from {lock} and run_seq > {seq}",
            locked=(
                f"select version from {lock} and version = {lock_version + 1} "
                f"and run_seq = {seq} and attempt = {attempt}"
            ),
            statements=self._statements(counts, committed_at),
            name=f"{self._target}_{sha256(self._load.run_id.encode()).hexdigest()[:16]}",
        )

    def ledger(self, columns: str) -> str:
        where = f"run_id = {self._sql.run} and stream = {self._stream}"
        return f"select {columns} from {LOAD_RUNS.name} where {where}"

    def _statements(self, counts: Counts, committed_at: datetime) -> list[str]:
        return [
            self._merge() if _changes_rows(counts) else self._append(),
            *self._marks(),
            *self._log_changes(),
            *self._keep_rejects(),
            *self._keep_months(),
            self._ledger_row(counts, committed_at),
        ]

    def _merge(self) -> str:
        delta = {name: f"{self._sql.names.delta}.{name}" for name in self._sql.fields}
        kept = self._kept
        back = dict.fromkeys(("_missing_since", "_deleted_at", *self._merged_into), "null")
        key = self._sql.mapping.key
        update = {name: value for name, value in delta.items() if name not in key} | kept | back
        new = delta | kept | {"_first_loaded_at": self._sql.at}
        return self._d.merge(self._target, self._sql.names.delta, key, update, new)

    def _append(self) -> str:
        """In the place of the merge, where the delta holds new rows alone, as at first. The lock's version
        says that this is still so."""
        new = {name: name for name in self._sql.fields} | self._kept | {"_first_loaded_at": self._sql.at}
        return (
            f"insert into {self._target} ({', '.join(new)}) "
            f"select {', '.join(new.values())} from {self._sql.names.delta}"
        )

    @property
    def _kept(self) -> dict[str, str]:
        return {"_run_id": self._sql.run, "_last_changed_at": self._sql.at}

    def _marks(self) -> list[str]:
        """Found again though unchanged, missing for the first time, gone."""
        target, gone, at = self._target, self._sql.names.gone, self._sql.at
        same = self._sql.same("g", target)
        found = ", ".join(f"{name} = null" for name in ("_missing_since", *self._merged_into))
        changed = f"_run_id = {self._sql.run}, _last_changed_at = {at}"
        return [
            f"update {target} set {found} where _missing_since is not null and _deleted_at is null "
            f"and exists (select 1 from {self._sql.names.staging} g where {same})",
            f"update {target} set _missing_since = {at} from {gone} g "
            f"where {same} and {target}._missing_since is null",
            f"update {target} set _deleted_at = {at}, {changed} from {gone} g "
            f"where {same} and g._what in ('deleted', 'reissued')",
        ]

    @property
    def _merged_into(self) -> tuple[str, ...]:
        return (MERGED_INTO.name,) if self._target == "customers" else ()

    def _log_changes(self) -> list[str]:
        log = self._sql.mapping.changes
        if log is None:
            return []
        columns = (
            f"run_id, kind, {', '.join(self._sql.mapping.key)}, before_at, after_at, before_cents, "
            "after_cents, delta_cents, before_row, after_row, changed_at"
        )
        return [f"insert into {log.table} ({columns}) select {columns} from {self._sql.names.changes}"]

    def _keep_rejects(self) -> list[str]:
        told = [(each, each.reason) for each in self._load.rejects]
        told += [(each, f"{each.reason}: left empty") for each in self._load.emptied]
        text, start = self._d.text, [self._sql.run, self._stream]
        return insert(
            LOAD_REJECTS,
            [[*start, text(each.key), text(each.column), text(why), self._sql.at] for each, why in told],
        )

    def _keep_months(self) -> list[str]:
        rows = [[self._d.day(m.month), self._d.text(m.digest), self._sql.run] for m in self._load.months]
        if not rows:
            return []
        days = ", ".join(row[0] for row in rows)
        return [f"delete from {MONTH_DIGEST.name} where month in ({days})", *insert(MONTH_DIGEST, rows)]

    def _ledger_row(self, counts: Counts, committed_at: datetime) -> str:
        load, text, instant = self._load, self._d.text, self._d.instant
        start, end = (load.window.start, load.window.end) if load.window else (None, None)
        row = {
            "run_id": self._sql.run,
            "stream": self._stream,
            "run_seq": str(load.run_seq),
            "attempt": str(load.attempt),
            "account": text(load.account),
            "time_zone": text(load.time_zone),
            "mapping_version": text(self._sql.mapping.version),
            "read_mode": text(_read_mode(load)),
            "window_start": instant(start),
            "window_end": instant(end),
            "complete": self._d.boolean(load.complete),
            **{name: str(getattr(counts, name)) for name in LOAD_COUNTS},
            "read_at": self._sql.at,
            "committed_at": instant(committed_at),
        }
        return insert(LOAD_RUNS, [[row[field.name] for field in LOAD_RUNS.fields]])[0]


def _changes_rows(counts: Counts) -> bool:
    return bool(counts.restated or counts.remapped or counts.returned)


def _read_mode(load: Load) -> str:
    return "window" if load.window else "all" if load.scope_files is None else "parents"


def insert(table: Table, rows: Sequence[Sequence[str]]) -> list[str]:
    """One statement for few rows of literals, in the order of the table's fields; none for no row."""
    if not rows:
        return []
    columns = ", ".join(field.name for field in table.fields)
    values = ", ".join(f"({', '.join(row)})" for row in rows)
    return [f"insert into {table.name} ({columns}) values {values}"]
