"""ChartMogul's history is computed, not logged: rows get other ids, change, go, come late or early."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests.simulators.conftest import Receiver, entries
from tests.waiting import until_blocking

pytestmark = pytest.mark.slow


def live(chartmogul: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """Rows of /activities from the last days on."""
    since = datetime.now(UTC) - timedelta(days=20)
    return entries(chartmogul, "/activities", **{"start-date": since.isoformat()} | query)


def of(chartmogul: httpx.Client, row: CustomerRow) -> list[dict[str, Any]]:
    """The customer's movements, newest computed first."""
    return entries(chartmogul, f"/customers/{row.uuid}/activities")


def state(chartmogul: httpx.Client, row: CustomerRow) -> tuple[Any, ...]:
    customer = chartmogul.get(f"/customers/{row.uuid}").json()
    subscriptions = entries(chartmogul, f"/customers/{row.uuid}/subscriptions")
    return customer["status"], customer["mrr"], [s["status"] for s in subscriptions]


def test_cursor_may_skip_the_row_that_it_names(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.cancel_many(7, send=False)
    whole = live(chartmogul)
    assert live(chartmogul, per_page=2) == whole
    assert simulators.chartmogul(cursor_skips=True).cursor_skips
    assert live(chartmogul, per_page=2) == [whole[i] for i in (0, 1, 3, 4, 6)]
    assert live(chartmogul, per_page=7) == whole
    backwards = live(chartmogul, per_page=2, order="-date")
    assert backwards == [whole[i] for i in (6, 5, 3, 2, 0)]


def test_rules_that_are_not_named_keep_their_value(simulators: Control) -> None:
    simulators.chartmogul(cursor_skips=True, connections=20)
    rules = simulators.chartmogul(lag_seconds=2)
    assert (rules.cursor_skips, rules.connections, rules.lag_seconds) == (True, 20, 2)
    simulators.reset()
    assert not simulators.chartmogul().cursor_skips


def test_reissued_movements_differ_in_their_ids_alone(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.cancel(row.uuid)
    simulators.cancel_many(5, send=False)
    old, old_own = entries(chartmogul, "/activities"), of(chartmogul, row)
    simulators.reissue()
    new, new_own = entries(chartmogul, "/activities"), of(chartmogul, row)
    assert not {a["uuid"] for a in old} & {a["uuid"] for a in new}
    assert not {a["id"] for a in old_own} & {a["id"] for a in new_own}
    assert [a | {"uuid": ""} for a in new] == [a | {"uuid": ""} for a in old]
    assert [a | {"id": 0} for a in new_own] == [a | {"id": 0} for a in old_own]
    assert entries(chartmogul, "/activities") == new


def test_restated_amount_keeps_customer_subscription_and_instant(
    simulators: Control, chartmogul: httpx.Client, receiver: Receiver
) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.expand(row.uuid, cents=5000)
    (before,) = live(chartmogul)
    until_blocking(lambda: len(receiver.bodies) == 1)
    restated = simulators.restate(row.uuid, cents=4200)
    (after,) = live(chartmogul)
    assert after == restated
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"activity-mrr-movement", "activity-mrr", "activity-arr", "uuid"}
    assert after["activity-mrr-movement"] == 4200
    assert state(chartmogul, row) == ("Active", row.mrr + 4200, ["active"])
    simulators.cancel(row.uuid)
    until_blocking(lambda: len(receiver.bodies) == 2)
    assert receiver.bodies[0]["movement_amount_in_cent"] == 5000


def test_restated_type_turns_the_sign(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.expand(row.uuid, cents=500, send=False)
    simulators.contract(row.uuid, cents=300, send=False)
    first = simulators.restate(row.uuid, type="contraction", index=0)
    assert (first["type"], first["activity-mrr-movement"]) == ("contraction", -500)
    assert [a["activity-mrr"] for a in live(chartmogul)] == [row.mrr - 500, row.mrr - 800]


def test_restated_churn_still_ends_the_subscription(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.cancel(row.uuid, send=False)
    churn = simulators.restate(row.uuid, cents=row.mrr - 100)
    assert (churn["activity-mrr-movement"], churn["activity-mrr"]) == (100 - row.mrr, 0)
    assert state(chartmogul, row) == ("Cancelled", 0, ["inactive"])


def test_restatement_may_move_a_movement(simulators: Control, chartmogul: httpx.Client) -> None:
    first, second = simulators.cancel_many(2, send=False)
    day = datetime.now(UTC) - timedelta(days=3)
    simulators.restate(second["customer"]["uuid"], at=day)
    moved, stayed = live(chartmogul)
    assert moved["customer-uuid"] == second["customer"]["uuid"]
    assert datetime.fromisoformat(moved["date"]) == day.replace(microsecond=0)
    assert stayed["customer-uuid"] == first["customer"]["uuid"]


def test_restated_before_its_day_the_webhook_says_so(simulators: Control, receiver: Receiver) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.cancel(row.uuid, at=datetime.now(UTC) + timedelta(days=9))
    simulators.restate(row.uuid, at=datetime.now(UTC) + timedelta(seconds=2), type="contraction", cents=200)
    assert simulators.deliveries() == []
    until_blocking(lambda: len(receiver.bodies) == 1)
    (body,) = receiver.bodies
    assert (body["movement_type"], body["movement_amount_in_cent"]) == ("contraction", -200)


def test_withdrawn_movement_never_was(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    before = of(chartmogul, row), state(chartmogul, row)
    simulators.cancel(row.uuid, send=False)
    simulators.withdraw(row.uuid)
    assert (of(chartmogul, row), state(chartmogul, row)) == before
    assert live(chartmogul) == []
    with pytest.raises(RuntimeError, match="no movement -1 of its own"):
        simulators.withdraw(row.uuid)


def test_withdrawn_schedule_sends_no_webhook(simulators: Control, receiver: Receiver) -> None:
    kept, withdrawn = simulators.customers(limit=2)
    soon = datetime.now(UTC) + timedelta(seconds=2)
    for row in (withdrawn, kept):
        simulators.cancel(row.uuid, at=soon)
    simulators.withdraw(withdrawn.uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 1)
    simulators.cancel(withdrawn.uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 2)
    assert [body["customer"]["uuid"] for body in receiver.bodies] == [kept.uuid, withdrawn.uuid]
    assert [delivery.movement for delivery in simulators.deliveries()] == [1, 2]


@pytest.mark.parametrize("number", [1, 19])
def test_scheduled_movement_is_listed_at_once_and_counts_from_its_instant(
    simulators: Control, chartmogul: httpx.Client, receiver: Receiver, number: int
) -> None:
    """Also for number 19, who is past due and stays so until then."""
    row = simulators.customers(limit=1, offset=number - 1)[0]
    before = state(chartmogul, row)
    body = simulators.cancel(row.uuid, at=datetime.now(UTC) + timedelta(seconds=3))
    (listed,) = live(chartmogul)
    assert (listed["type"], listed["activity-mrr"]) == ("churn", 0)
    assert of(chartmogul, row)[0]["date"] == listed["date"] == body["date"].replace(".000Z", "+00:00")
    assert (state(chartmogul, row), simulators.deliveries()) == (before, [])
    with pytest.raises(RuntimeError, match="is scheduled for"):
        simulators.cancel(row.uuid)
    until_blocking(lambda: len(receiver.bodies) == 1)
    assert receiver.bodies == [body]
    assert state(chartmogul, row) == ("Cancelled", 0, ["inactive"])


def test_merged_customer_lives_on_in_the_other(simulators: Control, chartmogul: httpx.Client) -> None:
    gone, into = simulators.customers(limit=2)
    simulators.expand(gone.uuid, cents=700, send=False)
    rows = entries(chartmogul, "/activities")
    simulators.merge(gone.uuid, into.uuid)
    assert chartmogul.get(f"/customers/{gone.uuid}").status_code == 404
    assert chartmogul.get(f"/customers/{gone.uuid}/activities").status_code == 404
    customer = chartmogul.get(f"/customers/{into.uuid}").json()
    assert customer["external_ids"] == [into.external_id, gone.external_id]
    assert (customer["mrr"], customer["status"]) == (gone.mrr + 700 + into.mrr, "Active")
    assert customer in entries(chartmogul, "/customers", external_id=gone.external_id)
    assert len(entries(chartmogul, "/customers")) == 199
    merged = entries(chartmogul, "/activities")
    assert [a["date"] for a in merged] == [a["date"] for a in rows]
    assert not [a for a in merged if a["customer-uuid"] == gone.uuid]
    newest = merged[-1]
    assert (newest["customer-uuid"], newest["customer-name"]) == (into.uuid, into.company)
    assert newest["customer-external-id"] == into.external_id
    assert newest["subscription-external-id"] == "sub_1"
    assert newest["activity-mrr"] == customer["mrr"]
    assert simulators.deliveries() == []


def test_merged_customer_s_next_webhook_names_both(simulators: Control) -> None:
    first, second, into = simulators.customers(limit=3)
    simulators.merge(first.uuid, second.uuid)
    simulators.merge(second.uuid, into.uuid)
    body = simulators.expand(into.uuid, cents=100, send=False)
    ids = [into.external_id, second.external_id, first.external_id]
    assert body["customer"]["external_ids"] == ids
    with pytest.raises(RuntimeError, match="not merged into itself"):
        simulators.merge(into.uuid, into.uuid)


def test_late_movement_is_seen_only_then(
    simulators: Control, chartmogul: httpx.Client, receiver: Receiver
) -> None:
    row = simulators.customers(limit=1)[0]
    before = state(chartmogul, row)
    hours_ago = datetime.now(UTC) - timedelta(hours=3)
    body = simulators.cancel(row.uuid, at=hours_ago, known_after_seconds=1.5)
    assert (live(chartmogul), state(chartmogul, row), simulators.deliveries()) == ([], before, [])
    with pytest.raises(RuntimeError, match="no active subscription"):
        simulators.cancel(row.uuid)
    until_blocking(lambda: len(receiver.bodies) == 1)
    (listed,) = live(chartmogul)
    assert listed["date"] == hours_ago.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    assert (receiver.bodies, body["customer"]["status"]) == ([body], "cancelled")
    assert state(chartmogul, row) == ("Cancelled", 0, ["inactive"])


def test_days_late_there_is_no_webhook(
    simulators: Control, chartmogul: httpx.Client, receiver: Receiver
) -> None:
    row = simulators.customers(limit=1)[0]
    days_ago = datetime.now(UTC) - timedelta(days=5)
    simulators.expand(row.uuid, at=days_ago.isoformat(), known_after_seconds=1)
    assert live(chartmogul) == []
    until_blocking(lambda: len(live(chartmogul)) == 1)
    simulators.cancel(row.uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 1)
    assert receiver.bodies[0]["movement_type"] == "churn"


def test_earlier_balance_follows_a_late_row(simulators: Control, chartmogul: httpx.Client) -> None:
    """A row that comes late changes what every later one says the customer pays."""
    row = simulators.customers(limit=1)[0]
    simulators.expand(row.uuid, cents=300, send=False)
    hours_ago = datetime.now(UTC) - timedelta(hours=3)
    simulators.expand(row.uuid, cents=50, at=hours_ago.isoformat(), known_after_seconds=1, send=False)
    assert [a["activity-mrr"] for a in live(chartmogul)] == [row.mrr + 300]
    until_blocking(lambda: len(live(chartmogul)) == 2)
    assert [a["activity-mrr"] for a in live(chartmogul)] == [row.mrr + 50, row.mrr + 350]


@pytest.mark.parametrize(("answers", "status"), [("404", 404), ("survivor", 200)])
def test_the_id_of_a_merged_customer_is_not_there_or_answers_with_who_is_left(
    simulators: Control, chartmogul: httpx.Client, answers: str, status: int
) -> None:
    gone, into = simulators.customers(limit=2)
    simulators.chartmogul(merged_answers=answers)
    simulators.merge(gone.uuid, into.uuid)
    answer = chartmogul.get(f"/customers/{gone.uuid}")
    assert answer.status_code == status
    assert answer.json().get("uuid") == (into.uuid if status == 200 else None)


def test_a_return_within_the_second_of_the_cancellation_pays(
    simulators: Control, chartmogul: httpx.Client
) -> None:
    row = next(each for each in simulators.customers() if each.mrr)
    second = datetime.now(UTC).replace(microsecond=0)
    simulators.cancel(row.uuid, at=second, send=False)
    simulators.reactivate(row.uuid, at=second, send=False, cents=52_000)
    newest, before = of(chartmogul, row)[:2]
    assert (before["type"], before["activity-mrr"]) == ("churn", 0)
    assert (newest["type"], newest["activity-mrr"]) == ("reactivation", 52_000)
    assert newest["date"] == before["date"]
    assert state(chartmogul, row)[1] == 52_000
