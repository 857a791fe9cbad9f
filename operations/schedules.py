"""Temporal's schedules as schedules.py declares them; what an operator paused stays so."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

import temporal
from operations.dates import in_words
from operations.errors import Stopped
from schedules import OWNER, Declaration, declarations
from settings import Settings

Fields = dict[str, str]
SHOWN_WHEN_NEW = ("when", "overlap", "catch-up", "time-out")
MOST_TOLD = 20
"""Differences of one schedule."""


class What(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    PRUNE = "prune"
    LEFT = "no longer declared"
    FOREIGN = "not ours"


@dataclass(frozen=True)
class Step:
    """`details` are in words: what changes, or when a new one runs. `paused` is why an operator did that."""

    id: str
    what: What
    details: Sequence[str] = ()
    declared: Declaration | None = None
    paused: str = ""

    @property
    def why(self) -> str:
        return self.declared.why if self.declared and self.what is not What.UNCHANGED else ""


async def apply(settings: Settings, *, dry_run: bool = False, prune: bool = False) -> Sequence[Step]:
    """Nothing is written where nothing differs, and nothing of a schedule that is not ours. Raises Stopped
    and BadConfig."""
    if not settings.chartmogul:  # a forgotten file of settings must not delete the polls
        raise Stopped(
            "No ChartMogul account is set, so none would be polled. Set CHARTMOGUL__DEFAULT__API_KEY."
        )
    declared = declarations(settings)
    client = await temporal.connect()
    steps = [await _step(client, each) for each in declared]
    steps += await _leftovers(client, {each.id for each in declared}, prune=prune)
    if not dry_run:
        for step in steps:
            await _take(client, step)
    return steps


async def _step(client: Client, declared: Declaration) -> Step:
    try:
        present = await client.get_schedule_handle(declared.id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        fields = await fields_of(client, declared.schedule())
        return Step(
            declared.id, What.CREATE, [f"{name}: {fields[name]}" for name in SHOWN_WHEN_NEW], declared
        )
    if not await _is_ours(present):
        return Step(declared.id, What.FOREIGN, ["left as it is"], declared)
    return await _difference(client, declared, present)


async def _is_ours(schedule: Any) -> bool:
    memo: dict[str, Any] = await schedule.memo()
    return memo.items() >= OWNER.items()


async def _difference(client: Client, declared: Declaration, present: ScheduleDescription) -> Step:
    """From what Temporal has, also where somebody changed that by hand."""
    before = await fields_of(client, present.schedule)
    after = await fields_of(client, declared.schedule())
    changes = [
        f"{name}: {before.get(name, '-')} → {after.get(name, '-')}"
        for name in before | after
        if before.get(name) != after.get(name)
    ]
    if len(changes) > MOST_TOLD:
        changes[MOST_TOLD:] = [f"and {len(changes) - MOST_TOLD} more"]
    state = present.schedule.state
    paused = f"paused: {state.note or 'no reason given'}" if state.paused else ""
    return Step(declared.id, What.UPDATE if changes else What.UNCHANGED, changes, declared, paused)


async def _leftovers(client: Client, declared: set[str], *, prune: bool) -> list[Step]:
    what = What.PRUNE if prune else What.LEFT
    details = () if prune else ("--prune deletes it",)
    return [
        Step(each.id, what, details)
        async for each in await client.list_schedules()
        if each.id not in declared and await _is_ours(each)
    ]


async def _take(client: Client, step: Step) -> None:
    if step.what is What.PRUNE:
        return await client.get_schedule_handle(step.id).delete()
    if step.declared is None:
        return
    wanted = step.declared.schedule()
    if step.what is What.CREATE:
        with suppress(ScheduleAlreadyRunningError):  # somebody else was quicker
            await client.create_schedule(step.id, wanted, memo=OWNER)
    elif step.what is What.UPDATE:
        await client.get_schedule_handle(step.id).update(lambda now: _updated(wanted, now))


def _updated(wanted: Schedule, now: ScheduleUpdateInput) -> ScheduleUpdate:
    """Pause and note are the operator's."""
    return ScheduleUpdate(replace(wanted, state=now.description.schedule.state))


async def fields_of(client: Client, schedule: Schedule) -> Fields:
    """In words, the same for one of ours and for one that Temporal describes."""
    action = schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)  # Temporal has no other
    attributes = {pair.key.name: str(pair.value) for pair in action.typed_search_attributes}
    what, why, *given = await _plain(client, [action.static_summary, action.static_details, *action.args])
    return {
        "runs": action.id,
        "workflow": action.workflow,
        "when": when(schedule.spec),
        "overlap": schedule.policy.overlap.name.lower().replace("_", " "),
        "catch-up": in_words(schedule.policy.catchup_window) if schedule.policy.catchup_window else "-",
        "time-out": in_words(action.execution_timeout) if action.execution_timeout else "none",
        "task time-out": in_words(action.task_timeout) if action.task_timeout else "none",
        "queue": action.task_queue,
        "priority": str(action.priority.priority_key or "-"),
        "pause on failure": str(schedule.policy.pause_on_failure).lower(),
        **{f"input {name}".strip(): str(value) for each in given for name, value in _leaves(each)},
        **attributes,
        "what": str(what),
        "why": str(why),
    }


def _leaves(given: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """A mapping has hundreds of names; only those that differ are to be told. What an operator gave may be
    no object: a leaf without a name."""
    parts = given if isinstance(given, dict) else _elements(given) if isinstance(given, list) else {}
    if not parts:
        yield above, given
    for name, value in parts.items():
        yield from _leaves(value, f"{above}.{name}" if above else str(name))


def _elements(given: list[Any]) -> dict[str, Any]:
    """By their names, so that one more does not shift all that follow. Their order may mean something, such
    as that of columns: each tells which it follows."""
    names = [_name_of(each) for each in given]
    if None in names or len(set(names)) < len(names):
        return {str(place): each for place, each in enumerate(given)}
    named = zip(names, given, ["-", *names][: len(given)], strict=True)
    return {str(name): {**each, "comes after": before} for name, each, before in named}


def _name_of(element: Any) -> str | None:
    found = isinstance(element, dict) and (element.get("target") or element.get("name"))
    return found if isinstance(found, str) else None


async def _plain(client: Client, values: Sequence[Any]) -> list[Any]:
    """As Temporal gives them back: models become their JSON."""
    converter = client.data_converter
    payloads = [each if isinstance(each, Payload) else (await converter.encode([each]))[0] for each in values]
    return await converter.decode(payloads)


def when(spec: ScheduleSpec) -> str:
    parts = [f"every {in_words(each.every)}" for each in spec.intervals if not each.offset]
    parts += [str(each) for each in spec.intervals if each.offset]
    parts += [_daily(each, spec.time_zone_name or "UTC") for each in spec.calendars]
    rest = replace(spec, intervals=[], calendars=[], time_zone_name=None)
    return ", ".join(parts + ([str(rest)] if rest != ScheduleSpec() else []))


def _daily(calendar: ScheduleCalendarSpec, zone: str) -> str:
    """`daily at 04:40 UTC`; another kind of calendar as it is."""
    hour, minute = list(calendar.hour)[:1], list(calendar.minute)[:1]
    plain = ScheduleCalendarSpec(hour=hour, minute=minute, comment=calendar.comment)
    if hour and minute and _ranges(calendar) == _ranges(plain):
        return f"daily at {hour[0].start:02}:{minute[0].start:02} {zone}"
    return str(calendar)


def _ranges(calendar: ScheduleCalendarSpec) -> list[list[Any]]:
    return [list(value) for name, value in vars(calendar).items() if name != "comment"]
