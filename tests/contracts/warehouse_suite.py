"""What a load must come to on every engine. One subclass per engine, against an engine we did not write."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest

from clients.errors import IntegrationError, OutcomeUnknown, Rejected, Retryable, Unavailable
from clients.warehouse import Commit, Engine, Outcome, Session, Superseded, TooMuchMissing
from clients.warehouse_history import Ledger, customers_to_read
from clients.warehouse_loader import Loader, opened
from clients.warehouse_schema import prepare
from models.warehouse import Mapping, StreamMapping
from models.warehouse_loads import Load, Loaded, MonthSeen
from tests.contracts.warehouse_rows import MAPPING, Nights, customer, mapping_of, movement


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


class WarehouseContract:
    name: ClassVar[str]
    mapping: ClassVar[Mapping] = MAPPING
    """What is prepared for each test; every statement takes its time on some doubles."""

    @pytest.fixture
    def engine(self) -> Engine:
        """With an empty schema of this test's own."""
        raise NotImplementedError

    @pytest.fixture
    def nights(self, tmp_path: Path) -> Nights:
        return Nights(tmp_path / "extract")

    @pytest.fixture
    def loader(self, engine: Engine) -> Loader:
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

    # -- the eight cases

    def test_first_load(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        done = loader.load(nights.load([movement(1, 100), movement(2, 200)]))
        assert (done.rows_read, done.inserted, done.restated, done.already_applied) == (2, 2, 0, False)
        assert self.movements(engine) == [("mov-1", 100), ("mov-2", 200)]

    def test_repeated_load_does_nothing(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        load = nights.load([movement(1)])
        first = loader.load(load)
        again = loader.load(load.model_copy(update={"attempt": 2}))
        assert again == first.model_copy(update={"already_applied": True})
        assert self.query(engine, "select count(*) from load_runs") == [(1,)]

    def test_nothing_is_seen_of_a_load_that_failed(
        self, engine: Engine, loader: Loader, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The ledger's row, which is written last, is refused."""
        loader.load(nights.load([movement(1, 100)]))
        load = nights.load([movement(1, 111), movement(2, 200)])
        broken = "insert into load_runs (run_id) values (no_such_column)"
        monkeypatch.setattr("clients.warehouse_commit.CommitSql._ledger_row", lambda *_: broken)
        with pytest.raises(Rejected):
            loader.load(load)
        monkeypatch.undo()
        assert self.movements(engine) == [("mov-1", 100)]
        assert loader.load(load.model_copy(update={"attempt": 2})).restated == 1
        assert self.movements(engine) == [("mov-1", 111), ("mov-2", 200)]

    def test_unchanged_rows_are_not_written(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        first = loader.load(nights.load([movement(1), movement(2)]))
        second = loader.load(nights.load([movement(1), movement(2)]))
        assert (second.rows_read, second.inserted, second.restated) == (2, 0, 0)
        assert self.query(engine, "select distinct _run_id from mrr_movements") == [(first.run_id,)]

    def test_restated_row(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1, 100), movement(2, 200)]))
        done = loader.load(nights.load([movement(1, 150), movement(2, 200)]))
        assert (done.inserted, done.restated) == (0, 1)
        assert self.movements(engine) == [("mov-1", 150), ("mov-2", 200)]
        assert self.changes(engine, done) == [("restated", "mov-1", 100, 150, 50)]
        assert [(m.month, m.delta_cents) for m in done.months] == [(date(2026, 1, 1), 50)]

    def test_vanished_row_is_deleted_at_the_second_strike(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        rows = [movement(1, 100), movement(2, 200)]
        loader.load(nights.load(rows))
        first = loader.load(nights.load(rows[:1]))
        assert (first.missing, first.deleted) == (1, 0)
        assert self.movements(engine) == [("mov-1", 100), ("mov-2", 200)]
        second = loader.load(nights.load(rows[:1]))
        assert (second.missing, second.deleted) == (0, 1)
        assert self.movements(engine) == [("mov-1", 100)]
        assert self.changes(engine, first) == []
        assert self.changes(engine, second) == [("vanished", "mov-2", 200, None, -200)]
        third = loader.load(nights.load(rows[:1]))
        assert (third.missing, third.deleted) == (0, 0)

    def test_row_that_is_back_after_one_strike_was_never_gone(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        rows = [movement(1), movement(2)]
        for night in (rows, rows[:1], rows, rows[:1]):
            done = loader.load(nights.load(night))
        assert (done.missing, done.deleted) == (1, 0)
        assert len(self.movements(engine)) == 2

    def test_returned_row(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        rows = [movement(1, 100), movement(2, 200)]
        for night in (rows, rows[:1], rows[:1], rows):
            done = loader.load(nights.load(night))
        assert (done.inserted, done.returned) == (0, 1)
        assert self.movements(engine) == [("mov-1", 100), ("mov-2", 200)]
        assert self.changes(engine, done) == [("returned", "mov-2", None, 200, 200)]
        marks = "select _missing_since, _deleted_at from mrr_movements where movement_uuid = 'mov-2'"
        assert self.query(engine, marks) == [(None, None)]

    def test_rows_outside_the_window_are_left_alone(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([movement(1), movement(20), movement(40)]))
        for _ in range(2):
            loader.load(nights.load([movement(20)], window=(15, 30)))
        assert [uuid for uuid, _ in self.movements(engine)] == ["mov-1", "mov-20", "mov-40"]
        for _ in range(2):
            loader.load(nights.load([movement(1), movement(40)], window=(0, 41), run_seq=90))
        assert [uuid for uuid, _ in self.movements(engine)] == ["mov-1", "mov-40"]

    def test_window_ends_where_it_says(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        """start <= instant < end."""
        edges = [movement(n, date=f"2026-01-{n:02d}T00:00:00+00:00") for n in (5, 10)]
        loader.load(nights.load([*edges, movement(7)]))
        done = loader.load(nights.load([movement(7)], window=(4, 9)))
        assert done.missing == 1
        missing = "select movement_uuid from mrr_movements where _missing_since is not null"
        assert self.query(engine, missing) == [("mov-5",)]

    # -- once in effect

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

    # -- restated history

    def test_reissued_id_is_a_restatement(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        """ChartMogul recalculated: the same movement under another id, with another amount."""
        loader.load(nights.load([movement(1, 100), movement(2, 200)]))
        done = loader.load(nights.load([movement(1, 130, uuid="mov-1b"), movement(2, 200)]))
        assert (done.inserted, done.restated, done.reissued, done.missing) == (0, 1, 1, 0)
        assert self.movements(engine) == [("mov-1b", 130), ("mov-2", 200)]
        assert self.changes(engine, done) == [("restated", "mov-1b", 100, 130, 30)]
        assert [m.delta_cents for m in done.months] == [30]

    def test_movement_that_moved_changes_two_months(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([movement(1, 100)]))
        done = loader.load(nights.load([movement(1, 100, date="2026-02-10T12:00:00+00:00")]))
        assert [(m.month, m.delta_cents) for m in done.months] == [
            (date(2026, 1, 1), -100),
            (date(2026, 2, 1), 100),
        ]

    def test_late_movement_is_logged_and_a_new_one_is_not(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([movement(1)]))
        fresh = movement(3, date="2026-03-01T20:00:00+00:00")
        done = loader.load(nights.load([movement(1), movement(2, 70), fresh]))
        assert done.inserted == 2
        assert self.changes(engine, done) == [("new", "mov-2", None, 70, 70)]

    def test_before_and_after_are_kept(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1, 100)]))
        loader.load(nights.load([movement(1, 150, type="reactivation")]))
        both = "select before_row, after_row from mrr_movement_changes"
        before, after = (self.as_json(each) for each in self.query(engine, both)[0])
        assert (before["movement_type"], after["movement_type"]) == ("new_biz", "reactivation")
        assert (before["mrr_movement_cents"], after["mrr_movement_cents"]) == (100, 150)
        assert after["customer_uuid"] == "cus_1"

    def as_json(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def test_name_that_changed_restates_nothing(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1)]))
        done = loader.load(nights.load([movement(1, customer_name="Renamed")]))
        assert done.restated == 0

    def test_so_much_missing_stops_the_load(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        rows = [movement(n) for n in range(200)]
        loader.load(nights.load(rows))
        load = nights.load([movement(0, 5), *rows[1:180]])
        with pytest.raises(TooMuchMissing, match="20 of 200"):
            loader.load(load)
        with pytest.raises(TooMuchMissing):
            loader.load(nights.load([]))
        assert self.movements(engine)[0] == ("mov-0", 1000)
        done = loader.load(load.model_copy(update={"accept_missing": True, "attempt": 2, "run_seq": 9}))
        assert done.missing == 20

    def test_rejected_row_is_told_and_not_missing(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        rows = [movement(n) for n in range(1100)]
        loader.load(nights.load(rows))
        rows[5] = movement(5, cents=7, activity_mrr_movement=10.5)
        for _ in range(2):
            done = loader.load(nights.load(rows))
            assert (done.rejected, done.missing, done.deleted) == (1, 0, 0)
        told = "select distinct row_key, column_name, reason from load_rejects"
        assert self.query(engine, told) == [("mov-5", "mrr_movement_cents", "is no whole number")]

    def test_too_many_rejects_fail_the_stream(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        with pytest.raises(Rejected, match="activity_date is no time"):
            loader.load(nights.load([movement(1), movement(2, date="yesterday")]))
        assert self.movements(engine) == []

    # -- customers and what belongs to them

    def test_merged_customer(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        """The loser is gone, its id is the survivor's, its movements are too."""
        apart = [customer(1), customer(2), customer(3)]
        joined = [customer(1, external_ids=["ext-1", "ext-2"]), customer(3)]
        for rows in (apart, joined):
            loader.load(nights.load(rows, "customers"))
            loader.load(nights.load(rows, "customer_identities", read_at=self.last_read(engine, "customers")))
        who = "select customer_uuid, merged_into_uuid from customers order by customer_uuid"
        assert self.query(engine, who) == [("cus_1", None), ("cus_2", "cus_1"), ("cus_3", None)]
        ids = "select customer_uuid, external_id from customer_identities where _deleted_at is null"
        assert ("cus_1", "ext-2") in self.query(engine, ids)
        current = "select customer_uuid from customers_current order by customer_uuid"
        assert self.query(engine, current) == [("cus_1",), ("cus_3",)]
        loader.load(nights.load(apart, "customers"))
        assert self.query(engine, who)[1] == ("cus_2", None)

    def last_read(self, engine: Engine, target: str) -> Any:
        with opened(engine) as session:
            found = Ledger(session).last(target)
        assert found is not None
        return found.read_at

    def test_id_of_another_source_is_no_merge(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        both = [customer(1), customer(2)]
        other = customer(3, external_id="ext-2", external_ids=["ext-2"], data_source_uuids=["ds_2"])
        for rows in (both, [customer(1), other]):
            loader.load(nights.load(rows, "customers"))
            loader.load(nights.load(rows, "customer_identities", read_at=self.last_read(engine, "customers")))
        merged = "select merged_into_uuid from customers where customer_uuid = 'cus_2'"
        assert self.query(engine, merged) == [(None,)]

    def test_movement_of_a_merged_customer_is_restated(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([movement(1, 100), movement(2, 200)]))
        done = loader.load(nights.load([movement(1, 100), movement(2, 200, customer_uuid="cus_1")]))
        assert done.restated == 1
        assert self.movements(engine, "movement_uuid, customer_uuid") == [
            ("mov-1", "cus_1"),
            ("mov-2", "cus_1"),
        ]
        assert done.months == []

    def test_children_are_replaced_as_a_set(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        tags = [{"tags": ["a", "b"]}, {"tags": ["b", "c"]}]
        for each in tags:
            loader.load(nights.load([customer(1, attributes=each), customer(2)], "customer_tags"))
        live = (
            "select tag from customer_tags where customer_uuid = 'cus_1' and _deleted_at is null order by tag"
        )
        assert self.query(engine, live) == [("b",), ("c",)]

    def test_children_of_parents_not_read_are_left_alone(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([customer(1), customer(2)], "customers"))
        loader.load(nights.load([customer(1), customer(2)], "customer_tags"))
        loader.load(nights.load([customer(1)], "customer_tags"))
        live = "select customer_uuid from customer_tags where _deleted_at is null order by 1"
        assert self.query(engine, live) == [("cus_1",), ("cus_2",)]

    def test_children_go_with_their_parent(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        for rows in ([customer(1), customer(2)], [customer(1)], [customer(1)]):
            loader.load(nights.load(rows, "customers"))
            loader.load(nights.load(rows, "customer_tags"))
        live = "select customer_uuid from customer_tags where _deleted_at is null"
        assert self.query(engine, live) == [("cus_1",)]

    def test_subscriptions_of_customers_that_were_read(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        """One without a subscription now, one not read."""
        rows = [{"customer-uuid": f"cus_{n}", "uuid": f"s-{n}", "mrr": 100, "quantity": 1} for n in (1, 2, 3)]
        loader.load(nights.load(rows, "subscriptions", parents=["cus_1", "cus_2", "cus_3"]))
        for _ in range(2):
            done = loader.load(nights.load(rows[:1], "subscriptions", parents=["cus_1", "cus_2"]))
        assert done.deleted == 1
        live = "select subscription_uuid from subscriptions where _deleted_at is null order by 1"
        assert self.query(engine, live) == [("s-1",), ("s-3",)]

    def test_which_customers_are_read_next(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        people = [customer(n) for n in range(30)]
        loader.load(nights.load(people, "customers"))
        with opened(engine) as session:
            assert len(customers_to_read(session, MAPPING, night=0)) == 30
        loader.load(nights.load([], "subscriptions", parents=[row["uuid"] for row in people]))
        loader.load(nights.load([customer(n, mrr=5 if n == 4 else 1000) for n in range(30)], "customers"))
        loader.load(nights.load([movement(9)]))
        with opened(engine) as session:
            by_night = [customers_to_read(session, MAPPING, night) for night in range(7)]
        assert all({"cus_4", "cus_9"} <= set(each) for each in by_night)
        assert set().union(*by_night) == {row["uuid"] for row in people}
        assert sum(map(len, by_night)) == 30 + 2 * 6

    # -- what ChartMogul's own months tell

    def test_first_month_that_changed(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        seen = [MonthSeen(month=date(2026, n, 1), digest=f"d{n}") for n in (1, 2, 3)]
        with opened(engine) as session:
            assert Ledger(session).changed_since(seen) is None
        loader.load(nights.load([movement(1)], months=seen))
        seen[1] = MonthSeen(month=date(2026, 2, 1), digest="other")
        for expected in (date(2026, 2, 1), None):
            with opened(engine) as session:
                assert Ledger(session).changed_since(seen) == expected
            loader.load(nights.load([movement(1)], months=seen))

    # -- types

    def test_values_arrive_as_they_left(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        odd = "Zoë Ångström & 株式会社 <🙂> \"'\\ ż\n\t;--"
        custom = {"a": [1, 2.5, None], "text": odd}
        row = customer(1, name=odd, mrr=-(10**15), attributes={"custom": custom}, **{"customer-since": None})
        loader.load(nights.load([row], "customers"))
        found = self.query(engine, "select name, mrr_cents, customer_since, custom from customers")[0]
        assert found[:3] == (odd, -(10**15), None)
        assert self.as_json(found[3]) == custom
        assert loader.load(nights.load([row], "customers")).restated == 0

    def test_times_are_instants(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1, date="2026-01-02T03:04:05-04:00")]))
        at = self.movements(engine, "activity_date")[0][0]
        assert at.utcoffset() is not None
        assert at.astimezone(tz=None).timestamp() == 1767337445

    def test_unmapped_fields_are_kept(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1), movement(2, brand_new={"a": 1})]))
        first, second = (raw for (raw,) in self.movements(engine, "_raw"))
        assert first is None
        assert self.as_json(second) == {"brand-new": {"a": 1}}

    # -- views

    def test_mrr_by_month(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        rows = [
            movement(1, 1000),
            movement(2, 500),
            movement(40, -300, type="contraction", customer_uuid="cus_1"),
            movement(95, -500, type="churn", customer_uuid="cus_2"),
            movement(99_000, 777),  # lies ahead
        ]
        loader.load(nights.load(rows))
        found = self.query(
            engine,
            "select month_start, new_business_cents, contraction_cents, churn_cents, mrr_cents, mrr "
            "from mrr_by_month where month_start <= date '2026-04-01' order by month_start",
        )
        assert [(m, *map(int, cents), float(mrr)) for m, *cents, mrr in found] == [
            (date(2026, 1, 1), 1500, 0, 0, 1500, 15.0),
            (date(2026, 2, 1), 0, -300, 0, 1200, 12.0),
            (date(2026, 3, 1), 0, 0, 0, 1200, 12.0),
            (date(2026, 4, 1), 0, 0, -500, 700, 7.0),
        ]

    def test_churn_events(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        back = {"type": "reactivation", "customer_uuid": "cus_1"}
        loader.load(
            nights.load(
                [
                    movement(1, -500, type="churn"),
                    movement(9, 1, **back),
                    movement(20, 1, **back),
                    movement(3),
                ]
            )
        )
        found = self.query(
            engine, "select churned_on, mrr_lost, customer_uuid, reactivated_at from churn_events"
        )
        assert len(found) == 1
        assert (found[0][0], float(found[0][1]), found[0][2]) == (date(2026, 1, 2), 5.0, "cus_1")
        assert found[0][3].astimezone(tz=None).timestamp() == 1768046400

    def test_movements_restated(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1, 100)]))
        loader.load(nights.load([movement(1, 150)]))
        found = self.query(engine, "select kind, month_before, month_after, delta from movements_restated")
        assert [(*rest, float(delta)) for *rest, delta in found] == [
            ("restated", date(2026, 1, 1), date(2026, 1, 1), 0.5)
        ]

    def test_customers_and_subscriptions_in_whole_units(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([customer(1, mrr=12345)], "customers"))
        rows = [{"customer-uuid": "cus_1", "uuid": "s-1", "mrr": 12345, "currency": "USD"}]
        loader.load(nights.load(rows, "subscriptions", parents=["cus_1"]))
        assert [float(mrr) for (mrr,) in self.query(engine, "select mrr from customers_current")] == [123.45]
        one = self.query(engine, "select current_customer_uuid, mrr from subscriptions_current")
        assert [(uuid, float(mrr)) for uuid, mrr in one] == [("cus_1", 123.45)]

    # -- the mapping changes

    def changed(self, **update: Any) -> tuple[Mapping, StreamMapping]:
        stream = StreamMapping.model_validate(mapping_of("mrr_movements").model_dump() | update)
        streams = [stream if each.target == "mrr_movements" else each for each in self.mapping.streams]
        return Mapping(streams=streams), stream

    def columns(self, **by_name: Any) -> list[Any]:
        """Columns of movements, some changed, left out (None) or added."""
        there = {each.name: each.model_dump() for each in mapping_of("mrr_movements").columns}
        return [each for each in (there | by_name).values() if each]

    def test_prepared_again_nothing_is_defined(self, engine: Engine) -> None:
        assert self.prepare(engine)
        assert self.prepare(engine) == []

    def test_column_that_is_added(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1, lead_source="ads"), movement(2)]))
        mapping, stream = self.changed(
            columns=self.columns(lead_source={"name": "lead_source", "source": "lead-source", "type": "text"})
        )
        assert len(self.prepare(engine, mapping)) == 1
        rows = [movement(1, lead_source="ads"), movement(2)]
        done = loader.load(nights.load(rows, mapping=stream))
        assert (done.restated, done.remapped) == (0, 1)
        assert self.movements(engine, "movement_uuid, lead_source") == [("mov-1", "ads"), ("mov-2", None)]
        assert self.changes(engine, done) == []

    def test_column_that_is_left_out_stays(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1)]))
        mapping, stream = self.changed(columns=self.columns(plan_external_id=None))
        with opened(engine) as session:
            assert prepare(session, mapping).unwritten == ["mrr_movements.plan_external_id"]
        loader.load(nights.load([movement(1), movement(2)], mapping=stream))
        assert self.movements(engine, "plan_external_id") == [("team",), (None,)]

    def test_column_that_is_renamed_has_both_names(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([movement(1)]))
        new = {"name": "plan", "source": "plan-external-id", "type": "text", "was": "plan_external_id"}
        mapping, stream = self.changed(columns=self.columns(plan_external_id=None, plan=new))
        self.prepare(engine, mapping)
        loader.load(nights.load([movement(2)], mapping=stream, window=(2, 4)))
        both = (
            "select movement_uuid, plan, plan_external_id from mrr_movements_renamed order by movement_uuid"
        )
        assert self.query(engine, both) == [("mov-1", "team", "team"), ("mov-2", "team", "team")]

    def test_column_that_is_widened(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1)]))
        wider = {"name": "arr_after_cents", "source": "activity-arr", "type": "decimal"}
        mapping, stream = self.changed(columns=self.columns(arr_after_cents=wider))
        self.prepare(engine, mapping)
        loader.load(nights.load([movement(1), movement(2, activity_arr=10.25)], mapping=stream))
        assert [float(arr) for (arr,) in self.movements(engine, "arr_after_cents")] == [12000.0, 10.25]

    def test_other_change_of_a_type_is_refused(self, engine: Engine, loader: Loader) -> None:
        narrower = {"name": "description", "source": "description", "type": "integer"}
        mapping, _ = self.changed(columns=self.columns(description=narrower))
        with pytest.raises(Rejected, match="alter table mrr_movements"):
            self.prepare(engine, mapping)

    # -- preview

    def test_preview_writes_nothing(self, engine: Engine, nights: Nights) -> None:
        shown = Loader(engine).preview(nights.load([movement(1, 100)]))
        assert any("create table" in statement for statement in shown.statements)
        assert (shown.counts.inserted, shown.sample[0].before) == (1, None)
        assert shown.sample[0].after is not None
        assert shown.sample[0].after["mrr_movement_cents"] == 100
        with opened(engine) as session:
            assert session.columns("mrr_movements") == {}
            assert session.columns("load_runs") == {}

    def test_preview_shows_before_and_after(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        loader.load(nights.load([movement(1, 100), movement(2)]))
        load = nights.load([movement(1, 150), movement(2)])
        shown = loader.preview(load)
        assert (shown.statements, shown.counts.restated, len(shown.sample)) == ([], 1, 1)
        before, after = shown.sample[0].before, shown.sample[0].after
        assert before is not None
        assert after is not None
        assert (before["mrr_movement_cents"], after["mrr_movement_cents"]) == (100, 150)
        assert self.movements(engine)[0] == ("mov-1", 100)
        assert loader.load(load).restated == 1
