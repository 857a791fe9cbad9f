"""Nights that follow each other: what is new, restated, gone, back, and what is left alone."""

import json
from datetime import date
from typing import Any

import pytest

from clients.kit.errors import Rejected
from domains.warehouse.engine import Engine, TooMuchMissing
from domains.warehouse.history import Ledger
from domains.warehouse.loader import Loader, opened
from models.warehouse_loads import MonthSeen
from tests.contracts.warehouse_base import WarehouseBase
from tests.contracts.warehouse_rows import Nights, movement


class Nightly(WarehouseBase):
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
        monkeypatch.setattr("domains.warehouse.commit.CommitSql._ledger_row", lambda *_: broken)
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

    def test_reissued_id_is_a_restatement(self, engine: Engine, loader: Loader, nights: Nights) -> None:
        """ChartMogul recalculated: the same movement under another id, with another amount."""
        loader.load(nights.load([movement(1, 100), movement(2, 200)]))
        done = loader.load(nights.load([movement(1, 130, uuid="mov-1b"), movement(2, 200)]))
        assert (done.inserted, done.restated, done.reissued, done.missing) == (0, 1, 1, 0)
        assert self.movements(engine) == [("mov-1b", 130), ("mov-2", 200)]
        assert self.changes(engine, done) == [("restated", "mov-1b", 100, 130, 30)]
        assert [m.delta_cents for m in done.months] == [30]

    def test_two_in_one_second_that_are_reissued(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        """Of one subscription: each is paired with the one in its place."""
        rows = [movement(1, 100), movement(1, 10, uuid="mov-1x", type="expansion")]
        loader.load(nights.load(rows))
        again = [movement(1, 130, uuid="new-1"), movement(1, 10, uuid="new-1x", type="expansion")]
        done = loader.load(nights.load(again))
        assert (done.inserted, done.reissued, done.missing) == (0, 2, 0)
        assert self.movements(engine) == [("new-1", 130), ("new-1x", 10)]
        assert sum(delta for *_, delta in self.changes(engine, done)) == 30

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
        rows[5] = movement(5, cents=7, activity_mrr_movement="much")
        for _ in range(2):
            done = loader.load(nights.load(rows))
            assert (done.rejected, done.missing, done.deleted) == (1, 0, 0)
        told = "select distinct row_key, column_name, reason from load_rejects"
        assert self.query(engine, told) == [("mov-5", "mrr_movement_cents", "is no number")]

    def test_nothing_is_missing_where_not_all_rejects_are_named(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        """Of the two that are rejected only one is known by name, as of many thousands."""
        rows = [movement(n) for n in range(2100)]
        loader.load(nights.load(rows))
        rows[5:7] = [movement(n, activity_mrr_movement="much") for n in (5, 6)]
        for _ in range(2):
            load = nights.load(rows[:-1])
            done = loader.load(load.model_copy(update={"rejects": load.rejects[:1]}))
            assert (done.rejected, done.missing, done.deleted) == (2, 0, 0)

    def test_rows_that_cannot_be_read_stop_no_other_however_many(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([movement(0)]))
        done = loader.load(nights.load([movement(1), movement(2, date="yesterday"), movement(3, date=None)]))
        assert (done.rejected, done.inserted, done.missing) == (2, 1, 1)
        done = loader.load(nights.load([movement(0, date="yesterday"), movement(1, date="yesterday")]))
        assert (done.rejected, done.missing, done.deleted) == (2, 0, 0)
        assert [uuid for uuid, _ in self.movements(engine)] == ["mov-0", "mov-1"]

    def test_field_that_cannot_be_read_is_empty_and_told(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        odd: dict[str, Any] = {"subscription_set_external_id": {"of": ["\ufffe\u2028", "a\0b", "\\u0000"]}}
        done = loader.load(nights.load([movement(1, **odd, brand_new="\\u0000 \0"), movement(2, arr="x")]))
        assert (done.rejected, done.inserted) == (0, 2)
        [(said,)] = self.query(
            engine,
            "select subscription_set_external_id from mrr_movements where movement_uuid = 'mov-1'",
        )
        assert json.loads(str(said)) == {"of": ["\ufffe\u2028", "ab", "\\u0000"]}

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
