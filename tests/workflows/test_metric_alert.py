"""Alerts on metrics: a schedule each, told once for each crossing, and taken back."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from temporalio.client import Client, Schedule, ScheduleActionStartWorkflow, ScheduleSpec

from activities.metric_alert import first_day
from activities.runs import watching
from clients.kit.errors import Rejected
from models.effects import Action, Effect, Mode
from models.metric_alert import AlertWrite, MetricAlert, Threshold
from models.undo import Undoing, UndoState
from operations import alerts
from operations.reads.account import NotAnswered
from simulators.kit.control import Control
from tests.waiting import until

CHANNEL = "revops-alerts"


@pytest.fixture
async def name(client: Client, seed: int) -> AsyncIterator[str]:
    """Of an alert that is gone after the test."""
    yield f"alert-{seed}"
    await watching.watch(client, AlertWrite(key="end", account="default", name=f"alert-{seed}"))


def alert(value: float = 0, **more: Any) -> MetricAlert:
    rule = Threshold(metric="mrr", condition="above", value=value)
    return MetricAlert(rule=rule, channel=CHANNEL, **more)


def write(name: str, wanted: MetricAlert | None, mode: Mode = Mode.LIVE, **more: Any) -> AlertWrite:
    return AlertWrite(key=f"change/{name}", account="default", name=name, alert=wanted, mode=mode, **more)


async def test_an_alert_is_brought_to_what_it_is_to_be(client: Client, name: str) -> None:
    steps = [
        (alert(5), Action.WOULD_CREATE, Action.CREATED),
        (alert(7), Action.WOULD_UPDATE, Action.UPDATED),
        (alert(7, paused=True), Action.WOULD_UPDATE, Action.UPDATED),
        (alert(7, every="hour", time_zone="Europe/Berlin"), Action.WOULD_UPDATE, Action.UPDATED),
        (None, Action.WOULD_UPDATE, Action.UPDATED),
        (None, Action.UNCHANGED, Action.UNCHANGED),
    ]
    for wanted, would, did in steps:
        before = await alerts.alert(client, "default", name)
        planned = await watching.watch(client, write(name, wanted, Mode.PREVIEW))
        assert await alerts.alert(client, "default", name) == before
        done = await watching.watch(client, write(name, wanted))
        assert await alerts.alert(client, "default", name) == wanted
        again = await watching.watch(client, write(name, wanted, repeat=True))
        assert (planned.action, done.action) == (would, did)
        assert (planned.before, planned.after) == (done.before, done.after)
        assert again.action in (Action.UNCHANGED, Action.UPDATED)
        if wanted:
            assert name in [each.name for each in await alerts.alerts(client, "default")]


async def undone(client: Client, effect: Effect, mode: Mode = Mode.LIVE) -> Any:
    return await watching.undo(client, Undoing(key="undo", effect=effect, mode=mode))


async def test_each_change_of_an_alert_is_taken_back_and_the_undo_as_well(client: Client, name: str) -> None:
    for before, after in ((None, alert(5)), (alert(5), alert(7, paused=True)), (alert(7), None)):
        await watching.watch(client, write(name, before))
        effect = await watching.watch(client, write(name, after))
        previewed = await undone(client, effect, Mode.PREVIEW)
        assert await alerts.alert(client, "default", name) == after
        back = await undone(client, effect)
        assert (previewed.state, back.state) == (UndoState.UNDONE, UndoState.UNDONE)
        assert await alerts.alert(client, "default", name) == before
        forth = await undone(client, back.effect)
        assert forth.state is UndoState.UNDONE
        assert await alerts.alert(client, "default", name) == after


async def test_what_a_person_has_changed_since_stays(client: Client, name: str) -> None:
    await watching.watch(client, write(name, alert(5)))
    effect = await watching.watch(client, write(name, alert(7)))
    assert await alerts.alert(client, "default", name) == alert(7)  # seen to, before the pause comes
    await client.get_schedule_handle(watching.schedule_id("default", name)).pause()

    async def is_paused() -> bool:
        now = await alerts.alert(client, "default", name)
        return now is not None and now.paused

    await until(is_paused)
    found = await undone(client, effect)
    assert (found.state, found.left) == (UndoState.CHANGED_SINCE, ["paused"])
    assert await alerts.alert(client, "default", name) == alert(7, paused=True)


async def test_a_schedule_of_somebody_else_is_left(client: Client, name: str) -> None:
    id = watching.schedule_id("default", name)
    action = ScheduleActionStartWorkflow("none", id=id, task_queue="none")
    handle = await client.create_schedule(id, Schedule(action=action, spec=ScheduleSpec()))
    with pytest.raises(Rejected, match="not one of ours"):
        await watching.watch(client, write(name, alert(5)))
    await handle.delete()


async def test_a_wish_is_held_against_what_there_is(client: Client, name: str) -> None:
    whole = {"metric": "mrr", "condition": "above", "value": 5.0, "channel": CHANNEL}
    made = await alerts.wanted(client, "default", "create", name, whole)
    assert made == alert(5)
    for action, given in (("create", {"metric": "mrr"}), ("change", whole), ("pause", {})):
        with pytest.raises(NotAnswered) as failed:
            await alerts.wanted(client, "default", action, name, given)  # type: ignore[arg-type]
        assert failed.value.code == "invalid_arguments"
    await watching.watch(client, write(name, made))
    assert await alerts.wanted(client, "default", "create", name, whole) == made
    assert await alerts.wanted(client, "default", "change", name, {"value": 9.0}) == alert(9)
    assert await alerts.wanted(client, "default", "pause", name, {}) == alert(5, paused=True)
    assert await alerts.wanted(client, "default", "delete", name, {}) is None
    with pytest.raises(NotAnswered, match="such an alert"):
        await alerts.wanted(client, "default", "create", name, whole | {"value": 9.0})


async def triggered(client: Client, name: str, times: int) -> None:
    """So many runs of the schedule have ended."""
    handle = client.get_schedule_handle(watching.schedule_id("default", name))
    query = (
        f"WorkflowType = 'metric_alert' AND WorkflowId STARTS_WITH '{watching.schedule_id('default', name)}'"
    )

    async def ended() -> bool:
        found = [each async for each in client.list_workflows(query)]
        return len([each for each in found if each.close_time]) >= times

    await handle.trigger()
    await until(ended)


def told(simulators: Control) -> list[str]:
    return [each["text"] for each in simulators.messages(CHANNEL)]


@pytest.mark.usefixtures("workers")
async def test_slack_is_told_once_for_each_crossing(client: Client, simulators: Control, name: str) -> None:
    simulators.invite_bot(f"#{CHANNEL}")
    await watching.watch(client, write(name, alert(1.0)))
    await triggered(client, name, 1)
    await triggered(client, name, 2)
    [said] = told(simulators)
    assert said.startswith("mrr of account default is $")
    assert "above $0.01 (month up to" in said
    await watching.watch(client, write(name, alert(10.0**14)))
    await triggered(client, name, 3)
    assert len(told(simulators)) == 1
    await watching.watch(client, write(name, alert(2.0)))
    await triggered(client, name, 4)
    assert len(told(simulators)) == 2


@pytest.mark.parametrize(
    ("interval", "first"),
    [
        ("day", "2026-05-20"),
        ("week", "2026-05-18"),
        ("month", "2026-05-01"),
        ("quarter", "2026-04-01"),
        ("year", "2026-01-01"),
    ],
)
def test_an_interval_begins_where_chartmogul_begins_it(interval: str, first: str) -> None:
    assert first_day(date(2026, 5, 20), interval).isoformat() == first
