"""A DuckDB file as the version before has laid it out goes on, and becomes what the mapping says now."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domains.warehouse.engines.duckdb import DuckDb
from domains.warehouse.loader import Loader, opened
from domains.warehouse.schema import prepare
from domains.warehouse.settings import DuckDbWarehouse
from models.warehouse import Mapping
from tests.contracts.warehouse_rows import MAPPING, Nights, movement

LINES = "invoice_line_items"


def before() -> Mapping:
    """Line items whose quantity and amounts were whole numbers."""
    text = MAPPING.model_dump_json()
    given = json.loads(text)
    for stream in given["streams"]:
        for column in stream["columns"]:
            if stream["target"] != "metrics" and column["type"] == "decimal":
                column["type"] = "integer" if column["name"] == "quantity" else "money_minor"
    return Mapping.model_validate(given)


def line(uuid: str, **fields: Any) -> dict[str, Any]:
    return {"uuid": uuid, "quantity": 1, "amount_in_cents": 4900} | fields


def invoice(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"uuid": "inv_1", "customer_uuid": "cus_1", "currency": "USD", "line_items": list(lines)}


@pytest.fixture
def engine(tmp_path: Path) -> DuckDb:
    return DuckDb(DuckDbWarehouse(engine="duckdb", path=tmp_path / "warehouse.duckdb"))


def test_a_file_of_the_version_before_keeps_its_rows_and_takes_fractions(
    engine: DuckDb, tmp_path: Path
) -> None:
    nights, old = Nights(tmp_path / "nights"), before()
    with opened(engine) as session:
        prepare(session, old)
    loader = Loader(engine)
    loader.load(nights.load([invoice(line("li_1"))], LINES, mapping=old.target(LINES)))
    loader.load(nights.load([movement(1)], mapping=old.target("mrr_movements")))
    with opened(engine) as session:
        changed = prepare(session, MAPPING)
    assert any("quantity" in statement for statement in changed.statements)
    rows = [invoice(line("li_1"), line("li_2", quantity=2.5, amount_in_cents=1234.5))]
    done = loader.load(nights.load(rows, LINES))
    assert (done.inserted, done.restated, done.remapped, done.rejected) == (1, 0, 0, 0)
    with opened(engine) as session:
        found = session.query(f"select line_item_uuid, quantity, amount_cents from {LINES} order by 1")
        assert session.query("select count(*) from mrr_movements") == [(1,)]
        assert prepare(session, MAPPING).statements == []
    assert found == [("li_1", Decimal(1), Decimal(4900)), ("li_2", Decimal("2.5"), Decimal("1234.5"))]


def test_a_mapping_of_the_version_before_takes_them_too(engine: DuckDb, tmp_path: Path) -> None:
    nights, old = Nights(tmp_path / "nights"), before()
    with opened(engine) as session:
        prepare(session, old)
    load = nights.load([invoice(line("li_1"), line("li_2", quantity=2.5))], LINES, mapping=old.target(LINES))
    done = Loader(engine).load(load)
    assert (done.inserted, done.rejected) == (2, 0)
    with opened(engine) as session:
        assert session.query(f"select quantity from {LINES} order by line_item_uuid") == [(1,), (None,)]
        told = session.query("select row_key, column_name, reason from load_rejects")
    assert told == [("li_2", "quantity", "is no whole number: left empty")]


def test_every_table_and_view_and_column_has_a_comment(engine: DuckDb) -> None:
    with opened(engine) as session:
        prepare(session, MAPPING, "Europe/Berlin")
        for kind in ("tables", "views"):
            name = kind.removesuffix("s")
            where = "schema_name = current_schema() and not internal"
            bare = f"select {name}_name from duckdb_{kind}() where {where} and coalesce(comment, '') = ''"
            assert session.query(bare) == []
        columns = "select table_name, column_name from duckdb_columns() "
        columns += "where schema_name = current_schema() and not internal and coalesce(comment, '') = ''"
        assert session.query(columns) == []
        for view in ("mrr_by_month", "churn_events", "movements_restated"):
            said = session.query(f"select comment from duckdb_views() where view_name = '{view}'")
            assert "Europe/Berlin" in str(said)


def test_a_restated_movement_has_its_customer_and_what_chartmogul_says(
    engine: DuckDb, tmp_path: Path
) -> None:
    nights = Nights(tmp_path / "nights")
    with opened(engine) as session:
        prepare(session, MAPPING)
    for cents in (100, 150):
        Loader(engine).load(nights.load([movement(1, cents)]))
    with opened(engine) as session:
        found = session.query("select customer_uuid, customer_name, reason, delta from movements_restated")
    assert found == [("cus_1", "Customer 1", "purchased the Team plan", Decimal("0.5"))]
