"""The movements that a warehouse holds: read in parts, oldest first, and what is not there is said."""

from itertools import chain
from pathlib import Path

import pytest

from domains.warehouse.engines.duckdb import DuckDb
from domains.warehouse.loader import Loader, opened
from domains.warehouse.movements import held, monthly_metrics, read
from domains.warehouse.schema import prepare
from domains.warehouse.settings import DuckDbWarehouse
from models.warehouse import Mapping
from tests.contracts.warehouse_rows import MAPPING, MOVEMENTS, Nights, as_row, mapping_of, movement
from tests.domains.analytics.histories import invented


@pytest.fixture
def engine(tmp_path: Path) -> DuckDb:
    return DuckDb(DuckDbWarehouse(path=tmp_path / "warehouse.duckdb"))


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path / "nights")


def test_parts_are_whole_months_and_together_everything(engine: DuckDb, nights: Nights) -> None:
    rows = invented(5).rows
    with opened(engine) as session:
        prepare(session, MAPPING)
    Loader(engine).load(nights.load([as_row(number, *each) for number, each in enumerate(rows)]))
    with opened(engine, read_only=True) as session:
        found = held(session)
        assert found
        assert (found.currency, found.follows_merges) == ("USD", True)
        whole, parts = list(read(session, found)), list(read(session, found, rows_at_once=10))
        assert monthly_metrics(session) == {}
    assert len(whole) == 1
    assert len(parts) > 3
    assert list(chain.from_iterable(parts)) == whole[0]
    assert [second for _, second, _, _ in whole[0]] == sorted(second for _, second, _, _ in rows)
    assert sorted(whole[0]) == sorted(rows)


def test_a_warehouse_without_movements_holds_none(engine: DuckDb, nights: Nights) -> None:
    with opened(engine, read_only=True) as session:
        assert held(session) is None
    with opened(engine) as session:
        prepare(session, MOVEMENTS)
        assert held(session) is None
    Loader(engine).load(nights.load([movement(1)]))
    with opened(engine) as session:
        found = held(session)
        assert found
        assert not found.follows_merges
        assert [len(part) for part in read(session, found)] == [1]


def test_a_mapping_that_leaves_out_what_tells_holds_none(engine: DuckDb, nights: Nights) -> None:
    stream = mapping_of("mrr_movements")
    fewer = [each for each in stream.columns if each.name != "customer_uuid"]
    without = stream.model_copy(update={"columns": fewer, "same_as": []})
    with opened(engine) as session:
        prepare(session, Mapping(streams=[without]))
    Loader(engine).load(nights.load([movement(1)], mapping=without))
    with opened(engine) as session:
        assert held(session) is None
