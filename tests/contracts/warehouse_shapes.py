"""Types, views, a mapping that changes, and the preview."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from clients.kit.errors import Rejected
from domains.analytics.count import count
from domains.analytics.movements import Movements
from domains.warehouse.engine import Engine
from domains.warehouse.loader import Loader, opened
from domains.warehouse.movements import held, read
from domains.warehouse.schema import prepare
from models.warehouse import Mapping, StreamMapping
from tests.contracts.warehouse_base import WarehouseBase
from tests.contracts.warehouse_rows import Nights, as_row, customer, mapping_of, movement
from tests.domains.analytics.histories import invented


class Shapes(WarehouseBase):
    def test_values_arrive_as_they_left(self, engine: Engine, full_loader: Loader, nights: Nights) -> None:
        odd = "Zoë Ångström & 株式会社 <🙂> \"'\\ ż\n\t;--"
        custom = {"a": [1, 2.5, None], "text": odd}
        row = customer(1, name=odd, mrr=-(10**15), attributes={"custom": custom}, **{"customer-since": None})
        full_loader.load(nights.load([row], "customers"))
        found = self.query(engine, "select name, mrr_cents, customer_since, custom from customers")[0]
        assert found[:3] == (odd, -(10**15), None)
        assert self.as_json(found[3]) == custom
        assert full_loader.load(nights.load([row], "customers")).restated == 0

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

    def test_mrr_by_month(self, engine: Engine, full_loader: Loader, nights: Nights) -> None:
        rows = [
            movement(1, 1000),
            movement(2, 500),
            movement(40, -300, type="contraction", customer_uuid="cus_1"),
            movement(95, -500, type="churn", customer_uuid="cus_2"),
            movement(99_000, 777),  # lies ahead
        ]
        full_loader.load(nights.load(rows))
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

    def test_churn_events(self, engine: Engine, full_loader: Loader, nights: Nights) -> None:
        back = {"type": "reactivation", "customer_uuid": "cus_1"}
        full_loader.load(
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

    def test_movements_restated(self, engine: Engine, full_loader: Loader, nights: Nights) -> None:
        full_loader.load(nights.load([movement(1, 100)]))
        full_loader.load(nights.load([movement(1, 150)]))
        found = self.query(engine, "select kind, month_before, month_after, delta from movements_restated")
        assert [(*rest, float(delta)) for *rest, delta in found] == [
            ("restated", date(2026, 1, 1), date(2026, 1, 1), 0.5)
        ]

    def test_cohorts_are_those_that_the_product_counts(self, engine: Engine, nights: Nights) -> None:
        """In a zone that cuts months otherwise than UTC, with a customer who was merged into another."""
        zone = "Europe/Berlin"
        with opened(engine) as session:
            prepare(session, self.mapping, zone)
        loader, rows = Loader(engine), invented(5).rows
        loader.load(nights.load([as_row(number, *each) for number, each in enumerate(rows)]))
        loader.load(nights.load([customer(1, uuid="cus_1"), customer(2, uuid="cus_2")], "customers"))
        with opened(engine) as session:
            session.execute("update customers set merged_into_uuid = 'cus_2' where customer_uuid = 'cus_1'")
            movements, there = Movements(), held(session)
            assert there
            for part in read(session, there):
                movements.extend(part)
            counted = count(movements, zone, datetime.now(UTC))
            expected = [(each.month, age) for each in counted.cohorts for age in range(len(each.active))]
            retention: list[Any] = session.query(
                "select cohort_month, months_since, customers, active_customers, customer_retention, "
                "is_partial from cohort_retention order by cohort_month, months_since"
            )
            revenue: list[Any] = session.query(
                "select cohort_month, months_since, value_cents, mrr_cents, net_mrr_retention, mrr "
                "from net_revenue_retention order by cohort_month, months_since"
            )
        assert [tuple(row[:2]) for row in retention] == [tuple(row[:2]) for row in revenue] == expected
        by_month = {each.month: each for each in counted.cohorts}
        for month, age, customers, active, share, partial in retention:
            each = by_month[month]
            assert (customers, active) == (each.customers, each.active[age])
            assert float(share) == pytest.approx(100 * active / customers, abs=1e-3)
            assert partial == (age == len(each.active) - 1)
        for month, age, value, mrr, share, whole in revenue:
            each = by_month[month]
            assert (value, mrr) == (each.new_cents + each.returned_cents, each.mrr_cents[age])
            assert (share is None) == (value <= 0)
            assert float(share or 0) == pytest.approx(100 * mrr / value if value > 0 else 0, abs=1e-3)
            assert float(whole) == mrr / 100

    def test_customers_and_subscriptions_in_whole_units(
        self, engine: Engine, full_loader: Loader, nights: Nights
    ) -> None:
        full_loader.load(nights.load([customer(1, mrr=12345)], "customers"))
        rows = [{"customer-uuid": "cus_1", "uuid": "s-1", "mrr": 12345, "currency": "USD"}]
        full_loader.load(nights.load(rows, "subscriptions", parents=["cus_1"]))
        assert [float(mrr) for (mrr,) in self.query(engine, "select mrr from customers_current")] == [123.45]
        one = self.query(engine, "select current_customer_uuid, mrr from subscriptions_current")
        assert [(uuid, float(mrr)) for uuid, mrr in one] == [("cus_1", 123.45)]

    def changed(self, **update: Any) -> tuple[Mapping, StreamMapping]:
        stream = StreamMapping.model_validate(mapping_of("mrr_movements").model_dump() | update)
        return Mapping(streams=[stream]), stream

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

    def test_preview_tells_what_a_load_would_be_refused_for(
        self, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        loader.load(nights.load([movement(n) for n in range(200)]))
        shown = loader.preview(nights.load([movement(n) for n in range(100)]))
        assert shown.counts.missing == 100
        assert [(row.kind, row.after) for row in shown.sample] == [("missing", None)] * 5
        assert "100 of 200 rows are gone at once" in str(shown.problem)
