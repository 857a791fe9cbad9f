"""What the parts of the warehouses' suite stand on: an engine, a loader, nights, and ways to look."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from domains.warehouse.engine import Engine
from domains.warehouse.loader import Loader, opened
from domains.warehouse.schema import prepare, prepare_tables
from models.warehouse import Mapping
from models.warehouse_loads import Load, Loaded
from tests.contracts.warehouse_rows import MAPPING, MOVEMENTS, Nights


class WarehouseBase:
    name: ClassVar[str]
    mapping: ClassVar[Mapping] = MAPPING
    """What is prepared where a test needs more than movements."""

    @pytest.fixture
    def engine(self) -> Engine:
        """With an empty schema of this test's own."""
        raise NotImplementedError

    @pytest.fixture
    def nights(self, tmp_path: Path) -> Nights:
        return Nights(tmp_path / "extract")

    @pytest.fixture
    def loader(self, engine: Engine) -> Loader:
        """For movements alone, without views: on some emulators each takes longer than a load."""
        with opened(engine) as session:
            prepare_tables(session, MOVEMENTS)
        return Loader(engine)

    @pytest.fixture
    def full_loader(self, engine: Engine) -> Loader:
        self.prepare(engine)
        return Loader(engine)

    def prepare(self, engine: Engine, mapping: Mapping | None = None) -> list[str]:
        with opened(engine) as session:
            return prepare(session, mapping or self.mapping).statements

    def query(self, engine: Engine, sql: str) -> list[tuple[Any, ...]]:
        with opened(engine) as session:
            return session.query(sql)

    def movements(
        self, engine: Engine, what: str = "movement_uuid, mrr_movement_cents"
    ) -> list[tuple[Any, ...]]:
        """Those that count, by id."""
        return self.query(
            engine, f"select {what} from mrr_movements where _deleted_at is null order by movement_uuid"
        )

    def changes(self, engine: Engine, run: Loaded | Load) -> list[tuple[Any, ...]]:
        return self.query(
            engine,
            "select kind, movement_uuid, before_cents, after_cents, delta_cents from mrr_movement_changes "
            f"where run_id = '{run.run_id}' order by movement_uuid",
        )

    def as_json(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value
