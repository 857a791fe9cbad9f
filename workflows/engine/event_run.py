"""What the runs of all event templates have in common."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from temporalio import workflow

from models.effects import Effect
from models.events import AnyEvent
from models.holds import Decision
from models.runs import Outcome, RunResult
from models.templates.template import EventInput
from workflows.engine.acting import Acting, link_here
from workflows.engine.held import Dropped, Held
from workflows.engine.run_log import RunLog
from workflows.engine.trouble import pausing

G = TypeVar("G", bound=EventInput)


class EventRun(Generic[G]):
    """Base of the workflow of each event template, which has `@workflow.defn`, an `@workflow.init` with its
    own input that calls this one, and `run`, which leaves its work to `_when_released`."""

    def __init__(self, given: G) -> None:
        self._given = given
        self._run_log = RunLog.of_event(given)
        self._stated = [given.event.stated]
        self._held = Held(given.held_by, given.event.summary)

    @workflow.query(name="effects", description="What this run has done so far")
    def effects(self) -> list[Effect]:
        return self._run_log.effects

    @workflow.signal(name="restated", description="ChartMogul says otherwise of this movement now")
    def restated(self, now: AnyEvent) -> None:
        if self._run_log.note_restatement(self._stated, now.stated):
            self._act_on_restatement(now)

    @workflow.signal(name="hold_ended", description="What held this run has ended: begin, or be dropped")
    def hold_ended(self, decision: Decision) -> None:
        self._held.end(decision)

    async def _when_released(self, act: Callable[[], Awaitable[RunResult]]) -> RunResult:
        """What `act` comes to, once no brake or pause holds the run; or that a person has dropped it."""
        try:
            if await self._held.until_released():
                self._begin_now()
        except Dropped as dropped:
            return dropped.result
        return await act()

    def _begin_now(self) -> None:
        """What was held is acted on as if it had just come."""
        self._given = self._given.model_copy(update={"received_at": workflow.now()})

    def _act_on_restatement(self, now: AnyEvent) -> None:
        """For a template that does more than write it down."""

    async def _wait_for_its_day(self, summary: str) -> None:
        """Where the route says that what lies ahead waits."""
        if day := self._given.waits_until:
            await self._sleep_until(day, summary)

    async def _keep_its_day(self) -> None:
        """In preview: Temporal forgets closed runs, so that what lies ahead would be listed, and acted on,
        again."""
        if self._given.event.occurred_at > workflow.now():
            self._run_log.state(Outcome.PREVIEWED)
            await self._sleep_until(self._given.event.occurred_at, "Keep its day: it is acted on no more")

    async def _sleep_until(self, instant: datetime, summary: str) -> None:
        left = instant - workflow.now()
        if left > timedelta(0):
            with pausing(summary, instant):
                await workflow.sleep(left, summary=summary)

    def _key(self, name: str) -> str:
        """Of a write, by the business event: the same in every run of it."""
        return f"{self._given.event.run_key}:{name}"

    def _acting(self) -> Acting:
        """For what acts in its place."""
        keyed_by = f"{self._given.event.run_key}:{workflow.info().workflow_type}"
        return Acting(self._given, self._run_log, self._run_link(), keyed_by)

    def _run_link(self) -> str:
        return link_here(self._given.web_ui_url)
