"""A cancellation that lies ahead: the time to save a customer is before they leave."""

from datetime import UTC, datetime, timedelta

import httpx

from models.chartmogul import MovementWebhook
from models.events import movement_from_webhook
from models.runs import Outcome
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY
from tests.workflows.conftest import SECOND, Start, cancelled, until_effects


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_it_is_acted_on_while_the_customer_still_pays(simulators: Control, start: Start) -> None:
    at = soon(86400 * 40)
    await until_effects(await start(cancelled(simulators, at=at)), 2)
    [message] = simulators.messages()
    assert f"leaves on {at.day} {at:%B %Y}" in message["text"]
    assert "the cancellation is scheduled" in str(message["blocks"])


async def test_a_route_may_wait_for_the_day(simulators: Control, start: Start) -> None:
    handle = await start(cancelled(simulators, at=soon(3)), scheduled="wait")
    assert not simulators.messages()
    result = await handle.result()
    assert result.outcome is Outcome.ACTED
    [message], [task] = simulators.messages(), simulators.records("Task")
    assert "cancelled: " in message["text"]
    assert "leaves" not in task["Subject"]


async def test_one_that_is_withdrawn_while_we_wait_is_not_acted_on(simulators: Control, start: Start) -> None:
    body = cancelled(simulators, at=soon(3))
    handle = await start(body, scheduled="wait")
    simulators.withdraw(body["customer"]["uuid"])
    assert (await handle.result()).outcome is Outcome.UNVERIFIED
    assert not simulators.messages()


async def test_one_that_chartmogul_does_not_list_is_unverified(simulators: Control, start: Start) -> None:
    body = cancelled(simulators, at=soon(86400))
    simulators.withdraw(body["customer"]["uuid"])
    assert (await (await start(body)).result()).outcome is Outcome.UNVERIFIED


async def test_who_withdraws_after_the_task_is_saved(simulators: Control, start: Start) -> None:
    body = cancelled(simulators, at=soon(4))
    handle = await start(body, check_back_days=[SECOND])
    await until_effects(handle, 2)
    simulators.withdraw(body["customer"]["uuid"])
    assert (await handle.result()).outcome is Outcome.SAVED
    assert "the cancellation was withdrawn" in simulators.messages()[-1]["text"]


async def test_who_leaves_on_the_day_is_lost_and_not_before(simulators: Control, start: Start) -> None:
    at = soon(3)
    handle = await start(cancelled(simulators, at=at), check_back_days=[SECOND])
    assert (await handle.result()).outcome is Outcome.LOST
    assert datetime.now(UTC) >= at.replace(microsecond=0) + timedelta(
        seconds=1
    )  # ChartMogul has no fractions


async def test_a_restatement_is_recorded_once_and_known_by_the_memo(
    simulators: Control, start: Start
) -> None:
    body = cancelled(simulators)
    handle = await start(body, check_back_days=[4 * SECOND])
    await until_effects(handle, 2)
    amounts = {"mrr_movement_in_account_currency": -777, "movement_amount_in_cent": -777}
    first, now = (
        movement_from_webhook(MovementWebhook.model_validate(each), "default")
        for each in (body, body | amounts)
    )
    for _ in range(2):
        await handle.signal("restated", now)
    assert (await handle.result()).restated == ["churn 777 USD"]
    assert (await (await handle.describe()).memo())["stated"] == [first.stated, "churn 777 USD"]


async def test_the_run_stays_open_until_the_day_lest_it_is_forgotten_before(
    simulators: Control, start: Start
) -> None:
    at = soon(3)
    assert (await (await start(cancelled(simulators, at=at))).result()).outcome is Outcome.ACTED
    assert datetime.now(UTC) >= at - timedelta(seconds=1)


async def test_on_the_day_the_list_counts_and_not_an_mrr_that_is_late(
    simulators: Control, start: Start
) -> None:
    """The day has come, and ChartMogul shows the customer as paying for a while longer."""
    body = cancelled(simulators, at=soon(2))
    path = f"/customers/{body['customer']['uuid']}"
    for what in ("", "/subscriptions"):
        url = f"{simulators.chartmogul_url}{path}{what}"
        paying = httpx.get(url, auth=(CHARTMOGUL_KEY, ""), trust_env=False).raise_for_status().json()
        simulators.fault("chartmogul", "status", status=200, body=paying, path=f"{path}{what}$", times=None)
    handle = await start(body, scheduled="wait")
    assert (await handle.result()).outcome is Outcome.ACTED


async def test_who_puts_it_off_has_neither_left_nor_stayed(simulators: Control, start: Start) -> None:
    body = cancelled(simulators, at=soon(3))
    handle = await start(body, check_back_days=[SECOND])
    await until_effects(handle, 2)
    later = soon(86400 * 30)
    simulators.restate(body["customer"]["uuid"], at=later)
    assert (await handle.result()).outcome is Outcome.WITHDRAWN
    text = simulators.messages()[-1]["text"]
    assert text.endswith(f"the cancellation was put off to {later.day} {later:%B %Y}.")
