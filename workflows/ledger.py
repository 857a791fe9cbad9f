"""What a run has done so far, and how the Web UI shows it."""

from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from models.effects import Effect
from models.runs import Outcome, Problem, RunResult
from temporal import OUTCOME, STATED, WOULD
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


class Ledger:
    """Effects and problems of one run. A problem stops only the steps that need what failed."""

    def __init__(self, title: str, *, shadow: bool = False) -> None:
        """`shadow` where the run's route is in preview: its end says what it would have written."""
        self._title = title
        self._shadow = shadow
        self.effects: list[Effect] = []
        self.problems: list[Problem] = []
        self.restated: list[str] = []
        self.fallbacks: list[str] = []
        self._verdict = ""

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

    def end(self, outcome: Outcome, verdict: str = "") -> RunResult:
        """Close the books: `partial` where a step failed for good. `verdict` says what it came to."""
        self._verdict = verdict
        return self._close(self._outcome(outcome))

    def state(self, outcome: Outcome) -> None:
        """What the run has come to, for one that goes on to wait."""
        self._say(self._outcome(outcome))

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

    def note_fallback(self, failure: StepFailed) -> None:
        """A step that others can do without failed for good: they are done in another way."""
        self.fallbacks.append(f"{failure.step}: {failure}")
        workflow.logger.warning("Gone on without", extra={"step": failure.step, "kind": failure.kind})
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
        without = [f"Gone on without **{each}**" for each in self.fallbacks]
        verdict = [self._verdict] if self._verdict else []
        notes = [*verdict, *restated, *without, *map(_advice, self.problems)]
        shadow = ["Its route is in preview: nothing is written.", ""] if self._shadow else []
        lines = [f"### {self._title}", "", *shadow, *self.table(), "", *notes]
        return "\n".join(lines).strip()

    def _outcome(self, outcome: Outcome) -> Outcome:
        return Outcome.PARTIAL if self.problems else outcome

    def _say(self, outcome: Outcome) -> None:
        """To all who look at the list of runs."""
        workflow.upsert_search_attributes([OUTCOME.value_set(outcome)])
        if self._shadow:
            workflow.upsert_memo({WOULD: would(self.effects)})
        self.show()

    def _close(self, outcome: Outcome) -> RunResult:
        self._say(outcome)
        return RunResult(
            outcome=outcome,
            effects=self.effects,
            problems=self.problems,
            restated=self.restated,
            verdict=self._verdict,
            fallbacks=self.fallbacks,
        )


def would(effects: Iterable[Effect]) -> dict[str, int]:
    """`would create salesforce Task: 1`; nothing personal."""
    return Counter(f"{each.action.value} {each.system} {each.object_type}" for each in effects)


def _row(effect: Effect) -> str:
    done = effect.action.value + (f" ({effect.note})" if effect.note else "")
    link = f"[open]({effect.link})" if effect.link else ""
    cells = (effect.system, effect.object_type, done, str(effect.tries), link)
    return "".join(f"| {cell}{GAP}" for cell in cells) + "|"


def _advice(problem: Problem) -> str:
    todo = WHAT_TO_DO.get(problem.kind, OTHERWISE)
    command = f"`mogulflow retry {workflow.info().workflow_id}`"
    return f"**{problem.step}** failed: {problem.message} {todo} run {command}."
