"""Telling held runs of the end of their hold, and an account's schedules."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from temporalio import activity
from temporalio.client import (
    Client,
    ScheduleListDescription,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

import temporal
from activities.definition import step_activity
from activities.heartbeats import heartbeats
from activities.pauses import Pauses
from clients.kit.errors import Unavailable
from dispatch.holdings import held_by, holdings
from models.holds import (
    EndHeld,
    HeldNow,
    HeldQuery,
    Holding,
    PausedQuery,
    SchedulesOf,
    Scope,
)

MOST_AT_ONCE = 50_000
"""Held runs that one round tells; those that are left are the next round's."""

WATCH = "ops_watch"
"""The schedule that tells people what waits for them is never paused."""


class HoldActivities:
    """`ops_channel` and `web_ui_url` are of the messages that ask a person."""

    def __init__(self, pauses: Pauses, ops_channel: str | None, web_ui_url: str) -> None:
        self._pauses = pauses
        self._ops_channel, self._web_ui_url = ops_channel, web_ui_url

    @step_activity("holds.count_held")
    async def count_held(self, query: HeldQuery) -> HeldNow:
        client = activity.client()
        try:
            count = (await client.count_workflows(held_by(query.name))).count
        except RPCError as error:
            raise _unavailable(error) from None
        link = temporal.list_link(self._web_ui_url, client.namespace, held_by(query.name))
        return HeldNow(count=count, ops_channel=self._ops_channel, link=link)

    @step_activity("holds.is_paused")
    async def is_paused(self, query: PausedQuery) -> bool:
        """Whether a person keeps steps of the system waiting, for the workflow that asks."""
        return self._pauses.hold_on(query.system) is not None

    @step_activity("holds.end_held")
    async def end_held(self, work: EndHeld) -> int:
        """How many were told. Who is told twice, after a try that was cut off, heeds the first word."""
        told = 0
        async with heartbeats(lambda: told):
            try:
                for run in await _oldest_first(activity.client(), work):
                    told += await _tell(activity.client(), run, work)
                    await asyncio.sleep(1 / work.per_second)
            except RPCError as error:
                raise _unavailable(error) from None
        return told

    @step_activity("holds.pause_schedules")
    async def pause_schedules(self, work: SchedulesOf) -> int:
        """Those that run. One that somebody paused before stays theirs."""
        note, paused = note_of(work), 0
        try:
            async for each in _schedules(activity.client(), work.account):
                if each.schedule and not each.schedule.state.paused:
                    await activity.client().get_schedule_handle(each.id).pause(note=note)
                    paused += 1
        except RPCError as error:
            raise _unavailable(error) from None
        return paused

    @step_activity("holds.resume_schedules")
    async def resume_schedules(self, work: SchedulesOf) -> int:
        """Those that carry our note. Where another pause concerns one still, it becomes that one's."""
        client, resumed = activity.client(), 0
        try:
            others = [each for each in await holdings(client) if each.is_open and each.name != work.hold]
            async for each in _schedules(client, work.account):
                if each.schedule and (each.schedule.state.note or "").startswith(_mark(work.hold)):
                    await _hand_over(client, each.id, work, _concerning(each.id, others))
                    resumed += 1
        except RPCError as error:
            raise _unavailable(error) from None
        return resumed


def note_of(work: SchedulesOf) -> str:
    return f"{_mark(work.hold)}: {work.why}"


def _mark(hold: str) -> str:
    return f"mogulflow {hold}"


def _concerning(schedule: str, holds: list[Holding]) -> Holding | None:
    """An open pause that has paused this schedule, too, or would have."""
    names = (Scope().hold, Scope(account=_account_of(schedule)).hold)
    return next((each for each in holds if each.name in names), None)


async def _hand_over(client: Client, schedule: str, work: SchedulesOf, to: Holding | None) -> None:
    """Only where it carries our note still: an operator may have taken it over this moment."""

    def change(now: ScheduleUpdateInput) -> ScheduleUpdate | None:
        declared = now.description.schedule
        if not (declared.state.note or "").startswith(_mark(work.hold)):
            return None
        note = note_of(SchedulesOf(hold=to.name, why=to.why)) if to else ""
        state = replace(declared.state, paused=to is not None, note=note)
        return ScheduleUpdate(replace(declared, state=state))

    await client.get_schedule_handle(schedule).update(change)


async def _schedules(client: Client, account: str | None) -> AsyncIterator[ScheduleListDescription]:
    async for each in await client.list_schedules():
        ours = (await each.memo()).get("owner") == "mogulflow"
        if ours and each.id != WATCH and account in (None, _account_of(each.id)):
            yield each


def _account_of(schedule: str) -> str:
    """`poll/default`, `crm/default/hubspot`."""
    return schedule.split("/")[1] if "/" in schedule else ""


async def _oldest_first(client: Client, work: EndHeld) -> list[tuple[datetime, str, str]]:
    """When each began, its workflow and its run id. Temporal lists newest first, and in no other order."""
    query = f"{held_by(work.name)} AND StartTime <= '{work.begun_until.isoformat()}'"
    listed = client.list_workflows(query, limit=MOST_AT_ONCE, page_size=1000)
    return sorted([(run.start_time, run.id, run.run_id) async for run in listed])


async def _tell(client: Client, run: tuple[datetime, str, str], work: EndHeld) -> int:
    _, workflow_id, run_id = run
    try:
        await client.get_workflow_handle(workflow_id, run_id=run_id).signal("hold_ended", work.decision)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:  # somebody has ended it, or run it again
            return 0
        raise
    return 1


def _unavailable(error: RPCError) -> Unavailable:
    return Unavailable("holds", f"Temporal did not answer: {error.message}")
