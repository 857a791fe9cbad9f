"""What every engine must understand: the shared SQL in its smallest common form."""

import re
from collections.abc import Iterator
from dataclasses import astuple
from datetime import date
from pathlib import Path

import pytest

from domains.warehouse.commit import CommitSql
from domains.warehouse.dialect import Dialect
from domains.warehouse.engines.bigquery.dialect import BigQueryDialect
from domains.warehouse.engines.duckdb import DuckDbDialect
from domains.warehouse.engines.postgres import PostgresDialect
from domains.warehouse.engines.redshift.engine import RedshiftDialect
from domains.warehouse.engines.snowflake import SnowflakeDialect
from domains.warehouse.sql import FindingSql
from domains.warehouse.views import views
from models.warehouse_loads import Counts, Load, MonthSeen, Reject
from tests.contracts.warehouse_rows import FIRST_NIGHT, MAPPING, Nights, customer, mapping_of, movement

FORBIDDEN = [
    "qualify",
    "on conflict",
    "returning",
    "not matched by source",
    r"matched\s+and",
    "::",
    '"',
    r"union (?!all)",
]
"""Each is unknown to one of the engines, or means something else there."""

DIALECTS = [
    Dialect(),
    DuckDbDialect(),
    PostgresDialect(),
    SnowflakeDialect(),
    BigQueryDialect("chartmogul"),
    RedshiftDialect(),
]


def statements(dialect: Dialect, folder: Path) -> Iterator[str]:
    for number, mapping in enumerate(MAPPING.streams):
        rows = [movement(1)] if mapping.target == "mrr_movements" else [customer(1)]
        parents = ["cus_1"] if mapping.parent else None
        load = Nights(folder / str(number)).load(
            rows,
            mapping=mapping,
            parents=parents,
            window=(0, 9) if mapping.read.mode == "window" else None,
            rejects=[Reject(key="o'k", column="a", reason="b")],
            months=[MonthSeen(month=date(2026, 1, 1), digest="d")],
        )
        yield from statements_of(load, dialect)
    yield from (view.select for view in views(MAPPING, dialect, "Europe/Berlin"))


def statements_of(load: Load, dialect: Dialect) -> Iterator[str]:
    sql = FindingSql(
        load, dialect, load.mapping.target, load.mapping.parent.stream if load.mapping.parent else ""
    )
    yield from (
        sql.delta(remapped=True, duplicates=True),
        sql.reissued(),
        sql.gone(),
        sql.live(),
        sql.count_kinds(),
        sql.count_gone(),
        sql.count_read(),
    )
    yield from (sql.keys_that_are_not_unique(), sql.sample(10), sql.sample_gone(5))
    if load.mapping.changes:
        yield sql.changes(load.mapping.changes, "null")
    plan = CommitSql(sql).plan(Counts(restated=1), 0, FIRST_NIGHT)
    yield CommitSql(sql).plan(Counts(), 0, FIRST_NIGHT).statements[0]
    yield from (plan.lock, plan.ledger, plan.superseded, plan.locked, *plan.statements)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_nothing_that_an_engine_does_not_know(dialect: Dialect, tmp_path: Path) -> None:
    found = [re.sub("'[^']*'", "''", sql.lower()) for sql in statements(dialect, tmp_path)]
    assert len(found) > 100
    assert [(word, sql) for sql in found for word in FORBIDDEN if re.search(word, sql)] == []


def test_merge_has_the_one_form_that_redshift_takes(tmp_path: Path) -> None:
    """A plain table as source, no alias, one branch of each kind, no conditions."""
    merges = [sql for sql in statements(Dialect(), tmp_path) if sql.startswith("merge")]
    same = r"\1\.\w+ = \2\.\w+"
    form = rf"merge into (\w+) using (\w+) on {same}( and {same})* when matched then update set "
    assert len(merges) == len(MAPPING.streams)
    for sql in merges:
        assert re.match(form, sql)
        assert sql.count("when matched then") == sql.count("when not matched then insert") == 1


def test_merge_comes_first_and_the_ledger_last(tmp_path: Path) -> None:
    load = Nights(tmp_path).load([movement(1)])
    plan = CommitSql(FindingSql(load, Dialect(), "mrr_movements")).plan(Counts(restated=1), 0, FIRST_NIGHT)
    assert plan.statements[0].startswith("merge into mrr_movements")
    assert plan.statements[-1].startswith("insert into load_runs")


def test_attempts_and_runs_share_no_names(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    load = nights.load([movement(1)])
    others = [load.model_copy(update={"attempt": 2}), nights.load([movement(1)])]
    names = [set(astuple(FindingSql(each, Dialect(), "t").names)) for each in (load, *others)]
    assert len(set.union(*names)) == 18
    assert all(re.fullmatch("[a-z][a-z0-9_]{0,62}", name) for name in set.union(*names))


def test_text_cannot_leave_its_quotes() -> None:
    assert Dialect().text("o'; drop table x; --") == "'o''; drop table x; --'"
    assert mapping_of("mrr_movements").key == ["movement_uuid"]
