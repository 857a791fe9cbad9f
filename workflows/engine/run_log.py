"""What a run has done so far, and how the Web UI shows it."""

from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from typing import Self, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from models.bounds import within
from models.effects import Effect, shown
from models.runs import Outcome, Problem, Rerun, RunResult
from models.templates.template import EventInput
from models.wording import clock
from temporal import OUTCOME, RERUN, STATED, WOULD
from workflows.engine import trouble
from workflows.engine.steps import StepFailed

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
WRITES = tuple(
    f"{system}."
    for system in ("slack", "salesforce", "hubspot", "connector", "intercom", "zendesk", "gong", "marketo")
)


def how_again(workflow_id: str, step: str, error: str) -> str:
    """The command that runs it again. A plain one keeps the route that the run was given."""
    command = f"run `mogulflow retry {workflow_id}`"
    if error in BY_A_ROUTE and step.startswith(WRITES):
        return f"{command}; where its route was wrong and is corrected, add `--current-route`."
    return f"{command}."


MOST_STATED = 50
"""Restatements of one movement that a run keeps. All are in its history, as signals."""

MOST_NOTED, MOST_NAMES = 50, 100
"""Problems, and fallbacks, that a run keeps, the first ones; and names behind ids."""

LONGEST_NOTE, LONGEST_NAME = 2_000, 200
"""Bytes of each text of the result: a problem, a fact, the verdict; a name, and the id it stands for."""

MOST_SHOWN = 15_000
"""Bytes of the details; the Web UI takes 20,000 of such text."""
FIELDS_SHOWN, VALUE_SHOWN = 15, 200

WHAT_HAPPENED, CUSTOMER, ROUTE, OWNER, REASON = "What happened", "Customer", "Route", "Owner", "Reason"
ASKED_BY, RULE, PLAN, DECISION = "Asked by", "Rule", "What it would do", "Decision"
ORDER = (WHAT_HAPPENED, CUSTOMER, ROUTE, OWNER, REASON, ASKED_BY, RULE, PLAN, DECISION)
"""What a run is explained by, always in this order."""


class RunLog:
    """Effects and problems of one run. A problem stops only the steps that need what failed."""

    def __init__(self, title: str, *, shadow: bool = False) -> None:
        """`shadow` where the run's route is in preview: its end says what it would have written."""
        self._title = title
        self._shadow = shadow
        self._facts: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self.effects: list[Effect] = []
        self.problems: list[Problem] = []
        self.restated: list[str] = []
        self.fallbacks: list[str] = []
        self._more_problems = self._more_fallbacks = 0
        self._verdict = ""

    @classmethod
    def of_event(cls, given: EventInput) -> Self:
        """One that says from the start what came in, and why this run acts on it."""
        run_log, event = cls(given.event.summary, shadow=given.shadow), given.event
        name = f"{event.customer_name} " if event.customer_name else ""
        learned = (
            f"{event.occurred_at:%d %b %Y %H:%M} UTC; learned by {event.source} at {clock(given.received_at)}"
        )
        run_log._facts = {
            WHAT_HAPPENED: f"{event.headline}, {learned}",
            CUSTOMER: f"{name}({event.customer_uuid})",
            ROUTE: f"{given.route}: {given.route_why}" if given.route_why else given.route,
        }
        run_log._facts = {what: within(text, LONGEST_NOTE) for what, text in run_log._facts.items()}
        return run_log

    def explain(self, what: str, text: str) -> None:
        """`what` is one of ORDER."""
        self._facts[what] = within(text, LONGEST_NOTE)
        self.show()

    def name(self, id: str | None, name: str | None) -> None:
        """Who hides behind an id in the effects, for whoever reads them."""
        if id and name and len(self._names) < MOST_NAMES and within(id, LONGEST_NAME) == id:
            self._names[id] = within(name, LONGEST_NAME)

    async def attempt(self, step: Awaitable[R | None]) -> R | None:
        """The step's result; None where it failed for good, which is written down as a problem."""
        try:
            result = await step
        except StepFailed as failure:
            self.note_problem(failure)
            return None
        if isinstance(result, Effect):
            self.add(result)
        return result

    def add(self, effect: Effect) -> None:
        self.effects.append(effect)
        self.show()

    def end(self, outcome: Outcome, verdict: str = "") -> RunResult:
        """Close the books: `partial` where a step failed for good. `verdict` says what it came to."""
        self._verdict = within(verdict, LONGEST_NOTE)
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
        if len(self.problems) < MOST_NOTED:
            brief = within(problem.message, LONGEST_NOTE)
            self.problems.append(problem.model_copy(update={"message": brief}))
        else:
            self._more_problems += 1
        workflow.logger.warning("Step failed for good", extra={"step": problem.step, "kind": problem.kind})
        workflow.upsert_search_attributes([OUTCOME.value_set(Outcome.PARTIAL)])
        trouble.say_problems(self.problems)
        self.show()

    def settle(self, problems: Iterable[Problem]) -> None:
        """They were made good, by a run that goes on."""
        for each in problems:
            if each in self.problems:
                self.problems.remove(each)
        trouble.say_problems(self.problems)
        self.state(Outcome.OPEN)

    def note_fallback(self, failure: StepFailed) -> None:
        """A step that others can do without failed for good: they are done in another way."""
        if len(self.fallbacks) < MOST_NOTED:
            self.fallbacks.append(within(f"{failure.step}: {failure}", LONGEST_NOTE))
        else:
            self._more_fallbacks += 1
        workflow.logger.warning("Gone on without", extra={"step": failure.step, "kind": failure.kind})
        self.show()

    def note_restatement(self, stated: list[str], now: str) -> bool:
        """ChartMogul recalculated: what was done stands, and a person can see why it differs. `stated` is
        all it has said so far, oldest first; as a memo it tells the next scan that this run knows. False
        where it is no news."""
        before = stated[-1]
        if now == before:
            return False
        self.restated.append(now)
        workflow.logger.info("Movement restated", extra={"before": before, "now": now})
        self.show()
        stated.append(now)
        bound_statements(stated)
        del self.restated[:-MOST_STATED]
        workflow.upsert_memo({STATED: stated})
        return True

    def show(self) -> None:
        trouble.show(self.markdown())

    def table(self) -> list[str]:
        """Lines of markdown: what there is to see of the run's work."""
        rows = [_row(effect) for effect in self.effects]
        return ["| system | object | what | tries | |", "|---|---|---|---|---|", *rows] if rows else []

    def markdown(self) -> str:
        """Problems before the fields: where all is too long, the fields are cut."""
        facts = [f"- **{what}**: {_plain(self._facts[what], 600)}" for what in ORDER if what in self._facts]
        restated = [f"ChartMogul has restated the movement: {now}." for now in self.restated]
        without = [f"Gone on without **{each}**" for each in self.fallbacks]
        verdict = [self._verdict] if self._verdict else []
        more = [
            *_and_more(self._more_problems, "steps failed for good"),
            *_and_more(self._more_fallbacks, "steps were gone on without"),
        ]
        notes = [*verdict, *more, *restated, *without, *map(_advice, self.problems)]
        shadow = ["Its route is in preview: nothing is written.", ""] if self._shadow else []
        head = [f"### {self._title}", "", *shadow, *facts, *_run_again(), "", *self.table(), "", *notes]
        text = "\n".join(head).strip()
        fields = [line for effect in self.effects for line in _fields(effect, self._names)]
        return cut("\n".join([text, "", *fields]).strip())

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
            facts={what: self._facts[what] for what in ORDER if what in self._facts},
            names=self._names,
            more_problems=self._more_problems,
            more_fallbacks=self._more_fallbacks,
        )


def bound_statements(stated: list[str]) -> None:
    """The first and the latest are kept: by them a scan finds the run of a movement."""
    if len(stated) > MOST_STATED:
        del stated[1 : len(stated) - MOST_STATED + 1]


def would(effects: Iterable[Effect]) -> dict[str, int]:
    """`would create salesforce Task: 1`; nothing personal."""
    return Counter(f"{each.action.value} {each.system} {each.object_type}" for each in effects)


def _run_again() -> list[str]:
    """Who had the event acted on by another route, and why."""
    said = workflow.memo().get(RERUN)
    if not said:
        return []
    by = Rerun.model_validate(said)
    what = f"{by.who} on {by.at:%d %b %Y %H:%M} UTC, by route {by.new_route} instead of {by.old_route}"
    return [f"- **Run again**: {what}: {_plain(by.why, 300)}"]


def _fields(effect: Effect, names: Mapping[str, str]) -> Iterator[str]:
    """Each field that was set, before -> after."""
    before = effect.before or {}
    changed = {name: value for name, value in effect.after.items() if before.get(name) != value}
    if not changed:
        return
    of = f" of {_code(effect.label)}" if effect.label else ""
    yield f"\n**{effect.system} {effect.object_type}**{of} {effect.action.value}, key `{effect.key}`\n"
    for name, value in list(changed.items())[:FIELDS_SHOWN]:
        was = f"{_code(shown(effect, before[name], names))} → " if before.get(name) not in (None, "") else ""
        yield f"- {name}: {was}{_code(shown(effect, value, names))}"
    if len(changed) > FIELDS_SHOWN:
        yield f"- {len(changed) - FIELDS_SHOWN} more fields, in the run's result"


def _code(text: str) -> str:
    """As code: nothing in a value becomes a link or a heading."""
    return f"`{_plain(text, VALUE_SHOWN).replace('`', chr(39)) or ' '}`"


def _plain(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def cut(text: str) -> str:
    """Of the details, as much as is shown."""
    whole = text.encode()
    if len(whole) <= MOST_SHOWN:
        return text
    return whole[:MOST_SHOWN].decode(errors="ignore") + "\n\n… the rest is in the run's result."


def _row(effect: Effect) -> str:
    done = effect.action.value + (f" ({effect.note})" if effect.note else "")
    link = f"[open]({effect.link})" if effect.link else ""
    cells = (effect.system, effect.object_type, done, str(effect.tries), link)
    return "".join(f"| {cell}{GAP}" for cell in cells) + "|"


def _and_more(number: int, what: str) -> list[str]:
    """How many there were, where not all are kept. Said first: what comes last may be cut."""
    if not number:
        return []
    listed = f"the first {MOST_NOTED} are listed, and {number} more are in the history"
    return [f"{number + MOST_NOTED} {what}: {listed}."]


def _advice(problem: Problem) -> str:
    todo = WHAT_TO_DO.get(problem.kind, OTHERWISE)
    again = how_again(workflow.info().workflow_id, problem.step, problem.kind)
    return f"**{problem.step}** failed: {problem.message} {todo} {again}"
