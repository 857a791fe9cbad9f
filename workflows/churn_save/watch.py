"""Waiting until ChartMogul says what became of a customer who cancelled."""

from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow

from models.templates.churn_save import ChurnSaveInput
from models.wording import span
from workflows.churn_save.facts import ChurnFacts
from workflows.churn_save.reading import Reading
from workflows.churn_save.verdict import Verdict
from workflows.engine.run_log import RunLog
from workflows.engine.steps import StepFailed
from workflows.engine.trouble import told_before

RETURN_SHOWS_AFTER = (0, 1, 15)
"""In `settling_seconds`: how long to wait for each look, after we are told that the customer is back."""


class Watch:
    """Looks when we are told of a return, and after the route's days. `days` are those of the last look."""

    def __init__(self, given: ChurnSaveInput, reading: Reading, run_log: RunLog) -> None:
        self._given, self._reading, self._run_log = given, reading, run_log
        self.days = 0.0
        self.is_unknown = False
        """At the last look ChartMogul did not know the customer any more."""

    async def until_known(self) -> Verdict | None:
        """None where nobody could tell at the last look."""
        verdict = None
        start = max(self._given.received_at, self._given.event.occurred_at)
        for days in self._given.options.check_back_days or [0.0]:
            self.days = days
            while await self._is_told_before(start + timedelta(days=self.days)):
                if verdict := await self._look_for_their_return():
                    return verdict
            verdict = await self._look()
            if _ends(verdict):
                return verdict
        return verdict

    async def _is_told_before(self, instant: datetime) -> bool:
        if instant <= workflow.now():
            return self._is_told
        why = f"Check back {span(self.days)} after the cancellation"
        return await told_before(instant, lambda: self._is_told, why)

    @property
    def _is_told(self) -> bool:
        """Also where it was before the first reading, which may have come too soon."""
        is_early = self._reading.is_hinted and self._given.rereads_verdicts
        return self._reading.is_asked_for or is_early

    async def _look_for_their_return(self) -> Verdict | None:
        """ChartMogul's API may show it later than its webhook says it. Where it does not, we wait on."""
        self._reading.is_hinted = False
        for times in RETURN_SHOWS_AFTER:
            if times:
                await self._reading.settle(times, "Give ChartMogul time to show the return")
            with suppress(StepFailed):
                facts = await self._reading.again()
                verdict = self._reading.verdict(facts, self.days) if facts else None
                if _ends(verdict):
                    return verdict
        return None

    async def _look(self) -> Verdict | None:
        try:
            facts = await self._reading_of_now()
        except StepFailed as failure:
            self._run_log.note_problem(failure)
            return None
        self.is_unknown = facts is None
        if facts is None:
            return None
        verdict = self._reading.verdict(facts, self.days)
        if verdict is None:
            self._run_log.note_problem(self._reading.unread(facts))
        return verdict

    async def _reading_of_now(self) -> ChurnFacts | None:
        facts = await self._reading.again()
        if facts is not None:
            return facts
        if not self._given.who_pays_decides:
            return self._reading.facts
        await self._reading.settle(1, "Give ChartMogul time to end a merge")
        return await self._reading.again()


def _ends(verdict: Verdict | None) -> bool:
    return verdict is not None and not verdict.is_lost
