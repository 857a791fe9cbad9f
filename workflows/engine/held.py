"""A run that is held: it waits, without any cost, until its brake or pause ends, and then begins or is
dropped.

Lists know it by its start: Outcome `held`, WaitsFor with the hold's name, and the memo that says since when
and why.
"""

from temporalio import workflow

from models.holds import Decision, Verdict, route_of
from models.runs import Outcome, RunResult
from temporal import OUTCOME, WAITS_FOR
from workflows.engine import trouble
from workflows.engine.steps import is_rerun


class Held:
    """`title` heads the run's details. Without `by` nothing holds the run."""

    def __init__(self, by: str | None, title: str) -> None:
        self._by, self._title = by, title
        self._decision: Decision | None = None

    def end(self, decision: Decision) -> None:
        """The first word counts."""
        self._decision = self._decision or decision

    async def until_released(self) -> bool:
        """Whether it was held at all. A person who runs it again has decided for this run alone.

        Raises Dropped where it shall not begin."""
        if not self._by:
            return False
        if is_rerun():
            self._say(Outcome.OPEN)
            return False
        trouble.show(f"### {self._title}")
        self._show(f"Held by {self._by}. {_what_to_do(self._by)}")
        await workflow.wait_condition(lambda: self._decision is not None)
        decision = self._decision
        assert decision is not None
        dropped = decision.verdict is Verdict.DROPPED
        self._say(Outcome.DROPPED if dropped else Outcome.OPEN)
        self._show(f"Was held by {self._by}, {decision.words}.")
        if dropped:
            raise Dropped(decision.words)
        return True

    def _say(self, outcome: Outcome) -> None:
        workflow.upsert_search_attributes([WAITS_FOR.value_unset(), OUTCOME.value_set(outcome)])

    def _show(self, state: str) -> None:
        trouble.show_hold(state)


class Dropped(Exception):
    """A person dropped the run while it was held: it has done nothing, and does nothing."""

    @property
    def result(self) -> RunResult:
        return RunResult(outcome=Outcome.DROPPED, dropped=str(self))


def _what_to_do(hold: str) -> str:
    alone = f"`mogulflow retry {workflow.info().workflow_id}` lets this one begin alone."
    if route := route_of(hold):
        return (
            f'`mogulflow release {route} "why"` lets all go that it holds, `mogulflow drop {route} "why"` '
            f"ends them without any effect. {alone}"
        )
    return f"It begins when the pause ends. {alone}"
