"""Take what an event means for its customer to the customer's case, and hear what was done about it."""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

from activities.runs.steps import RunsActivities
from models.cases import Joining, Taken
from models.templates.template import EventInput
from temporal import FIRST
from workflows.engine.acting import Acting, link_here
from workflows.engine.run_log import RunLog
from workflows.engine.steps import step

ASK_AGAIN = timedelta(hours=1)
"""A case that was ended by a person answers nobody: then another one is begun."""


class Membership:
    """Of an event's run. Its signal `taken` gives it the answer."""

    def __init__(self) -> None:
        self._answer: Taken | None = None

    def hear(self, taken: Taken) -> None:
        self._answer = taken

    def _answered(self) -> Taken | None:
        return self._answer

    async def join(self, acting: Acting, joining: Joining) -> Taken:
        """Its effects and problems are the run's. Raises StepFailed."""
        self._answer = None
        while (answer := self._answered()) is None:
            made = await step(RunsActivities.join_case, joining, summary="Take it to the customer's case")
            if made:
                self.hear(made)
                continue
            with suppress(TimeoutError):
                await workflow.wait_condition(lambda: self._answer is not None, timeout=ASK_AGAIN)
        for effect in answer.effects:
            acting.log.add(effect)
        for problem in answer.problems:
            acting.log.add_problem(problem)
        return answer


def acting_for(given: EventInput, log: RunLog, keyed_by: str) -> Acting:
    """In a case. Where it is not its customer's first, an earlier one may have had the same event."""
    link, is_first = link_here(given.web_ui_url), FIRST in workflow.memo()
    return Acting(given, log, link, keyed_by, may_repeat=not is_first)


class Doing:
    """What a case does about one thing that it is told: from here on, as its log has it."""

    def __init__(self, acting: Acting) -> None:
        self._log, self._link = acting.log, acting.link
        self._effects, self._problems = len(acting.log.effects), len(acting.log.problems)
        self.notes: list[str] = []

    @property
    def taken(self) -> Taken:
        return Taken(
            effects=self._log.effects[self._effects :],
            problems=self._log.problems[self._problems :],
            link=self._link,
            notes=self.notes,
        )


async def answer(run: str, taken: Taken) -> None:
    """A run that has ended needs none."""
    with suppress(FailureError):
        await workflow.get_external_workflow_handle(run).signal("taken", taken)
