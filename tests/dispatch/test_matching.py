"""Which run a movement of ChartMogul's list belongs to."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatch.known_runs import KnownRun
from dispatch.matching import match
from models.event import EventSource
from models.events import MovementType, MrrMovement
from models.money import Money

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def movement(
    kind: str = "churn",
    cents: int = 4900,
    customer: str = "cus_1",
    subscription: str = "sub_1",
    second: int = 0,
) -> MrrMovement:
    return MrrMovement(
        account="default",
        movement_type=MovementType(kind),
        occurred_at=NOON + timedelta(seconds=second),
        customer_uuid=customer,
        subscription_external_id=subscription,
        amount=Money(cents=-cents, currency="EUR"),
        source=EventSource.POLL,
    )


def run_for(event: MrrMovement, *stated: str) -> KnownRun:
    return KnownRun(
        workflow_id=f"churn_save/{event.event_id}",
        template="churn_save",
        source=EventSource.WEBHOOK,
        moment=event.moment,
        stated=stated or (event.stated,),
        running=True,
        waits_since=None,
        reported_problem=False,
    )


def test_a_movement_and_its_run_belong_together() -> None:
    event = movement()
    found = match([event], [run_for(event)])
    assert found.acted == [(event, run_for(event))]
    assert not found.restated
    assert not found.missing


def test_a_movement_without_a_run_is_missing() -> None:
    found = match([movement(), movement(second=1)], [run_for(movement())])
    assert found.missing == [movement(second=1)]


def test_another_amount_or_type_of_the_same_second_is_a_restatement() -> None:
    for now in (movement(cents=5000), movement("contraction")):
        found = match([now], [run_for(movement())])
        assert found.restated == [(now, run_for(movement()))]
        assert not found.missing


def test_a_restatement_that_the_run_knows_is_its_movement() -> None:
    now = movement(cents=5000)
    told = run_for(movement(), "churn 4900 EUR", "churn 5000 EUR")
    assert match([now], [told]).acted == [(now, told)]


def test_a_movement_that_is_stated_as_at_first_again_is_told_to_its_run() -> None:
    told = run_for(movement(), "churn 4900 EUR", "churn 5000 EUR")
    assert match([movement()], [told]).restated == [(movement(), told)]


def test_a_run_that_knows_no_subscription_has_the_movement_that_names_one() -> None:
    run = run_for(movement(subscription=""))
    assert match([movement()], [run]).acted == [(movement(), run)]
    assert match([movement(cents=1)], [run]).missing == [movement(cents=1)]


def test_two_different_movements_of_one_second_are_no_restatement_of_one_another() -> None:
    one, two = movement(cents=100), movement(cents=200)
    for run, other in ((one, two), (two, one)):
        found = match([one, two], [run_for(run)])
        assert found.acted == [(run, run_for(run))]
        assert found.missing == [other]


def test_two_equal_movements_of_one_second_need_two_runs() -> None:
    found = match([movement(), movement()], [run_for(movement())])
    assert (len(found.acted), found.missing) == (1, [movement()])


def test_of_two_in_one_second_the_one_of_the_runs_type_is_its_restatement() -> None:
    downgrade, now = movement("contraction", 100), movement(cents=4800)
    found = match([downgrade, now], [run_for(movement())])
    assert found.restated == [(now, run_for(movement()))]
    assert found.missing == [downgrade]


def test_a_movement_that_a_merge_has_moved_to_another_customer_keeps_its_run() -> None:
    merged = movement(customer="cus_2")
    found = match([merged], [run_for(movement())])
    assert found.restated == [(merged, run_for(movement()))]


def test_equal_subscription_ids_of_two_customers_are_two_movements() -> None:
    one, two = movement(), movement(customer="cus_2")
    found = match([one, two], [run_for(one)])
    assert (found.acted, found.missing) == ([(one, run_for(one))], [two])


def test_a_merge_is_not_seen_where_no_subscription_is_named() -> None:
    found = match([movement(customer="cus_2", subscription="")], [run_for(movement(subscription=""))])
    assert len(found.missing) == 1


events: Any = st.builds(
    movement,
    kind=st.sampled_from(["churn", "contraction"]),
    cents=st.sampled_from([100, 200]),
    customer=st.sampled_from(["cus_1", "cus_2"]),
    subscription=st.sampled_from(["sub_1", "sub_2"]),
    second=st.integers(0, 1),
)


@given(st.lists(events, max_size=8), st.lists(events, max_size=8))
def test_every_movement_is_found_once_and_no_run_twice(
    movements: list[MrrMovement], acted_on: list[MrrMovement]
) -> None:
    runs = [run_for(event) for event in acted_on]
    found = match(movements, runs)
    pairs = found.acted + found.restated
    told = [event for event, _ in pairs] + found.missing
    assert Counter(map(repr, told)) == Counter(map(repr, movements))
    assert len({id(run) for _, run in pairs}) == len(pairs)


@given(st.lists(events, max_size=8))
def test_a_list_whose_movements_all_have_runs_misses_none(movements: list[MrrMovement]) -> None:
    found = match(movements, [run_for(event) for event in reversed(movements)])
    assert not found.restated
    assert not found.missing
