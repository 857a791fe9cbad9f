"""Once in effect, whatever happens to a load or its COMMIT."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from clients.kit.errors import IntegrationError, OutcomeUnknown, Rejected, Retryable, Unavailable
from domains.warehouse.engine import Commit, Engine, Outcome, Session, Superseded
from domains.warehouse.history import Ledger
from domains.warehouse.loader import Loader, opened
from models.warehouse_loads import Loaded
from tests.contracts.warehouse_base import WarehouseBase
from tests.contracts.warehouse_rows import Nights, mapping_of, movement


class Disturbed:
    """An engine to whose COMMIT something happens, before it or after."""

    def __init__(
        self,
        engine: Engine,
        before: Callable[[], object] = lambda: None,
        after: Callable[[], object] = lambda: None,
    ) -> None:
        self.name, self.dialect = engine.name, engine.dialect
        self._engine, self._before, self._after = engine, before, after

    def connect(self, *, read_only: bool = False) -> Session:
        session = self._engine.connect(read_only=read_only)
        commit = session.commit

        def disturbed(plan: Commit) -> Outcome:
            self._before()
            outcome = commit(plan)
            self._after()
            return outcome

        session.commit = disturbed  # type: ignore[method-assign] # the session is otherwise itself
        return session


def _lose_the_answer() -> None:
    raise OutcomeUnknown("warehouse", "the line dropped")


class OnceInEffect(WarehouseBase):
    def test_each_run_has_one_row_in_the_ledger(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loads = [
            nights.load([movement(1)]),
            nights.load([movement(1, 7)], window=(0, 5), time_zone="Asia/Tokyo"),
        ]
        for load in [*loads, *loads]:
            loader.load(load)
        with opened(engine) as session:
            newest, oldest = Ledger(session).history()
        assert (oldest.run_id, oldest.read_mode, oldest.inserted) == (loads[0].run_id, "all", 1)
        assert (newest.read_mode, newest.restated, newest.time_zone) == ("window", 1, "Asia/Tokyo")
        assert newest.window_start == loads[1].window.start if loads[1].window else False
        assert newest.mapping_version == mapping_of("mrr_movements").version

    def test_an_older_run_is_refused(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        older, newer = nights.load([movement(1, 100)]), nights.load([movement(1, 200)])
        loader.load(newer)
        with pytest.raises(Superseded):
            loader.load(older)
        assert self.movements(engine) == [("mov-1", 200)]

    def test_two_attempts_share_no_staging(self, loader: Loader, nights: Nights, engine: Engine) -> None:
        """The first died after staging; the second has its own files and loses nothing, doubles nothing."""
        load = nights.load([movement(n) for n in range(5)])
        with opened(engine) as session:
            loader._staged(session, load)  # and no more of this attempt
            done = loader.load(load.model_copy(update={"attempt": 2}))
        assert done.inserted == 5

    def test_row_read_twice_counts_once(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        done = loader.load(nights.load([movement(1, 100), movement(2), movement(1, 150)]))
        assert (done.rows_read, done.duplicates, done.inserted) == (3, 1, 2)
        assert self.movements(engine)[0] == ("mov-1", 150)

    def test_two_rows_with_one_key_are_never_merged(
        self, engine: Engine, loader: Loader, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The last guard, should the one before it fail: not every engine refuses them itself."""
        monkeypatch.setattr("domains.warehouse.sql.FindingSql.count_read", lambda _: "select 2, 2")
        with pytest.raises(Rejected, match="two rows with one key"):
            loader.load(nights.load([movement(1, 100), movement(1, 200)]))
        assert self.movements(engine) == []

    def test_read_that_stopped_early_marks_nothing(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([movement(1), movement(2)]))
        for _ in range(2):
            done = loader.load(nights.load([movement(1, 5)], complete=False))
            assert (done.missing, done.deleted) == (0, 0)
        assert self.movements(engine) == [("mov-1", 5), ("mov-2", 1000)]

    def test_commit_whose_answer_is_lost(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        """It was done: the ledger says so over another connection."""
        load = nights.load([movement(1, 100)])
        done = Loader(Disturbed(engine, after=_lose_the_answer)).load(load)
        assert (done.inserted, done.already_applied) == (1, False)
        assert loader.load(load).already_applied
        assert self.movements(engine) == [("mov-1", 100)]

    def test_commit_that_never_arrived(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        load = nights.load([movement(1, 100)])
        with pytest.raises(OutcomeUnknown):
            Loader(Disturbed(engine, before=_lose_the_answer)).load(load)
        assert self.movements(engine) == []
        assert not loader.load(load).already_applied

    def test_overlapping_attempts(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        """Both have found out what to write, and write at once. One does, the other learns of it."""
        loader.load(nights.load([movement(1, 100)]))
        load = nights.load([movement(1, 150), movement(2, 200)])
        both = threading.Barrier(2, timeout=30)
        disturbed = Loader(Disturbed(engine, before=both.wait))

        def attempt(number: int) -> Loaded | IntegrationError:
            try:
                return disturbed.load(load.model_copy(update={"attempt": number}))
            except Retryable as error:
                return error

        with ThreadPoolExecutor(2) as pool:
            ends = list(pool.map(attempt, (1, 2)))
        assert any(isinstance(end, Loaded) for end in ends)
        assert loader.load(load).already_applied
        assert self.movements(engine) == [("mov-1", 150), ("mov-2", 200)]
        applied = f"select count(*) from load_runs where run_id = '{load.run_id}'"
        assert self.query(engine, applied) == [(1,)]
        assert self.changes(engine, load) == [
            ("restated", "mov-1", 100, 150, 50),
            ("new", "mov-2", None, 200, 200),
        ]

    def test_load_that_was_overtaken_writes_nothing(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        """Another run commits between this one's looking and writing: what it found out is stale."""
        first, second = nights.load([movement(1, 100)]), nights.load([movement(1, 200)])
        slow = Loader(Disturbed(engine, before=lambda: loader.load(first)))
        with pytest.raises(Unavailable, match="another load came between"):
            slow.load(second)
        assert self.movements(engine) == [("mov-1", 100)]
        assert loader.load(second).restated == 1
