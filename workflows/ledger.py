"""What a run has done so far, and how the Web UI shows it."""

from collections.abc import Awaitable
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from models.effects import Effect
from models.runs import Outcome, Problem, RunResult
from temporal import OUTCOME, STATED
from workflows import trouble
from workflows.steps import StepFailed

R = TypeVar("R")

WHAT_TO_DO = {
    "Unauthorized": "Mend the credential or its rights (`mogulflow doctor` says which), then",
    "Ambiguous": "Merge or tell apart the records it names, then",
    "NotFound": "See whether what it names was deleted, or is hidden from the integration's user, then",
}
GAP = "\u2003"  # the Web UI sets table cells without any space between them
OTHERWISE = "Mend what the message says, then"
BY_A_ROUTE = ("NotFound", "Rejected")
"""Errors of writes that a wrong channel, owner or field of a route can cause."""
WRITES = ("slack.", "salesforce.", "hubspot.")


def how_again(workflow_id: str, step: str, error: str) -> str:
    """The command that runs it again. A plain one keeps the route that the run was given."""
    command = f"run `mogulflow retry {workflow_id}`"
    if error in BY_A_ROUTE and step.startswith(WRITES):
        return f"{command}; where its route was wrong and is corrected, add `--current-route`."
    return f"{command}."


class Ledger:
    """Effects and problems of one run. A problem stops only the steps that need what failed."""

    def __init__(self, title: str) -> None:
        self._title = title
        self.effects: list[Effect] = []
        self.problems: list[Problem] = []
        self.restated: list[str] = []

    async def attempt(self, step: Awaitable[R | None]) -> R | None:
        """The step's result; None where it failed for good, which is written down as a problem."""
        try:
            result = await step
        except StepFailed as failure:
            self.note_problem(failure)
            return None
        if isinstance(result, Effect):
            self.effects.append(result)
            self.show()
        return result

    def end(self, outcome: Outcome) -> RunResult:
        """Close the books: `partial` where a step failed for good."""
        return self._close(Outcome.PARTIAL if self.problems else outcome)

    def fail(self, failure: StepFailed) -> ApplicationError:
        """The error that ends a run which cannot go on without this step."""
        self.note_problem(failure)
        self._close(Outcome.FAILED)
        return ApplicationError(str(failure), type=failure.kind, non_retryable=True)

    def note_problem(self, failure: StepFailed) -> None:
        self.add_problem(Problem(step=failure.step, kind=failure.kind, message=str(failure)))

    def add_problem(self, problem: Problem) -> None:
        self.problems.append(problem)
        workflow.logger.warning("Step failed for good", extra={"step": problem.step, "kind": problem.kind})
        workflow.upsert_search_attributes([OUTCOME.value_set(Outcome.PARTIAL)])
        trouble.say_problems(self.problems)
        self.show()

    def note_restatement(self, stated: list[str], now: str) -> None:
        """ChartMogul recalculated: what was done stands, and a person can see why it differs. `stated` is
        all it has said so far, oldest first; as a memo it tells the next sweep that this run knows."""
        before = stated[-1]
        if now == before:
            return
        self.restated.append(now)
        workflow.logger.info("Movement restated", extra={"before": before, "now": now})
        self.show()
        stated.append(now)
        workflow.upsert_memo({STATED: stated})

    def show(self) -> None:
        trouble.show(self.markdown())

    def table(self) -> list[str]:
        """Lines of markdown: what there is to see of the run's work."""
        rows = [_row(effect) for effect in self.effects]
        return ["| system | object | what | tries | |", "|---|---|---|---|---|", *rows] if rows else []

    def markdown(self) -> str:
        restated = [f"ChartMogul has restated the movement: {now}." for now in self.restated]
        lines = [f"### {self._title}", "", *self.table(), "", *restated, *map(_advice, self.problems)]
        return "\n".join(lines).strip()

    def _close(self, outcome: Outcome) -> RunResult:
        workflow.upsert_search_attributes([OUTCOME.value_set(outcome)])
        self.show()
        return RunResult(
            outcome=outcome, effects=self.effects, problems=self.problems, restated=self.restated
        )


def _row(effect: Effect) -> str:
    done = effect.action.value + (f" ({effect.note})" if effect.note else "")
    link = f"[open]({effect.link})" if effect.link else ""
    cells = (effect.system, effect.object_type, done, str(effect.tries), link)
    return "".join(f"| {cell}{GAP}" for cell in cells) + "|"


def _advice(problem: Problem) -> str:
    todo = WHAT_TO_DO.get(problem.kind, OTHERWISE)
    again = how_again(workflow.info().workflow_id, problem.step, problem.kind)
    return f"**{problem.step}** failed: {problem.message} {todo} {again}"
