"""What a run says of a customer is what ChartMogul says of them at that moment."""

from datetime import UTC, datetime, timedelta

import pytest

from models.chartmogul import MovementWebhook
from models.events import movement_from_webhook
from models.runs import Outcome
from simulators.kit.control import Control
from tests.workflows.conftest import SECOND, Start, cancelled
from tests.workflows.leaving import acted_on, left, payers, said, then, uuid_of


async def test_who_left_and_came_back_within_a_second_is_already_saved(
    simulators: Control, start: Start
) -> None:
    body = left(simulators, at=then())
    simulators.reactivate(uuid_of(body), send=False, at=body["date"], cents=52_000)
    result = await (await start(body)).result()
    assert result.outcome is Outcome.ALREADY_SAVED
    assert "$520.00" in result.verdict
    [message] = simulators.messages()
    assert "is already back at $520.00" in message["text"]
    assert simulators.records("Task") == []


async def test_a_return_within_the_second_that_shows_late_is_saved_and_not_lost(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    simulators.reactivate(uuid_of(body), send=False, at=body["date"])
    assert (await handle.result()).outcome is Outcome.SAVED
    assert "Lost" not in said(simulators)


async def test_who_came_back_and_left_within_a_second_has_left(simulators: Control, start: Start) -> None:
    second = then()
    first = left(simulators, at=second - timedelta(minutes=5))
    simulators.reactivate(uuid_of(first), send=False, at=second)
    body = simulators.cancel(uuid_of(first), send=False, at=second)
    assert (await (await start(body, check_back_days=[SECOND])).result()).outcome is Outcome.LOST
    assert len(simulators.records("Task")) == 1


async def test_who_pays_by_a_merged_customer_is_not_lost(simulators: Control, start: Start) -> None:
    """The old id answers 404; the one that stays has its movements, and pays."""
    body = left(simulators)
    handle = await acted_on(start, body)
    survivor = payers(simulators)[0]
    simulators.merge(uuid_of(body), survivor.uuid)
    result = await handle.result()
    assert result.outcome is Outcome.WITHDRAWN
    assert f"pays ${survivor.mrr / 100:,.2f} MRR" in result.verdict
    assert "ost" not in simulators.messages()[-1]["text"].partition("MRR")[0]


async def test_who_is_merged_into_a_customer_they_began_anew_is_saved(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    other = next(
        each for each in simulators.customers(limit=200) if not each.mrr and each.uuid != uuid_of(body)
    )
    simulators.reactivate(other.uuid, send=False, cents=32_000)
    simulators.restate(other.uuid, type="new_biz")
    simulators.merge(uuid_of(body), other.uuid)
    result = await handle.result()
    assert result.outcome is Outcome.SAVED
    assert "back at $320.00" in result.verdict


async def test_a_merged_customer_who_pays_nothing_is_lost(simulators: Control, start: Start) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    other = next(
        each for each in simulators.customers(limit=200) if not each.mrr and each.uuid != uuid_of(body)
    )
    simulators.merge(uuid_of(body), other.uuid)
    assert (await handle.result()).outcome is Outcome.LOST


async def test_a_merged_customer_is_found_by_its_external_id_where_its_movement_is_gone(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    simulators.withdraw(uuid_of(body))
    survivor = next(each for each in payers(simulators) if each.uuid != uuid_of(body))
    simulators.merge(uuid_of(body), survivor.uuid)
    assert (await handle.result()).outcome is Outcome.WITHDRAWN


async def test_an_id_that_answers_with_who_is_left_means_them(simulators: Control, start: Start) -> None:
    simulators.chartmogul(merged_answers="survivor")
    body = left(simulators)
    handle = await acted_on(start, body)
    simulators.merge(uuid_of(body), payers(simulators)[0].uuid)
    assert (await handle.result()).outcome is Outcome.WITHDRAWN


async def test_of_a_customer_that_is_deleted_nobody_knows_and_a_person_is_told(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    simulators.delete_customer(uuid_of(body))
    result = await handle.result()
    assert (result.outcome, result.verdict) == (Outcome.PARTIAL, "")
    [problem] = result.problems
    assert (problem.step, problem.kind) == ("chartmogul.read_back", "NotFound")
    assert "Nobody knows whether" in simulators.messages()[-1]["text"]
    assert "Lost" not in said(simulators)
    assert "Outcome" not in simulators.records("Task")[0]["Description"]


async def test_a_cancellation_restated_as_a_contraction_is_withdrawn_as_soon_as_we_are_told(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body, 7)
    paid = -body["mrr_movement_in_account_currency"]
    simulators.restate(uuid_of(body), type="contraction", cents=paid - 8_000)
    now = body | {"movement_type": "contraction", "mrr_movement_in_account_currency": 8_000 - paid}
    await handle.signal("restated", movement_from_webhook(MovementWebhook.model_validate(now), "default"))
    result = await handle.result()
    assert result.outcome is Outcome.WITHDRAWN
    for text in (
        simulators.messages()[-1]["text"],
        simulators.records("Task")[0]["Description"],
        result.verdict,
    ):
        assert "pays $80.00 MRR; ChartMogul now shows the cancellation as a contraction" in text
    assert simulators.records("Task")[0]["IsClosed"]


async def test_a_cancellation_restated_as_a_contraction_is_found_out_without_being_told(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    simulators.restate(uuid_of(body), type="contraction", cents=100)
    assert (await handle.result()).outcome is Outcome.WITHDRAWN


async def test_a_cancellation_that_is_not_listed_any_more_is_withdrawn(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    simulators.withdraw(uuid_of(body))
    result = await handle.result()
    assert result.outcome is Outcome.WITHDRAWN
    assert "does not list the cancellation any more" in simulators.messages()[-1]["text"]


async def test_one_that_is_restated_before_we_act_is_unverified(simulators: Control, start: Start) -> None:
    body = left(simulators)
    simulators.restate(uuid_of(body), type="contraction", cents=5_000)
    assert (await (await start(body)).result()).outcome is Outcome.UNVERIFIED
    assert (simulators.records("Task"), simulators.messages()) == ([], [])


async def test_the_amount_is_what_chartmogul_counts_now(simulators: Control, start: Start) -> None:
    body = left(simulators)
    simulators.restate(uuid_of(body), cents=12_345)
    await (await start(body)).result()
    [task], [message] = simulators.records("Task"), simulators.messages()
    assert "$123.45" in task["Subject"]
    assert "MRR lost: $123.45" in task["Description"]
    assert "−$123.45" in message["text"]


async def test_the_end_of_one_of_several_subscriptions_is_no_churn_to_save(
    simulators: Control, start: Start
) -> None:
    one, other = payers(simulators)[:2]
    simulators.merge(other.uuid, one.uuid)
    body = simulators.cancel(one.uuid, send=False, at=then()) | {"movement_type": "churn"}
    assert (await (await start(body)).result()).outcome is Outcome.UNVERIFIED
    assert (simulators.records("Task"), simulators.messages()) == ([], [])


async def test_a_return_on_a_smaller_plan_is_partly_saved_and_says_so_everywhere(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    lost = -body["mrr_movement_in_account_currency"] / 100
    simulators.reactivate(uuid_of(body), send=False, cents=10_000)
    result = await handle.result()
    assert result.outcome is Outcome.SAVED
    words = f"is back at $100.00 of ${lost:,.2f} MRR."
    assert result.verdict == f"Partly saved: the customer {words}"
    reply = simulators.messages()[-1]["text"]
    assert reply.startswith("Partly saved: ")
    assert reply.endswith(words)
    [task] = simulators.records("Task")
    assert task["Description"].endswith(f"Outcome: partly saved, the customer {words}")
    attributes = {pair.key.name: pair.value for pair in (await handle.describe()).typed_search_attributes}
    assert str(attributes["Headline"]).endswith(": partly saved")


async def test_a_return_as_new_business_is_a_return(simulators: Control, start: Start) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    simulators.reactivate(uuid_of(body), send=False)
    simulators.restate(uuid_of(body), type="new_biz")
    assert (await handle.result()).outcome is Outcome.SAVED


async def test_who_comes_back_and_leaves_again_before_we_look_is_lost(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    simulators.reactivate(uuid_of(body), send=False, at=then() + timedelta(minutes=1))
    simulators.cancel(uuid_of(body), send=False, at=then() + timedelta(minutes=2))
    assert (await handle.result()).outcome is Outcome.LOST


async def test_who_withdraws_a_scheduled_cancellation_and_pays_less_is_withdrawn(
    simulators: Control, start: Start
) -> None:
    body = cancelled(simulators, at=datetime.now(UTC) + timedelta(seconds=10))
    handle = await acted_on(start, body, SECOND)
    simulators.restate(uuid_of(body), type="contraction", cents=100)
    assert (await handle.result()).outcome is Outcome.WITHDRAWN


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
async def test_the_day_is_the_day_there(simulators: Control, start: Start, zone: str) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    body = left(simulators, at=midnight - timedelta(minutes=30))
    await (await start(body, time_zone=zone)).result()
    there = midnight if zone == "Europe/Berlin" else midnight - timedelta(days=1)
    [task], [message] = simulators.records("Task"), simulators.messages()
    for text in (task["Description"], str(message["blocks"])):
        assert f"ancelled on {there.day} {there:%B %Y}" in text
