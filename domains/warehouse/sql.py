"""The SQL of a load, in the smallest common form of all engines: no qualify, no upsert by conflict, no
returning, one plain merge. What a load finds out is put into scratch tables first, since definitions commit
in some engines; the transaction then holds few statements, and small ones."""

from dataclasses import dataclass
from hashlib import sha256

from domains.warehouse.dialect import Dialect
from models.warehouse import ChangeLog, StreamMapping, Type
from models.warehouse_loads import Load
from models.warehouse_tables import SCOPE, data_fields

TRUE = "1 = 1"
FALSE = "1 = 0"


@dataclass(frozen=True)
class Scratch:
    """Names of one attempt's scratch tables. Attempts share none."""

    staging: str
    parents: str
    delta: str
    reissued: str
    gone: str
    changes: str

    @classmethod
    def of(cls, load: Load) -> "Scratch":
        run = sha256(load.run_id.encode()).hexdigest()[:12]
        end = f"{load.mapping.target[:32]}_{run}_{load.attempt}"
        return cls(*(f"{kind}_{end}" for kind in ("stg", "par", "dlt", "ris", "gon", "chg")))


class FindingSql:
    """Finds out what a load would do. `target` and `parent` may be a table or, in a preview, a select."""

    def __init__(self, load: Load, dialect: Dialect, target: str, parent: str = "") -> None:
        self.load = load
        self.names = Scratch.of(load)
        self.mapping: StreamMapping = load.mapping
        self.dialect = dialect
        self._target = target
        self._parent = parent
        self.fields = [field.name for field in data_fields(load.mapping)]
        self.at = dialect.instant(load.read_at)
        self.run = dialect.text(load.run_id)

    # -- what the load would do: scratch tables

    def delta(self, *, remapped: bool, duplicates: bool) -> str:
        """Rows that are new, changed or back, each once. `remapped`: the mapping has changed since."""
        staged = ", ".join(
            self.dialect.from_staged(f"s.{field.name}", field) + f" as {field.name}"
            for field in data_fields(self.mapping)
        )
        first = self.mapping.key[0]
        return (
            f"select {staged}, case when t.{first} is null then 'new' "
            f"when t._deleted_at is not null then 'returned' {self._remapped() if remapped else ''}"
            f"else 'restated' end as _kind "
            f"from {self._each_once() if duplicates else self.names.staging} s "
            f"left join {self._target} t on {self.same('t', 's')} "
            f"where (t.{first} is null or t._row_hash <> s._row_hash or t._deleted_at is not null)"
            f"{' and s._nth = 1' if duplicates else ''}"
        )

    def _each_once(self) -> str:
        """Staging with a number for each row of a key, the last one read first. Dear: all rows are sorted."""
        return (
            f"(select g.*, row_number() over (partition by {self.keys('g')} order by g._position desc) "
            f"as _nth from {self.names.staging} g)"
        )

    def _remapped(self) -> str:
        """With another mapping all hashes differ: only what the change log is about tells a restatement."""
        log = self.mapping.changes
        same = f"t.{log.amount} = s.{log.amount} and t.{log.at} = s.{log.at}" if log else TRUE
        return f"when {same} then 'remapped' "

    def reissued(self) -> str:
        """Pairs of a new row and an old one that was not read, where `same_as` says they are one: each row is
        in one pair at most."""
        key, delta, target = self.mapping.key[0], self.names.delta, self._target
        found = " union all ".join(
            f"select d.{key} as _new, t.{key} as _old from {delta} d inner join {target} t on "
            f"{' and '.join(f't.{name} = d.{name}' for name in columns)} {self._not_read()} "
            f"where d._kind = 'new' and {self._gone()} and {self._in_scope()}"
            for columns in self.mapping.same_as
        )
        if not found:
            found = f"select d.{key} as _new, d.{key} as _old from {delta} d where {FALSE}"
        first = f"select a._new, min(a._old) as _old from ({found}) a group by a._new"
        return f"select min(p._new) as _new, p._old from ({first}) p group by p._old"

    def gone(self) -> str:
        """Live rows that were not read: missing (a first time), deleted, or reissued (here under another
        key)."""
        orphan, key = self._orphans(), self.mapping.key[0]
        strike = TRUE if self.mapping.strikes == 1 else "t._missing_since is not null"
        return (
            f"select {self.keys('t')}, case when r._old is not null then 'reissued' "
            f"when {orphan.found} or {strike} then 'deleted' else 'missing' end as _what "
            f"from {self._target} t {self._not_read()} {orphan.join} "
            f"left join {self.names.reissued} r on r._old = t.{key} "
            f"where {self._gone()} and ({orphan.found} or ({self._in_scope()}))"
        )

    def _not_read(self) -> str:
        return (
            f"left join (select distinct {self.keys('g')} from {self.names.staging} g) s "
            f"on {self.same('s', 't')} {self._scope_join()}"
        )

    def _gone(self) -> str:
        return f"t._deleted_at is null and s.{self.mapping.key[0]} is null"

    def live(self) -> str:
        """How many rows there are where some may be marked as missing."""
        return (
            f"select count(*) from {self._target} t {self._scope_join()} "
            f"where t._deleted_at is null and {self._in_scope()}"
        )

    def _scope_join(self) -> str:
        if self.load.scope_files is None or self.mapping.parent is None:
            return ""
        return (
            f"left join (select distinct {SCOPE.name} from {self.names.parents}) p "
            f"on p.{SCOPE.name} = t.{self.mapping.parent.column}"
        )

    def _in_scope(self) -> str:
        if not self.load.complete or self._rejected_without_key():
            return FALSE
        conditions = [f"t.{self.mapping.key[0]} <> {self.dialect.text(key)}" for key in self._rejected_keys()]
        if self.load.scope_files is not None and self.mapping.parent:
            conditions.append(f"p.{SCOPE.name} is not null")
        if window := self.load.window:
            at = f"t.{self.mapping.read.column}"
            conditions += [
                f"{at} >= {self.dialect.instant(window.start)}",
                f"{at} < {self.dialect.instant(window.end)}",
            ]
        return " and ".join(conditions) or TRUE

    def _rejected_without_key(self) -> bool:
        """Read, but which? Not even a row's name tells, where more are rejected than are kept by name."""
        load = self.load
        return load.rejected > len(load.rejects) or any(each.key is None for each in load.rejects)

    def _rejected_keys(self) -> list[str]:
        """They were read, so they are not missing."""
        return list(dict.fromkeys(reject.key for reject in self.load.rejects if reject.key))

    def _orphans(self) -> "_Joined":
        """Rows whose parent is deleted."""
        if not self.mapping.parent or not self._parent:
            return _Joined("", FALSE)
        column = self.mapping.parent.column
        parents = f"select {column} from {self._parent} q where q._deleted_at is not null"
        return _Joined(f"left join ({parents}) o on o.{column} = t.{column}", f"o.{column} is not null")

    def changes(self, log: ChangeLog, late_before: str) -> str:
        """Rows of the change log. New ones only where they lie before `late_before`, an expression."""
        parts = (self._changed(log, late_before), self._reissued(log), self._vanished(log))
        return " union all ".join(parts)

    def _changed(self, log: ChangeLog, late_before: str) -> str:
        live, key = f"case when t._deleted_at is null then t.{log.amount} end", self.mapping.key[0]
        return (
            f"{self._change(log, 'd._kind', 'd', live, f'd.{log.amount}', 't', 'd')} "
            f"from {self.names.delta} d left join {self._target} t on {self.same('t', 'd')} "
            f"left join {self.names.reissued} r on r._new = d.{key} "
            f"where r._new is null and (d._kind in ('restated', 'returned') "
            f"or (d._kind = 'new' and d.{log.at} < {late_before}))"
        )

    def _reissued(self, log: ChangeLog) -> str:
        kind, key = self.dialect.text("restated"), self.mapping.key[0]
        amounts = f"t.{log.amount}", f"d.{log.amount}"
        return (
            f"{self._change(log, kind, 'd', *amounts, 't', 'd')} "
            f"from {self.names.reissued} r inner join {self.names.delta} d on d.{key} = r._new "
            f"inner join {self._target} t on t.{key} = r._old"
        )

    def _vanished(self, log: ChangeLog) -> str:
        kind, none = self.dialect.text("vanished"), self.dialect.null(self._type_of(log.amount))
        return (
            f"{self._change(log, kind, 't', f't.{log.amount}', none, 't', None)} "
            f"from {self.names.gone} g inner join {self._target} t on {self.same('t', 'g')} "
            f"where g._what = 'deleted'"
        )

    def _change(
        self, log: ChangeLog, kind: str, keyed: str, before: str, after: str, old: str, new: str | None
    ) -> str:
        no_time = self.dialect.null(self._type_of(log.at))
        after_row = self._as_json(new) if new else self.dialect.null(Type.JSON)
        return (
            f"select {self.run} as run_id, {kind} as kind, {self.keys(keyed)}, "
            f"case when {before} is not null then {old}.{log.at} end as before_at, "
            f"{f'{new}.{log.at}' if new else no_time} as after_at, "
            f"{before} as before_cents, {after} as after_cents, "
            f"coalesce({after}, 0) - coalesce({before}, 0) as delta_cents, "
            f"case when {before} is not null then {self._as_json(old)} end as before_row, "
            f"{after_row} as after_row, {self.at} as changed_at"
        )

    def _as_json(self, alias: str) -> str:
        columns = [c for c in self.mapping.written if c.pii is None and c.hashed]
        return self.dialect.json_object(
            {c.name: self.dialect.in_json(f"{alias}.{c.name}", c.type) for c in columns}
        )

    def _type_of(self, column: str) -> Type:
        return next(each.type for each in self.mapping.written if each.name == column)

    # -- counts and samples

    def count_kinds(self) -> str:
        return f"select _kind, count(*) from {self.names.delta} group by _kind"

    def count_gone(self) -> str:
        return f"select _what, count(*) from {self.names.gone} group by _what"

    def count_read(self) -> str:
        """Rows in staging, and different keys."""
        distinct = f"select count(*) from (select distinct {self.keys('g')} from {self.names.staging} g) k"
        return f"select count(*), ({distinct}) from {self.names.staging}"

    def keys_that_are_not_unique(self) -> str:
        """A merge would fail, or apply one of them silently: it depends on the engine."""
        return f"select count(*) from {self.names.delta} d group by {self.keys('d')} having count(*) > 1"

    def sample(self, rows: int) -> str:
        """`_kind`, then all columns before, then all after."""
        before = ", ".join(f"t.{name}" for name in self.fields)
        after = ", ".join(f"d.{name}" for name in self.fields)
        return (
            f"select d._kind, {before}, {after} from {self.names.delta} d "
            f"left join {self._target} t on {self.same('t', 'd')} order by {self.keys('d')} limit {rows}"
        )

    def sample_gone(self, rows: int) -> str:
        """`_what`, then all columns."""
        before = ", ".join(f"t.{name}" for name in self.fields)
        return (
            f"select g._what, {before} from {self.names.gone} g "
            f"inner join {self._target} t on {self.same('t', 'g')} order by {self.keys('g')} limit {rows}"
        )

    # -- words

    def keys(self, alias: str) -> str:
        return ", ".join(f"{alias}.{name}" for name in self.mapping.key)

    def same(self, one: str, other: str) -> str:
        return " and ".join(f"{one}.{name} = {other}.{name}" for name in self.mapping.key)


@dataclass(frozen=True)
class _Joined:
    join: str
    found: str
