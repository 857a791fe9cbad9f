"""DuckDB itself, each test in a file of its own."""

from pathlib import Path

import pytest

from clients.duckdb import DuckDb
from clients.warehouse import Engine
from settings_warehouse import DuckDbWarehouse
from tests.contracts.warehouse_suite import WarehouseContract


class TestDuckDb(WarehouseContract):
    name = "duckdb"

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Engine:
        return DuckDb(DuckDbWarehouse(path=tmp_path / "warehouse" / "chartmogul.duckdb"))
