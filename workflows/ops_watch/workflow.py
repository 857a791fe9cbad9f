"""Ops watch: tell the ops channel, once, what waits for a person and which system is away."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from temporalio import workflow

from activities.runs.steps import LISTED, RunsActivities
from models.attention import (
    Attention,
    AttentionQuery,
    Group,
    Kind,
    Outage,
    Trouble,
    Waiting,
    WatchInput,
    WatchState,
)
from models.effects import Effect
from models.holds import PAUSED, route_of
from workflows.engine.ops import run_failure, tell_ops
from workflows.engine.steps import StepFailed, step
from workflows.ops_watch import texts

MESSAGES = 5
"""In one sweep; what is left is for the next."""

STALE = timedelta(days=1)
"""An end of an outage that could not be told so long is no news."""


@workflow.defn(name="ops_watch")
class OpsWatch:
    """The last sweep's result says what has been told: state of the schedule, kept by Temporal.

    A sweep that told and died before its result was kept is repeated by the next one with the same
    keys: they come from that last state, and a message is looked for before it is posted. What has
    joined a group meanwhile stands in the list that the message links.
    """

    @workflow.init
    def __init__(self, given: WatchInput) -> None:
        self._given = given
        self._links = texts.Links(given.web_ui_url, workflow.info().namespace)
        self._messages = MESSAGES

    @workflow.run
    async def run(self, given: WatchInput) -> WatchState:
        last: WatchState = workflow.get_last_completion_result(WatchState) or WatchState()
        seen = await self._look(last)
        waiting = [each for each in seen.waiting if not _is_paused(each, seen, last)]
        outages = [await self._see_to(outage) for outage in _outages(last.outages, waiting)]
        groups = [await self._see_to_group(*each) for each in _groups(last.groups, seen)]
        return WatchState(
            groups=[each for each in groups if self._matters(each)],
            outages=[each for each in outages if each],
        )

    async def _look(self, last: WatchState) -> Attention:
        known = [key for group in last.groups for key in group.members]
        query = AttentionQuery(known=known, look_back=self._given.look_back)
        find = RunsActivities.find_trouble
        try:
            return await step(
                find, query, summary="Find what waits for a person", patience=self._given.patience
            )
        except StepFailed as failure:
            raise run_failure(failure) from None

    async def _see_to_group(self, group: Group, new: list[Trouble]) -> Group:
        """Tell of what is new in it, unless a message of it is quite recent."""
        group = group.with_members(group.members, self._given.most_members)
        if not new or self._is_recent(group):
            return group
        first = group.told_at.isoformat() if group.told_at else new[0].run_id
        text = texts.group_text(new, group.count, self._links)
        if not await self._tell(f"{group.kind}:{group.about}:{first}", text):
            return group
        members = [*group.members, *(run.key for run in new)]
        told = group.with_members(members, self._given.most_members)
        return told.model_copy(update={"told_at": workflow.now()})

    def _is_recent(self, group: Group) -> bool:
        return group.told_at is not None and workflow.now() - group.told_at < self._given.quiet

    def _matters(self, group: Group) -> bool:
        """One that is healed is kept for a while, lest it is told again at once where it comes and goes."""
        return bool(group.members) or self._is_recent(group)

    async def _see_to(self, outage: Outage) -> Outage | None:
        """None where it can be forgotten."""
        if outage.told_at is None:
            return await self._see_to_untold(outage)
        if outage.over_at:
            key = f"waiting:{outage.system}:over:{outage.told_at.isoformat()}"
            told = await self._tell(key, texts.recovered_text(outage), outage.thread)
            return None if told or workflow.now() - outage.over_at > STALE else outage
        if outage.count == outage.told or workflow.now() - outage.told_at < self._given.update_every:
            return outage
        key = f"waiting:{outage.system}:update:{outage.told_at.isoformat()}"
        told = await self._tell(key, texts.update_text(outage), outage.thread)
        return _told(outage) if told else outage

    async def _see_to_untold(self, outage: Outage) -> Outage | None:
        """Slack itself may be what is away: then it is told afterwards, where it was long."""
        key = f"waiting:{outage.system}:{outage.since.isoformat()}"
        if outage.over_at is None:
            if workflow.now() - outage.since < self._given.grace:
                return outage
            told = await self._tell(key, texts.outage_text(outage, self._links))
            return _told(outage, told.object_id) if told else outage
        short = outage.over_at - outage.since < self._given.worth_telling
        if short or workflow.now() - outage.over_at > STALE:
            return None
        return None if await self._tell(f"{key}:afterwards", texts.afterwards_text(outage)) else outage

    async def _tell(self, key: str, text: str, thread: str | None = None) -> Effect | None:
        """None where it could not be told now. Then no other message is tried: the next sweep does."""
        if not self._messages:
            return None
        channel, patience = self._given.ops_channel, self._given.patience
        told = await tell_ops(channel, f"attention:{key}", text, thread_ts=thread, patience=patience)
        self._messages = self._messages - 1 if told else 0
        return told


def _is_paused(waiting: Waiting, seen: Attention, last: WatchState) -> bool:
    """That runs wait for what a person has paused is no outage; an outage that was told of before is one."""
    pauses = any(route_of(hold.name) is None for hold in seen.holds)
    told = any(outage.system == waiting.system and outage.told_at for outage in last.outages)
    return pauses and not told and waiting.message.startswith(PAUSED)


def _groups(last: Sequence[Group], seen: Attention) -> list[tuple[Group, list[Trouble]]]:
    """Each with those of its runs that are untold. Members that are not listed any more are forgotten."""
    still = set(seen.still)
    groups = {(group.kind, group.about): group for group in last}
    new: dict[tuple[Kind, str], list[Trouble]] = {}
    for run in seen.troubles:
        if _is_for_a_group(run):
            new.setdefault((run.kind, run.about), []).append(run)
    return [
        (_remaining(groups.get(key) or Group(kind=key[0], about=key[1]), still, seen.more), new.get(key, []))
        for key in dict.fromkeys([*groups, *new])
    ]


def _is_for_a_group(run: Trouble) -> bool:
    """A sweep of ours that failed is healed by this one. What is not read yet the next one reads."""
    read = run.step or run.kind in (Kind.STUCK, Kind.UNREADABLE)
    return bool(read) and run.workflow_type != workflow.info().workflow_type


def _remaining(group: Group, still: set[str], unseen: int) -> Group:
    """Where there are more runs than were listed, nobody knows which are gone."""
    if unseen:
        return group
    return group.model_copy(update={"members": [key for key in group.members if key in still], "more": 0})


def _outages(last: Sequence[Outage], seen: Sequence[Waiting]) -> list[Outage]:
    known = {outage.system: outage for outage in last}
    waiting = {each.system: each for each in seen}
    now = workflow.now()
    over = [_over(outage, now) for outage in last if outage.system not in waiting]
    return [*over, *(_going_on(known.get(each.system), each) for each in seen)]


def _over(outage: Outage, now: datetime) -> Outage:
    return outage.model_copy(update={"count": 0, "over_at": outage.over_at or now})


def _going_on(outage: Outage | None, waiting: Waiting) -> Outage:
    """Runs that wait for a moment each, one after the other, are no outage: until it is told, one
    begins where its first run does. Where too many wait for all to be looked at, it is one."""
    if outage and (outage.told_at or waiting.since <= outage.since or waiting.count > LISTED):
        since, most = min(outage.since, waiting.since), max(outage.most, waiting.count)
        change = {"since": since, "count": waiting.count, "most": most, "over_at": None, "why": _why(waiting)}
        return outage.model_copy(update=change)
    count = waiting.count
    return Outage(system=waiting.system, since=waiting.since, count=count, most=count, why=_why(waiting))


def _why(waiting: Waiting) -> str:
    return waiting.message[: texts.MOST_OF_A_REASON]


def _told(outage: Outage, thread: str | None = None) -> Outage:
    change = {"told": outage.count, "told_at": workflow.now(), "thread": thread or outage.thread}
    return outage.model_copy(update=change)
