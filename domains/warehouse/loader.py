"""The load protocol, for every engine: stage, find out, then one transaction with the data's own ledger row.

The ledger is the only truth. A load that is repeated, by another attempt or after a COMMIT without an answer,
finds its row there and does nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from clients.kit.errors import Rejected, Retryable, Unavailable
from domains.warehouse.commit import CommitSql
from domains.warehouse.engine import Engine, Outcome, Session, Superseded, TooMuchMissing
from domains.warehouse.history import Ledger, link_merged_customers
from domains.warehouse.schema import as_target, definitions
from domains.warehouse.sql import FindingSql
from models.warehouse import Type
from models.warehouse_loads import Counts, Load, Loaded, LoadRun, Preview, SampleRow
from models.warehouse_tables import SCOPE, staged_fields, target_table

MOST_MISSING = 0.05
FEW = 10
"""So few rows may be missing from any table, however small it is."""

SAMPLE = 10


class Loader:
    """Blocks. Tables must have been prepared (domains/warehouse/schema.py)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self, load: Load) -> Loaded:
        """Raises TooMuchMissing, Superseded, and Unavailable where another load came between."""
        try:
            with opened(self._engine) as session:
                done = _told(session, load, already=True)
                if done is None:
                    outcome = self._commit(session, load)
                    done = _told(session, load, already=outcome is Outcome.ALREADY)
        except Retryable:  # the connection may have died with COMMIT on its way
            with opened(self._engine) as session:
                done = _told(session, load)
            if done is None:
                raise
        assert done is not None, "the ledger's row is part of the transaction"
        return done

    def preview(self, load: Load) -> Preview:
        """What `load` would do. Writes nothing that outlives the session."""
        with opened(self._engine, read_only=True) as session:
            missing = definitions(session, load.mapping)
            sql = self._staged(session, load)
            counts = find(session, sql, _last_run(session, load))
            problem = _problem(session, sql, counts)
            sample = _sample(session, sql)
        return Preview(
            stream=load.mapping.target,
            statements=missing.statements,
            refused=missing.refused,
            problem=problem,
            counts=counts,
            sample=sample,
            key=load.mapping.key,
            restates=load.mapping.changes is not None,
        )

    def _commit(self, session: Session, load: Load) -> Outcome:
        version = _lock_version(session, load)
        sql = self._staged(session, load)
        counts = find(session, sql, _last_run(session, load))
        check_missing(session, sql, counts)
        plan = CommitSql(sql).plan(counts, version, datetime.now(UTC))
        outcome = session.commit(plan)
        if outcome is Outcome.SUPERSEDED:
            raise Superseded(self._engine.name, f"{load.mapping.target}: a later run was loaded already.")
        if outcome is Outcome.OVERTAKEN:
            raise Unavailable(self._engine.name, f"{load.mapping.target}: another load came between")
        return outcome

    def _staged(self, session: Session, load: Load) -> FindingSql:
        mapping = load.mapping
        there = as_target(session, target_table(mapping))
        parent = mapping.parent.stream if mapping.parent else ""
        parent = parent if parent and session.columns(parent) else ""
        sql = FindingSql(load, session.dialect, there, parent)
        session.stage(sql.names.staging, staged_fields(mapping), load.files)
        if load.scope_files is not None:
            session.stage(sql.names.parents, [SCOPE], load.scope_files)
        return sql


def _told(session: Session, load: Load, *, already: bool = False) -> Loaded | None:
    """What the ledger tells of the load, and what follows from it, which may be repeated."""
    done = Ledger(session).loaded(load, already=already)
    if done and load.mapping.target == "customer_identities":
        link_merged_customers(session, load)
    return done


@contextmanager
def opened(engine: Engine, *, read_only: bool = False) -> Iterator[Session]:
    session = engine.connect(read_only=read_only)
    try:
        yield session
    finally:
        session.close()


def find(session: Session, sql: FindingSql, last: LoadRun | None) -> Counts:
    """Fill the scratch tables, and count what is in them."""
    mapping, dialect = sql.mapping, session.dialect
    remapped = last is not None and last.mapping_version != mapping.version
    rows, keys = cast(tuple[int, int], session.query(sql.count_read())[0])
    _scratch(session, sql.names.delta, sql.delta(remapped=remapped, duplicates=rows > keys))
    if session.query(sql.keys_that_are_not_unique()):
        raise Rejected("warehouse", f"{mapping.target}: two rows with one key would be merged. Report this.")
    _scratch(session, sql.names.reissued, sql.reissued())
    _scratch(session, sql.names.gone, sql.gone())
    if mapping.changes:
        late_before = dialect.instant(last.read_at) if last else dialect.null(Type.TIMESTAMP)
        _scratch(session, sql.names.changes, sql.changes(mapping.changes, late_before))
    return _counts(session, sql, rows, rows - keys)


def check_missing(session: Session, sql: FindingSql, counts: Counts) -> None:
    """Where so much is gone at once, ChartMogul or the reading is at fault more likely than the data."""
    load = sql.load
    if load.accept_missing or not load.complete:
        return
    live = cast(int, session.query(sql.live())[0][0])
    newly = counts.missing if load.mapping.strikes > 1 else counts.deleted
    nothing = not load.rows and not load.rejected and live and load.scope_files is None
    if nothing or (newly > FEW and newly > live * MOST_MISSING):
        raise TooMuchMissing(
            "warehouse",
            f"{load.mapping.target}: {newly} of {live} rows are gone at once, {load.rows} were read. Nothing "
            "was written. Look whether they are gone in ChartMogul too; if so, run again and accept it.",
        )


def _problem(session: Session, sql: FindingSql, counts: Counts) -> str | None:
    try:
        check_missing(session, sql, counts)
    except Rejected as error:
        return str(error)
    return None


def _scratch(session: Session, name: str, select: str) -> None:
    session.execute(session.dialect.create_scratch(name, select))
    for statement in session.dialect.after_filling(name):
        session.execute(statement)


def _counts(session: Session, sql: FindingSql, rows: int, duplicates: int) -> Counts:
    kinds: dict[Any, Any] = dict(session.query(sql.count_kinds()))  # type: ignore[arg-type] # pairs
    gone: dict[Any, Any] = dict(session.query(sql.count_gone()))  # type: ignore[arg-type] # pairs
    reissued = gone.get("reissued", 0)
    return Counts(
        rows_read=rows,
        inserted=max(kinds.get("new", 0) - reissued, 0),
        restated=kinds.get("restated", 0) + reissued,
        remapped=kinds.get("remapped", 0),
        returned=kinds.get("returned", 0),
        reissued=reissued,
        missing=gone.get("missing", 0),
        deleted=gone.get("deleted", 0),
        duplicates=duplicates,
        rejected=sql.load.rejected,
    )


def _last_run(session: Session, load: Load) -> LoadRun | None:
    return Ledger(session).last(load.mapping.target)


def _lock_version(session: Session, load: Load) -> int:
    target = load.mapping.target
    found = session.query(f"select version from load_lock where stream = {session.dialect.text(target)}")
    if not found:
        raise Rejected("warehouse", f"{target} has not been prepared.")
    return cast(int, found[0][0])


def _sample(session: Session, sql: FindingSql) -> list[SampleRow]:
    """Half of them may be rows that are gone."""
    names = sql.fields
    gone = [
        SampleRow(kind=str(what), before=dict(zip(names, before, strict=True)), after=None)
        for what, *before in session.query(sql.sample_gone(SAMPLE // 2))
    ]
    return [*_changed(session.query(sql.sample(SAMPLE - len(gone))), names), *gone]


def _changed(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> Iterator[SampleRow]:
    for kind, *values in rows:
        before, after = (
            dict(zip(names, part, strict=True)) for part in (values[: len(names)], values[len(names) :])
        )
        yield SampleRow(kind=kind, before=None if kind == "new" else before, after=after)
