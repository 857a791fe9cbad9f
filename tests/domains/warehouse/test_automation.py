"""Tables and views of what Mogulflow has done, on a real DuckDB."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domains.warehouse.automation import (
    AUDIT,
    AUTOMATION,
    EFFECTS,
    RUNS,
    OwnTable,
    audit_row,
    last_place,
    undone_while_open,
)
from domains.warehouse.dialect import Dialect
from domains.warehouse.engine import Engine
from domains.warehouse.engines.duckdb import DuckDb
from domains.warehouse.files import Extract
from domains.warehouse.loader import Loader, opened
from domains.warehouse.schema import prepare
from domains.warehouse.settings import DuckDbWarehouse
from domains.warehouse.views import views
from models.warehouse_loads import Load, Loaded
from tests.audited import links

BEGAN = datetime(2026, 11, 30, 4, 50, tzinfo=UTC)
NIGHTS = count(1)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = DuckDb(DuckDbWarehouse(path=tmp_path / "chartmogul.duckdb"))
    with opened(engine) as session:
        assert prepare(session, AUTOMATION).statements
        assert prepare(session, AUTOMATION).statements == []
    return engine


def loaded(engine: Engine, folder: Path, table: OwnTable, rows: Sequence[dict[str, Any]]) -> Loaded:
    night = next(NIGHTS)
    extract = Extract(folder / str(night), table)
    extract.add(rows)
    found = extract.finish()
    assert found.rejects == found.emptied == []
    return Loader(engine).load(
        Load(
            run_id=f"audit/{night}",
            run_seq=night,
            attempt=1,
            mapping=table,
            files=found.files,
            rows=found.rows,
            complete=False,
            read_at=BEGAN + timedelta(days=night),
        )
    )


def query(engine: Engine, sql: str) -> list[tuple[Any, ...]]:
    with opened(engine, read_only=True) as session:
        return session.query(sql)


def run(number: int, **fields: Any) -> dict[str, Any]:
    given = {
        "workflow_id": f"churn_save/{number}",
        "template": "churn_save",
        "route": "churn-save",
        "outcome": "saved",
        "owner": "Ann Lee",
        "began_at": "2026-11-03T10:00:00+00:00",
        "first_action_at": "2026-11-03T10:00:01+00:00",
        "seconds_from_event": 60 * number,
        "seconds_from_begin": number,
        "records_written": 2,
        "problems": 0,
    }
    return given | fields


def effect(number: int, **fields: Any) -> dict[str, Any]:
    given = {
        "effect_key": f"{number}:task",
        "workflow_id": f"churn_save/{number}",
        "system_name": "salesforce",
        "object_type": "Task",
        "object_id": f"00T{number}",
        "action": "created",
        "by_whom": "route churn-save",
        "written_at": "2026-11-03T10:00:02+00:00",
        "undone": False,
    }
    return given | fields


def test_rows_stay_that_a_later_night_does_not_bring(engine: Engine, tmp_path: Path) -> None:
    assert loaded(engine, tmp_path, RUNS, [run(1), run(2)]).inserted == 2
    later = loaded(engine, tmp_path, RUNS, [run(2, outcome="lost"), run(3)])
    assert (later.inserted, later.restated, later.missing, later.deleted) == (1, 1, 0, 0)
    assert query(engine, "select workflow_id, outcome from automation_runs order by 1") == [
        ("churn_save/1", "saved"),
        ("churn_save/2", "lost"),
        ("churn_save/3", "saved"),
    ]


def test_the_save_rate_is_by_who_was_in_charge(engine: Engine, tmp_path: Path) -> None:
    outcomes = ["saved", "saved", "lost", "acted", "already_saved"]
    rows = [run(number, outcome=outcome) for number, outcome in enumerate(outcomes)]
    rows.append(run(10, outcome="lost", owner=None))
    rows.append(run(11, template="churn_risk", owner="Bea"))
    loaded(engine, tmp_path, RUNS, rows)
    assert query(engine, "select owner, saved, lost, save_rate from save_rate_by_owner order by 1") == [
        ("Ann Lee", 2, 1, Decimal("0.6667")),
        ("nobody", 0, 1, Decimal("0.0000")),
    ]


def test_the_time_to_the_first_action_is_by_route_and_month(engine: Engine, tmp_path: Path) -> None:
    nothing = {"first_action_at": None, "seconds_from_event": None, "seconds_from_begin": None}
    ahead = run(3, seconds_from_event=None)
    loaded(engine, tmp_path, RUNS, [run(1), run(2), ahead, run(4, **nothing)])
    [row] = query(engine, "select * exclude (month_start) from time_to_first_action")
    assert row == ("churn_save", "churn-save", 3, Decimal("90.0000"), 120, Decimal("2.0000"), 3)


def test_records_are_counted_by_system_and_those_taken_back_among_them(
    engine: Engine, tmp_path: Path
) -> None:
    loaded(engine, tmp_path, EFFECTS, [effect(1), effect(2), effect(3, system_name="slack")])
    loaded(engine, tmp_path, EFFECTS, [effect(2, undone=True)])
    found = "select system_name, records, undone from records_written_per_system order by 1"
    assert query(engine, found) == [("salesforce", 2, 1), ("slack", 1, 0)]


def test_what_was_taken_back_of_an_open_run_is_known(engine: Engine, tmp_path: Path) -> None:
    loaded(engine, tmp_path, EFFECTS, [effect(1, undone=True, written_at=None), effect(2, undone=True)])
    with opened(engine, read_only=True) as session:
        assert undone_while_open(session) == {"1:task"}


def test_the_audit_is_there_as_the_files_have_it(engine: Engine, tmp_path: Path) -> None:
    some = links(3)
    loaded(engine, tmp_path, AUDIT, [audit_row(link) for link in some])
    rows = query(engine, "select ledger_number, ledger_hash, outcome from agent_audit order by 1")
    assert rows == [(link.number, link.hash, "done") for link in some]
    with opened(engine, read_only=True) as session:
        assert last_place(session) == some[-1].place


def test_every_column_of_the_tables_and_views_is_described() -> None:
    assert all(column.description for table in AUTOMATION.streams for column in table.written)
    assert [view.name for view in views(AUTOMATION, Dialect())] == [
        "save_rate_by_owner",
        "time_to_first_action",
        "records_written_per_system",
    ]
