"""What a session of every warehouse's engine must do, below the load protocol: stage, commit, fail."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from clients.kit.errors import OutcomeUnknown, Rejected, Unavailable
from domains.warehouse.engine import Commit, Engine, Outcome, Session
from models.warehouse import Type
from models.warehouse_tables import FieldOf, Table

ARROW: dict[Type, Any] = {
    Type.TEXT: pyarrow.string(),
    Type.INTEGER: pyarrow.int64(),
    Type.MONEY_MINOR: pyarrow.int64(),
    Type.DECIMAL: pyarrow.decimal128(18, 4),
    Type.TIMESTAMP: pyarrow.timestamp("us", tz="UTC"),
    Type.DATE: pyarrow.date32(),
    Type.BOOLEAN: pyarrow.bool_(),
    Type.JSON: pyarrow.string(),
}

FIELDS = (
    FieldOf("id", Type.TEXT, required=True, length=100, comment="The row's 'key'"),
    FieldOf("words", Type.TEXT, length=1000),
    FieldOf("quantity", Type.INTEGER),
    FieldOf("cents", Type.MONEY_MINOR),
    FieldOf("share", Type.DECIMAL),
    FieldOf("seen_at", Type.TIMESTAMP),
    FieldOf("seen_on", Type.DATE),
    FieldOf("live", Type.BOOLEAN),
    FieldOf("extra", Type.JSON),
)
KEPT = Table("kept", FIELDS, key=("id",), sorted_by="seen_at", spread_by="id", comment="Rows of a test")
LOCK = Table("lock", (FieldOf("stream", Type.TEXT, True, 100), FieldOf("version", Type.INTEGER, True)), ())
LEDGER = Table(
    "ledger", (FieldOf("run_id", Type.TEXT, True, 100), FieldOf("run_seq", Type.INTEGER, True)), ()
)

NASTY = "Zoë & 株式会社 <🙂> \"quoted\" 'twice' \\n back\\slash \n line %s {} ; -- no comment"
NOON = datetime(2026, 3, 31, 12, 0, 0, 123456, tzinfo=UTC)
FULL = ("a", NASTY, 9, -(2**40), Decimal("1.2345"), NOON, date(2026, 3, 31), True, '{"tier": ["x", 1.5]}')
EMPTY = ("b", *[None] * 8)

PERSON = "zoe@example.com"


class SessionContract:
    def engine(self, schema: str) -> Engine:
        raise NotImplementedError

    def unreachable(self) -> Engine:
        """One whose server is not there."""
        raise NotImplementedError

    @contextmanager
    def losing_the_commit(self, schema: str) -> Iterator[Engine]:
        """One whose next commit is carried out and never answered."""
        raise NotImplementedError

    @pytest.fixture
    def schema(self) -> str:
        return f"test_{uuid.uuid4().hex[:12]}"

    @pytest.fixture
    def session(self, schema: str) -> Iterator[Session]:
        session = self.engine(schema).connect()
        for table in (KEPT, LOCK, LEDGER):
            session.execute(session.dialect.create_table(table))
        session.execute("insert into lock values ('kept', 1)")
        yield session
        session.close()

    def test_every_type_comes_back_as_it_was_staged(self, session: Session, tmp_path: Path) -> None:
        fill(session, "stg_1", tmp_path, [FULL], [EMPTY])
        session.execute(f"insert into kept {delta(session, 'stg_1')}")
        full, empty = session.query("select * from kept order by id")
        assert full[:8] == FULL[:8]
        assert as_json(full[8]) == json.loads(str(FULL[8]))
        assert empty == EMPTY

    def test_scratch_tables_are_gone_with_the_session(
        self, session: Session, schema: str, tmp_path: Path
    ) -> None:
        fill(session, "stg_2", tmp_path, [FULL, EMPTY])
        session.execute(session.dialect.create_scratch("dlt_2", "select id from stg_2"))
        assert session.query("select count(*) from dlt_2") == [(2,)]
        session.close()
        other = self.engine(schema).connect()
        assert (other.columns("stg_2"), other.columns("dlt_2")) == ({}, {})
        other.close()

    def test_no_files_are_an_empty_table(self, session: Session) -> None:
        session.stage("stg_3", FIELDS, [])
        assert session.query("select count(*) from stg_3") == [(0,)]

    def test_columns_are_told_as_they_were_wished(self, session: Session) -> None:
        there = session.columns("kept")
        assert list(there) == [field.name for field in FIELDS]
        assert [f.name for f in FIELDS if not session.dialect.same_type(there[f.name], f)] == []
        assert session.columns("no_such_table") == {}
        asked = session.columns_of(["kept", "no_such_table", "lock"])
        assert asked == {"kept": there, "no_such_table": {}, "lock": session.columns("lock")}
        assert list(asked["kept"]) == list(there)

    def test_a_column_can_be_added(self, session: Session) -> None:
        session.execute(session.dialect.add_column("kept", FieldOf("later", Type.DECIMAL)))
        assert list(session.columns("kept"))[-1] == "later"

    def test_a_commit_is_applied_once(self, session: Session, tmp_path: Path) -> None:
        fill(session, "stg_4", tmp_path, [FULL])
        plan = commit(session, "stg_4", "run-1")
        assert session.commit(plan) is Outcome.APPLIED
        assert session.commit(plan) is Outcome.ALREADY
        assert session.query("select count(*) from kept") == [(1,)]
        assert session.query("select run_id from ledger") == [("run-1",)]

    def test_a_later_runs_data_stay(self, session: Session, tmp_path: Path) -> None:
        fill(session, "stg_5", tmp_path, [FULL])
        session.execute("insert into ledger values ('run-9', 9)")
        assert session.commit(commit(session, "stg_5", "run-1")) is Outcome.SUPERSEDED
        assert untouched(session)

    def test_a_plan_made_before_another_load_is_not_carried_out(
        self, session: Session, tmp_path: Path
    ) -> None:
        fill(session, "stg_6", tmp_path, [FULL])
        plan = commit(session, "stg_6", "run-1")
        session.execute("update lock set version = 7 where stream = 'kept'")
        assert session.commit(plan) is Outcome.OVERTAKEN
        assert untouched(session, version=7)

    def test_a_commit_that_fails_leaves_nothing(self, session: Session, tmp_path: Path) -> None:
        fill(session, "stg_7", tmp_path, [FULL])
        with pytest.raises(Rejected):
            session.commit(commit(session, "stg_7", "run-1", "insert into no_such_table values (1)"))
        assert untouched(session)
        assert session.commit(commit(session, "stg_7", "run-1")) is Outcome.APPLIED

    def test_a_commit_without_an_answer_is_told_as_such(
        self, session: Session, schema: str, tmp_path: Path
    ) -> None:
        with self.losing_the_commit(schema) as engine:
            cut = engine.connect()
            fill(cut, "stg_8", tmp_path, [FULL])
            with pytest.raises(OutcomeUnknown):
                cut.commit(commit(cut, "stg_8", "run-1"))
            cut.close()
        again = self.engine(schema).connect()
        assert again.query("select run_id from ledger") == [("run-1",)]
        fill(again, "stg_9", tmp_path, [FULL])
        assert again.commit(commit(again, "stg_9", "run-1")) is Outcome.ALREADY
        assert again.query("select count(*) from kept") == [(1,)]
        again.close()

    def test_a_server_that_is_not_there_may_be_there_later(self) -> None:
        with pytest.raises(Unavailable):
            self.unreachable().connect()

    def test_a_refusal_quotes_no_value(self, session: Session) -> None:
        wrong = session.dialect.cast(session.dialect.text(PERSON), Type.INTEGER)
        with pytest.raises(Rejected) as refusal:
            session.query(f"select {wrong}")
        assert PERSON not in str(refusal.value)
        assert refusal.value.__cause__ is None

    def test_literals_are_what_they_were(self, session: Session) -> None:
        d = session.dialect
        literals = (d.text(NASTY), d.instant(NOON), d.day(NOON.date()), d.boolean(True), d.null(Type.INTEGER))
        assert session.query(f"select {', '.join(literals)}") == [(NASTY, NOON, NOON.date(), True, None)]

    def test_days_and_months_are_those_of_a_time_zone(self, session: Session) -> None:
        d = session.dialect
        late = d.instant(datetime(2026, 3, 31, 23, 30, tzinfo=UTC))
        asked = (d.day_of(late), d.day_of(late, "Asia/Tokyo"), d.month(late), d.month(late, "Asia/Tokyo"))
        march, april = date(2026, 3, 1), date(2026, 4, 1)
        assert session.query(f"select {', '.join(asked)}") == [(date(2026, 3, 31), april, march, april)]
        assert session.query(f"select {d.add_months(d.day(march), '1')}") == [(april,)]

    def test_amounts_are_exact(self, session: Session) -> None:
        d = session.dialect
        ((cents, yen),) = session.query(f"select {d.major('12345678901234', 2)}, {d.major('12345', 0)}")
        assert (Decimal(str(cents)), Decimal(str(yen))) == (Decimal("123456789012.34"), Decimal("12345"))
        assert isinstance(cents, Decimal)

    def test_json_keeps_what_is_null(self, session: Session) -> None:
        d = session.dialect
        made = d.json_object({"id": d.text(NASTY), "cents": "5", "none": d.null(Type.TEXT)})
        ((row,),) = session.query(f"select {made}")
        assert as_json(row) == {"id": NASTY, "cents": 5, "none": None}

    def test_a_preview_makes_nothing(self, tmp_path: Path) -> None:
        schema = f"never_{uuid.uuid4().hex[:8]}"
        preview = self.engine(schema).connect(read_only=True)
        fill(preview, "stg_1", tmp_path, [FULL])
        assert preview.query("select count(*) from stg_1") == [(1,)]
        assert preview.columns("kept") == {}
        preview.close()
        assert not self.schemas_like(schema)

    def schemas_like(self, name: str) -> Sequence[str]:
        """Schemas whose names begin so."""
        raise NotImplementedError


def fill(session: Session, name: str, folder: Path, *files: Sequence[Sequence[object]]) -> None:
    schema = pyarrow.schema([(field.name, ARROW[field.type]) for field in FIELDS])
    paths = []
    for number, rows in enumerate(files):
        columns = [list(column) for column in zip(*rows, strict=True)]
        arrays = [pyarrow.array(c, schema.field(n).type) for n, c in enumerate(columns)]
        paths.append(folder / f"{name} {number}.parquet")
        pyarrow.parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), paths[-1])
    session.stage(name, FIELDS, paths)


def delta(session: Session, staging: str) -> str:
    columns = [session.dialect.from_staged(f"s.{field.name}", field) for field in FIELDS]
    named = [f"{value} as {field.name}" for value, field in zip(columns, FIELDS, strict=True)]
    return f"select {', '.join(named)} from {staging} s"


def commit(session: Session, staging: str, run_id: str, *more: str) -> Commit:
    """A load as the protocol does one, of the rows in `staging`, at the first version of the lock."""
    scratch = f"dlt_{uuid.uuid4().hex[:12]}"
    session.execute(session.dialect.create_scratch(scratch, delta(session, staging)))
    values = {field.name: f"{scratch}.{field.name}" for field in FIELDS}
    changed = {name: value for name, value in values.items() if name != "id"}
    return Commit(
        lock="update lock set version = 2 where stream = 'kept' and version = 1",
        ledger=f"select run_id from ledger where run_id = '{run_id}'",
        superseded="select run_id from ledger where run_seq > 1",
        locked="select stream from lock where stream = 'kept' and version = 2",
        statements=[
            session.dialect.merge("kept", scratch, ["id"], changed, values),
            f"insert into ledger values ('{run_id}', 1)",
            *more,
        ],
        name=f"kept_{run_id}",
    )


def untouched(session: Session, version: int = 1) -> bool:
    nothing = session.query("select count(*) from kept") == [(0,)]
    return nothing and session.query("select version from lock") == [(version,)]


def as_json(value: object) -> Any:
    """Some drivers give text, some the value."""
    return json.loads(value) if isinstance(value, str) else value
