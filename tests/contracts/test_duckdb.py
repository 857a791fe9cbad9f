"""DuckDB itself, each test in a file of its own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clients.kit.errors import Rejected
from domains.warehouse.engine import Engine, Session
from domains.warehouse.engines.configured import Engines
from domains.warehouse.engines.duckdb import DuckDb, DuckDbSession
from domains.warehouse.loader import Loader, opened
from domains.warehouse.settings import DuckDbWarehouse
from models.warehouse_loads import Load
from tests.conftest import ROOT
from tests.contracts.warehouse_rows import FEW, MAPPING, Nights, movement
from tests.contracts.warehouse_suite import WarehouseContract

pytestmark = pytest.mark.slow


class TestDuckDb(WarehouseContract):
    name = "duckdb"
    mapping = FEW

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Engine:
        return DuckDb(DuckDbWarehouse(path=tmp_path / "warehouse" / "chartmogul.duckdb"))

    def test_all_tables_and_views_are_taken(self, engine: Engine) -> None:
        assert self.prepare(engine, MAPPING)
        assert self.prepare(engine, MAPPING) == []

    def test_process_killed_after_commit(self, tmp_path: Path, loader: Loader, nights: Nights) -> None:
        """SIGKILL between COMMIT and what follows it: the next attempt finds the load done."""
        load = nights.load([movement(n) for n in range(100)])
        assert killed(tmp_path, load, "after") == -signal.SIGKILL
        done = loader.load(load.model_copy(update={"attempt": 2}))
        assert (done.already_applied, done.inserted) == (True, 100)

    def test_process_killed_before_commit(
        self, tmp_path: Path, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        """SIGKILL when all statements but COMMIT were run: nothing of them is there."""
        load = nights.load([movement(n) for n in range(100)])
        assert killed(tmp_path, load, "before") == -signal.SIGKILL
        assert self.movements(engine) == []
        done = loader.load(load.model_copy(update={"attempt": 2}))
        assert (done.already_applied, done.inserted) == (False, 100)

    def test_too_little_memory_is_told_with_what_to_do(self, engine: Engine) -> None:
        with opened(engine) as session:
            session.execute("set memory_limit = '20MB'")
            with pytest.raises(Rejected, match="Raise WAREHOUSE__MEMORY_MB"):
                session.query("select len(list(i)) from range(20000000) r(i)")

    def test_memory_that_a_load_was_allowed_outlasts_the_sessions_beside_it(self, tmp_path: Path) -> None:
        """The limit is one for all sessions of the file, those of another account's engine included."""
        engines = Engines(DuckDbWarehouse(path=tmp_path / "chartmogul.duckdb"))
        engine = engines.of_account("default")
        with opened(engine) as session:
            before = limit(session)
            assert isinstance(session, DuckDbSession)
            session._allow_for(4_000_000)
            raised = limit(session)
            with opened(engines.of_account("eu")) as other:
                assert limit(other) == raised
            assert limit(session) == raised != before
        with opened(engine) as session:
            assert limit(session) == before

    def test_file_that_another_process_has_open(self, tmp_path: Path, engine: Engine) -> None:
        with opened(engine):
            held = run(tmp_path, "hold.json", "{}", "hold")
        assert "Unavailable" in held.stderr


def limit(session: Session) -> object:
    return session.query("select current_setting('memory_limit')")[0][0]


CHILD = """
import os, signal, sys
from pathlib import Path
from domains.warehouse.engines.duckdb import DuckDb, DuckDbSession
from domains.warehouse.loader import Loader
from models.warehouse_loads import Load
from domains.warehouse.settings import DuckDbWarehouse

path, file, when = sys.argv[1:]
engine = DuckDb(DuckDbWarehouse(path=Path(path)))
if when == "hold":
    engine.connect()
execute = DuckDbSession.execute

def dying(self, sql):
    if sql == "commit":
        if when == "after":
            execute(self, sql)
        os.kill(os.getpid(), signal.SIGKILL)
    execute(self, sql)

DuckDbSession.execute = dying
Loader(engine).load(Load.model_validate_json(Path(file).read_text()))
"""


def killed(folder: Path, load: Load, when: str) -> int:
    return run(folder, "load.json", load.model_dump_json(), when).returncode


def run(folder: Path, name: str, text: str, when: str) -> subprocess.CompletedProcess[str]:
    (folder / name).write_text(text)
    database = folder / "warehouse" / "chartmogul.duckdb"
    words = [sys.executable, "-c", CHILD, str(database), str(folder / name), when]
    return subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
