"""Hold: the brake of a route, or a pause. Its run is the record, and tells the held runs of its end."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NoReturn

from temporalio import workflow
from temporalio.common import SearchAttributePair
from temporalio.exceptions import FailureError

from activities.holds import HoldActivities
from models.effects import Effect
from models.holds import (
    TEMPLATE,
    Decision,
    EndHeld,
    HeldNow,
    HeldQuery,
    HoldInput,
    HoldOn,
    HoldResult,
    SchedulesOf,
    Scope,
    Verdict,
    route_of,
)
from models.runs import Outcome
from temporal import HOLD, OUTCOME
from workflows.engine.ops import tell_ops
from workflows.engine.steps import StepFailed, long_step, step
from workflows.hold import texts

LONGEST_SILENCE = timedelta(days=1)
"""Between two messages on a brake that nobody decides on."""

LONGEST_UNTOLD = timedelta(hours=1)
"""Where the first message could not be told."""

AGAIN = timedelta(minutes=1)
"""After what could not be done now."""

LONGEST_WAIT = timedelta(minutes=10)
"""For runs that were told and that no worker has taken up."""

ROUND = timedelta(hours=24)
"""For telling one round of held runs: at the usual pace 50,000 take an hour and a half."""

ITS_TIME_IS_OVER = Decision(verdict=Verdict.RELEASED, why="its time was over")


@workflow.defn(name=TEMPLATE)
class Hold:
    """Open until a person decides, or a pause's time is over. Then it tells the held runs, again until
    no process can be holding any more; what a process holds later is another episode, of the same name."""

    @workflow.init
    def __init__(self, given: HoldInput) -> None:
        self._given = given
        self._open = given.open
        self._decision: Decision | None = None
        self._again: HoldOn | None = None
        self._ending: asyncio.Task[int] | None = None
        self._message: Effect | None = None
        self._told = 0
        self._silence = given.tell_after

    @workflow.run
    async def run(self, given: HoldInput) -> HoldResult:
        workflow.set_current_details(texts.open_details(given.name, self._open))
        if self._pauses_schedules:
            await self._see_to_schedules(pause=True)
        decision = await self._until_decided()
        runs = await self._end(decision)
        if again := self._again or await self._what_is_left():
            self._begin_anew(again)
        return HoldResult(outcome=decision.verdict.outcome, why=decision.why, by=decision.by, runs=runs)

    @workflow.signal(name="decide", description="Let the held runs go, or drop them")
    def decide(self, decision: Decision) -> None:
        self._decision = self._decision or decision

    @workflow.signal(name="hold_on", description="It is to be open: again, or until another time")
    def hold_on(self, now: HoldOn) -> None:
        if self._decision:
            self._again = now
            if now.until and self._ending:  # a pause begins again: what waits still goes on waiting
                self._ending.cancel()
        elif now.until and now != self._open:
            self._open = now
            workflow.upsert_memo({HOLD: now.as_memo()})

    async def _until_decided(self) -> Decision:
        while self._decision is None:
            seen = self._open
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda seen=seen: self._decision is not None or self._open is not seen,  # type: ignore[misc]
                    timeout=self._patience(),
                    timeout_summary="A person decides, or its time is over",
                )
                continue
            if self._open.until:
                self.decide(ITS_TIME_IS_OVER)
            else:
                await self._ask()
        return self._decision

    def _patience(self) -> timedelta:
        if self._open.until:
            return max(self._open.until - workflow.now(), timedelta(0))
        return self._silence

    async def _ask(self) -> None:
        """Ask a person once; later say in the thread how many there are, where that has changed."""
        now = await self._look()
        if now is None or (self._message and now.count == self._told):
            told = self._message
        elif self._message:
            key, text = f"update:{workflow.now().isoformat()}", texts.update_text(now.count, self._told)
            told = await self._tell(now, key, text, self._message.object_id)
        else:
            text = texts.brake_text(self._given, workflow.info().start_time, now)
            told = self._message = await self._tell(now, "open", text)
        if told and now:
            self._told = now.count
        self._silence = self._next_silence(told=told is not None)

    def _next_silence(self, *, told: bool) -> timedelta:
        """Also where there is no channel, or Slack is away: nobody may decide for months."""
        if told:
            return min(max(2 * self._silence, self._given.update_every), LONGEST_SILENCE)
        return min(max(2 * self._silence, AGAIN), LONGEST_UNTOLD)

    async def _look(self) -> HeldNow | None:
        query = HeldQuery(name=self._given.name)
        with suppress(StepFailed):
            return await step(HoldActivities.count_held, query, summary="Count the runs that are held")
        return None

    async def _tell(self, now: HeldNow, key: str, text: str, thread_ts: str | None = None) -> Effect | None:
        """The key has the run in it: of an episode each message is told once."""
        whole = f"{self._given.name}:{workflow.info().run_id}:{key}"
        patience = self._given.patience
        return await tell_ops(now.ops_channel, whole, text, thread_ts=thread_ts, patience=patience)

    async def _end(self, decision: Decision) -> int:
        """How many runs were told; one that was told twice counts twice."""
        self._say(decision)
        self._ending = asyncio.create_task(self._tell_all(decision, workflow.now()))
        runs = 0
        try:
            runs = await self._ending
        except (asyncio.CancelledError, FailureError):
            if not self._again:
                raise
        if self._pauses_schedules and not self._again:
            await self._see_to_schedules(pause=False)
        workflow.set_current_details(texts.ended_details(self._given.name, decision, runs))
        await self._tell_the_end(decision, runs)
        return runs

    def _say(self, decision: Decision) -> None:
        """From now on no new run is held: every process that looks at the list knows it."""
        workflow.upsert_search_attributes([OUTCOME.value_set(decision.verdict.outcome)])
        workflow.upsert_memo({HOLD: self._open.as_memo(decided_at=workflow.now())})

    async def _tell_all(self, decision: Decision, decided_at: datetime) -> int:
        """Those that are there now; then, once no process can hold any more, those that came meanwhile."""
        if not self._is_brake:
            await workflow.sleep(self._given.stale / 3, summary="Until most processes take steps again")
        runs = await self._tell_round(decision, decided_at)
        wait, left = 2 * self._given.stale, 1
        while left:
            await workflow.sleep(wait, summary="Until every process knows of the end")
            left = await self._tell_round(decision, decided_at)
            runs, wait = runs + left, min(2 * wait, LONGEST_WAIT)
        return runs

    async def _tell_round(self, decision: Decision, decided_at: datetime) -> int:
        work = EndHeld(
            name=self._given.name,
            decision=decision,
            begun_until=self._bound(decision, decided_at),
            per_second=self._given.per_second,
        )
        summary = f"Tell the runs that are held: {decision.verdict}"
        while True:
            try:
                return await long_step(HoldActivities.end_held, work, summary=summary, limit=ROUND)
            except StepFailed:
                await workflow.sleep(AGAIN, summary="Try again")

    def _bound(self, decision: Decision, decided_at: datetime) -> datetime:
        """Nobody has seen what a brake holds later than its drop was decided: that is not dropped. What it
        holds much later than its release is another flood."""
        if not self._is_brake:
            return workflow.now()
        return decided_at if decision.verdict is Verdict.DROPPED else decided_at + self._given.stale

    async def _what_is_left(self) -> HoldOn | None:
        """What a brake holds all the same is for a person to decide on again."""
        if self._is_brake and (now := await self._look()) and now.count:
            return HoldOn(why=self._open.why)
        return None

    def _begin_anew(self, opened: HoldOn) -> NoReturn:
        labels = workflow.info().typed_search_attributes
        workflow.continue_as_new(
            self._given.model_copy(update={"open": opened}),
            memo={HOLD: opened.as_memo()},
            search_attributes=labels.updated(SearchAttributePair(OUTCOME, Outcome.OPEN.value)),
        )

    async def _tell_the_end(self, decision: Decision, runs: int) -> None:
        if self._message and (now := await self._look()):
            await self._tell(now, "end", texts.end_text(decision, runs), self._message.object_id)

    @property
    def _is_brake(self) -> bool:
        return route_of(self._given.name) is not None

    @property
    def _pauses_schedules(self) -> bool:
        return not self._is_brake and Scope.of(self._given.name).pauses_schedules

    async def _see_to_schedules(self, *, pause: bool) -> None:
        name = self._given.name
        work = SchedulesOf(hold=name, why=self._open.why, account=Scope.of(name).account)
        see_to = HoldActivities.pause_schedules if pause else HoldActivities.resume_schedules
        while True:
            try:
                await step(see_to, work, summary=f"{'Pause' if pause else 'Resume'} the schedules")
                return
            except StepFailed:
                await workflow.sleep(AGAIN, summary="Try again")
