"""Alerts on metrics, each a schedule of Temporal's: brought to what they are to be, and taken back."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

import temporal
from clients.kit.errors import Rejected, Unavailable
from models.effects import Action, Effect, Mode
from models.metric_alert import AlertInput, AlertWrite, MetricAlert, Threshold
from models.undo import Undoing, Undone, UndoState

WORKFLOW, PREFIX = "metric_alert", "metric_alert/"
SYSTEM, OBJECT = "alerts", "metric alert"

OWNER = {"owner": "watch_metric"}
"""Memo of such a schedule: `mogulflow schedules` leaves it as it is."""

LIMIT = timedelta(minutes=50)
"""Of a look, waiting for ChartMogul and Slack included: shorter than the hour after which the next is due."""

Side = dict[str, Any]


def schedule_id(account: str, name: str) -> str:
    return f"{PREFIX}{account}/{name}"


def side_of(alert: MetricAlert | None) -> Side:
    """Its fields, flat."""
    if alert is None:
        return dict.fromkeys([*Threshold.model_fields, *MetricAlert.model_fields.keys() - {"rule"}])
    return alert.rule.model_dump(mode="json") | alert.model_dump(mode="json", exclude={"rule"})


def alert_in(side: Side | None) -> MetricAlert | None:
    """The alert whose side it is."""
    if not side or side.get("kind") is None:
        return None
    rule = {name: side[name] for name in Threshold.model_fields if name in side}
    rest = {name: side[name] for name in MetricAlert.model_fields if name in side}
    return MetricAlert.model_validate(rest | {"rule": rule})


async def watch(client: Client, write: AlertWrite) -> Effect:
    """Done twice is done once. Raises Unavailable, Rejected."""
    id = schedule_id(write.account, write.name)
    try:
        there = await _described(client, id)
        before = await alert_of(client, there.schedule) if there else None
        action = _action(write, before)
        if write.mode is Mode.LIVE and action in (Action.CREATED, Action.UPDATED):
            await _bring(client, id, there, write)
    except RPCError as error:
        raise Unavailable("runs", f"Could not change the alert: {error.message}") from None
    return Effect(
        system=SYSTEM,
        object_type=OBJECT,
        action=action,
        key=write.key,
        object_id=f"{write.account}/{write.name}",
        before=side_of(before) if before else None,
        after=side_of(write.alert),
    )


def _action(write: AlertWrite, before: MetricAlert | None) -> Action:
    if before == write.alert:
        return Action.UNCHANGED if before is None else write.already(Action.UPDATED)
    if write.mode is Mode.PREVIEW:
        return Action.WOULD_UPDATE if before else Action.WOULD_CREATE
    return Action.UPDATED if before else Action.CREATED


async def undo(client: Client, undoing: Undoing) -> Undone:
    """Back to what the alert was, where it still is what the run made of it. Raises as `watch`."""
    effect = undoing.effect
    account, _, name = (effect.object_id or "").rpartition("/")
    write = AlertWrite(
        key=undoing.key,
        mode=undoing.mode,
        repeat=undoing.repeat,
        account=account or undoing.account,
        name=name,
        alert=alert_in(effect.before),
    )
    found = await watch(client, write.model_copy(update={"mode": Mode.PREVIEW}))
    now = found.before or side_of(None)
    if now != effect.after and now != found.after:
        left = sorted(field for field in now if now[field] != effect.after.get(field))
        skipped = found.model_copy(update={"action": Action.SKIPPED, "after": found.before or {}})
        return Undone(state=UndoState.CHANGED_SINCE, effect=skipped, left=left)
    return Undone(state=UndoState.UNDONE, effect=await watch(client, write))


async def _described(client: Client, id: str) -> ScheduleDescription | None:
    try:
        described = await client.get_schedule_handle(id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    if (await described.memo()).get("owner") != OWNER["owner"]:
        raise Rejected("runs", f"The schedule {id} is not one of ours.")
    return described


async def alert_of(client: Client, schedule: Schedule) -> MetricAlert:
    """With what somebody has paused since."""
    given = await _input(client, schedule)
    return given.alert.model_copy(update={"paused": schedule.state.paused})


async def _input(client: Client, schedule: Schedule) -> AlertInput:
    action = schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)  # Temporal has no other
    [given] = await client.data_converter.decode(list(action.args), [AlertInput])
    assert isinstance(given, AlertInput)
    return given


async def _bring(client: Client, id: str, there: ScheduleDescription | None, write: AlertWrite) -> None:
    handle = client.get_schedule_handle(id)
    if write.alert is None:
        return await handle.delete()
    wanted = schedule_of(write, write.alert)
    if there is None:
        with suppress(ScheduleAlreadyRunningError):  # an earlier try of ours
            await client.create_schedule(id, wanted, memo=OWNER)
            return
    await handle.update(lambda now: _updated(wanted, now))


def _updated(wanted: Schedule, now: ScheduleUpdateInput) -> ScheduleUpdate:
    state = replace(now.description.schedule.state, paused=wanted.state.paused)
    return ScheduleUpdate(replace(wanted, state=state))


def schedule_of(write: AlertWrite, alert: MetricAlert) -> Schedule:
    """Each looks at the value of now: a missed one is made good by the next."""
    given = AlertInput(account=write.account, name=write.name, alert=alert)
    what = f"Alert {write.name} of account {write.account}"
    return Schedule(
        action=ScheduleActionStartWorkflow(
            WORKFLOW,
            given,
            id=schedule_id(write.account, write.name),
            task_queue=temporal.WORKFLOWS,
            task_timeout=temporal.TASK_TIMEOUT,
            execution_timeout=LIMIT,
            typed_search_attributes=temporal.labels(what, write.account),
            static_summary=what,
        ),
        spec=_spec(alert),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=10)),
        state=ScheduleState(paused=alert.paused),
    )


def _spec(alert: MetricAlert) -> ScheduleSpec:
    """Each day at 06:10, clear of clock changes and after the night's work."""
    if alert.every == "hour":
        return ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))])
    daily = ScheduleCalendarSpec(hour=[ScheduleRange(6)], minute=[ScheduleRange(10)])
    return ScheduleSpec(calendars=[daily], time_zone_name=alert.time_zone)
