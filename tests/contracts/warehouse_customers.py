"""Customers, their merges, and what belongs to them."""

from datetime import timedelta
from typing import Any

from domains.warehouse.checks import customers_at_odds
from domains.warehouse.engine import Engine
from domains.warehouse.history import Ledger, customers_to_read
from domains.warehouse.loader import Loader, opened
from tests.contracts.warehouse_base import WarehouseBase
from tests.contracts.warehouse_rows import FIRST_NIGHT, MAPPING, Nights, customer, movement


class WithCustomers(WarehouseBase):
    def test_merged_customer(self, engine: Engine, full_loader: Loader, nights: Nights) -> None:
        """The loser is gone, its id is the survivor's, its movements are too."""
        apart = [customer(1), customer(2), customer(3)]
        joined = [customer(1, external_ids=["ext-1", "ext-2"]), customer(3)]
        for rows in (apart, joined):
            full_loader.load(nights.load(rows, "customers"))
            full_loader.load(
                nights.load(rows, "customer_identities", read_at=self.last_read(engine, "customers"))
            )
        who = "select customer_uuid, merged_into_uuid from customers order by customer_uuid"
        assert self.query(engine, who) == [("cus_1", None), ("cus_2", "cus_1"), ("cus_3", None)]
        ids = "select customer_uuid, external_id from customer_identities where _deleted_at is null"
        assert ("cus_1", "ext-2") in self.query(engine, ids)
        current = "select customer_uuid from customers_current order by customer_uuid"
        assert self.query(engine, current) == [("cus_1",), ("cus_3",)]
        full_loader.load(nights.load(apart, "customers"))
        assert self.query(engine, who)[1] == ("cus_2", None)

    def test_customers_whose_movements_do_not_give_their_mrr(
        self, engine: Engine, full_loader: Loader, nights: Nights
    ) -> None:
        """2: it says other; 3: one of two in a second says it; 4: too fresh; 5: lies ahead; 6, 7: none."""
        noon = "2026-02-28T12:00:00+00:00"
        rows = [movement(1), movement(2, 900), movement(3, 400, date=noon), movement(4, 700)]
        rows[3]["date"] = FIRST_NIGHT.isoformat()
        rows += [movement(3, 1000, date=noon, uuid="mov-3b", subscription_external_id="sub-3b")]
        rows += [movement(5), movement(5, 0, date="2027-01-01T00:00:00+00:00", uuid="mov-5b")]
        full_loader.load(nights.load(rows))
        people = [customer(n, mrr=0 if n == 7 else 1000) for n in range(1, 8)]
        full_loader.load(nights.load(people, "customers"))
        with opened(engine) as session:
            found = customers_at_odds(session, MAPPING, FIRST_NIGHT, FIRST_NIGHT + timedelta(hours=1))
        assert found == ["cus_2", "cus_6"]

    def test_movement_that_is_missing_puts_no_customer_at_odds(
        self, engine: Engine, full_loader: Loader, nights: Nights
    ) -> None:
        """1 and 2: the last one, or all, taken back; 3: only not read; 4: neither with it nor without."""
        later = "2026-02-28T12:00:00+00:00"
        first = [movement(n) for n in (1, 2, 3, 4)]
        last = [movement(n, 400, date=later, uuid=f"mov-{n}b") for n in (1, 3, 4)]
        for rows in ([*first, *last], [first[0], *first[2:]]):
            full_loader.load(nights.load(rows))
        people = [customer(n, mrr=mrr) for n, mrr in ((1, 1000), (2, 0), (3, 400), (4, 700))]
        full_loader.load(nights.load(people, "customers"))
        with opened(engine) as session:
            found = customers_at_odds(session, MAPPING, FIRST_NIGHT, FIRST_NIGHT + timedelta(hours=1))
        assert found == ["cus_4"]

    def last_read(self, engine: Engine, target: str) -> Any:
        with opened(engine) as session:
            found = Ledger(session).last(target)
        assert found is not None
        return found.read_at

    def test_id_of_another_source_is_no_merge(
        self, engine: Engine, full_loader: Loader, nights: Nights
    ) -> None:
        both = [customer(1), customer(2)]
        other = customer(3, external_id="ext-2", external_ids=["ext-2"], data_source_uuids=["ds_2"])
        for rows in (both, [customer(1), other]):
            full_loader.load(nights.load(rows, "customers"))
            full_loader.load(
                nights.load(rows, "customer_identities", read_at=self.last_read(engine, "customers"))
            )
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

    def test_reissued_movement_of_a_merged_customer_is_restated(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        """Another id, another customer, hence another event_id: its subscription and second tell."""
        loader.load(nights.load([movement(1, 100), movement(2, 200)]))
        merged = movement(2, 200, uuid="mov-2b", customer_uuid="cus_1")
        done = loader.load(nights.load([movement(1, 100), merged]))
        assert (done.restated, done.inserted, done.missing, done.months) == (1, 0, 0, [])
        assert self.movements(engine, "movement_uuid, customer_uuid") == [
            ("mov-1", "cus_1"),
            ("mov-2b", "cus_1"),
        ]

    def test_children_are_replaced_as_a_set(
        self, engine: Engine, full_loader: Loader, nights: Nights
    ) -> None:
        tags = [{"tags": ["a", "b"]}, {"tags": ["b", "c"]}]
        for each in tags:
            full_loader.load(nights.load([customer(1, attributes=each), customer(2)], "customer_tags"))
        live = (
            "select tag from customer_tags where customer_uuid = 'cus_1' and _deleted_at is null order by tag"
        )
        assert self.query(engine, live) == [("b",), ("c",)]

    def test_children_of_parents_not_read_are_left_alone(
        self, engine: Engine, full_loader: Loader, nights: Nights
    ) -> None:
        full_loader.load(nights.load([customer(1), customer(2)], "customers"))
        full_loader.load(nights.load([customer(1), customer(2)], "customer_tags"))
        full_loader.load(nights.load([customer(1)], "customer_tags"))
        live = "select customer_uuid from customer_tags where _deleted_at is null order by 1"
        assert self.query(engine, live) == [("cus_1",), ("cus_2",)]

    def test_children_go_with_their_parent(self, engine: Engine, full_loader: Loader, nights: Nights) -> None:
        for rows in ([customer(1), customer(2)], [customer(1)], [customer(1)]):
            full_loader.load(nights.load(rows, "customers"))
            full_loader.load(nights.load(rows, "customer_tags"))
        live = "select customer_uuid from customer_tags where _deleted_at is null"
        assert self.query(engine, live) == [("cus_1",)]

    def test_subscriptions_of_customers_that_were_read(
        self, engine: Engine, full_loader: Loader, nights: Nights
    ) -> None:
        """One without a subscription now, one not read."""
        rows = [{"customer-uuid": f"cus_{n}", "uuid": f"s-{n}", "mrr": 100, "quantity": 1} for n in (1, 2, 3)]
        full_loader.load(nights.load(rows, "subscriptions", parents=["cus_1", "cus_2", "cus_3"]))
        for _ in range(2):
            done = full_loader.load(nights.load(rows[:1], "subscriptions", parents=["cus_1", "cus_2"]))
        assert done.deleted == 1
        live = "select subscription_uuid from subscriptions where _deleted_at is null order by 1"
        assert self.query(engine, live) == [("s-1",), ("s-3",)]

    def test_which_customers_are_read_next(self, engine: Engine, full_loader: Loader, nights: Nights) -> None:
        people = [customer(n) for n in range(30)]
        full_loader.load(nights.load(people, "customers"))
        with opened(engine) as session:
            assert len(customers_to_read(session, MAPPING, night=0)) == 30
        full_loader.load(nights.load([], "subscriptions", parents=[row["uuid"] for row in people]))
        full_loader.load(
            nights.load([customer(n, mrr=5 if n == 4 else 1000) for n in range(30)], "customers")
        )
        full_loader.load(nights.load([movement(9)]))
        with opened(engine) as session:
            by_night = [customers_to_read(session, MAPPING, night) for night in range(7)]
        assert all({"cus_4", "cus_9"} <= set(each) for each in by_night)
        assert set().union(*by_night) == {row["uuid"] for row in people}
        assert sum(map(len, by_night)) == 30 + 2 * 6
