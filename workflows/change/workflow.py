"""A change: what it would do is shown, a rule or people decide on just that, and it is done once."""

from contextlib import suppress
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.runs.steps import RunsActivities
from models.changes import (
    ChangeInput,
    ChangeRun,
    ChangeState,
    Decision,
    PlanNoted,
    RunUndo,
    Then,
    digest_of_person,
    plain_name,
)
from models.effects import Effect, Mode
from models.runs import Outcome, Problem, RunResult
from models.undo import Undone, UndoneEffect
from temporal import OUTCOME
from workflows.change import texts
from workflows.change.asking import Asking
from workflows.change.audit import row_of
from workflows.change.correcting import Correcting
from workflows.change.parts import Part, effect_of, parts_of
from workflows.change.plan import field_changes, not_taken, plan_hash, writes_nothing
from workflows.change.undoing import undo_parts
from workflows.engine.acting import link_here
from workflows.engine.patches import patched
from workflows.engine.run_log import ASKED_BY, DECISION, PLAN, RULE, RunLog
from workflows.engine.steps import StepFailed, durably, step

TELLS = "tells-itself-what-it-would-do"
"""Runs that began before note it by a step of its own."""

MOST_CHANGES = 50
"""Told in an answer; the run has all."""

OUTCOMES = {
    ChangeState.PREVIEWED: Outcome.PREVIEWED,
    ChangeState.DONE: Outcome.ACTED,
    ChangeState.UNDONE: Outcome.UNDONE,
    ChangeState.UNCHANGED: Outcome.UNCHANGED,
    ChangeState.REFUSED: Outcome.REFUSED,
    ChangeState.EXPIRED: Outcome.EXPIRED,
    ChangeState.STALE: Outcome.STALE,
    ChangeState.PARTIAL: Outcome.PARTIAL,
    ChangeState.FAILED: Outcome.FAILED,
}


class Ended(Exception):
    """The change goes no further; nothing has been written."""

    def __init__(self, state: ChangeState, message: str) -> None:
        super().__init__(message)
        self.state = state


@workflow.defn(name="change")
class Change:
    @workflow.init
    def __init__(self, given: ChangeInput) -> None:
        self._given = given
        self._log = RunLog(texts.title(given))
        self._state = ChangeState.PREVIEWING
        self._message = ""
        self._parts: list[Part] = []
        self._planned: list[Effect] = []
        self._plan = ""
        self._decide_by: datetime | None = None
        self._undone: list[UndoneEffect] = []
        self._decisions: dict[str, Decision] = {}
        self._asking, self._correcting = Asking(given, self._log), Correcting(given)
        self._token = ""
        self._noted: dict[str, PlanNoted] = {}

    @workflow.run
    async def run(self, given: ChangeInput) -> RunResult:
        self._token = str(workflow.uuid4())
        self._log.explain(ASKED_BY, texts.asked_by(given))
        self._log.explain(RULE, given.rule.said)
        try:
            await self._preview()
            await self._agree()
            await self._read_again()
            is_told = await self._note_the_plan()
            await self._hold_the_month(is_told)
            await self._apply()
            await self._answer(is_told)
        except Ended as ended:
            self._state, self._message = ended.state, str(ended)
        await self._write_it_down()
        return self._log.end(OUTCOMES[self._state], self._message)

    @workflow.query(name="effects", description="What this run has done so far")
    def effects(self) -> list[Effect]:
        return self._log.effects

    @workflow.query(name="state", description="What there is to know of the change now")
    def state(self) -> ChangeRun:
        changes = field_changes(self._log.effects or self._planned)
        return ChangeRun(
            run_id=workflow.info().workflow_id,
            status=self._state,
            tool=self._given.tool,
            account=self._given.account,
            changes=changes[:MOST_CHANGES],
            more_changes=max(0, len(changes) - MOST_CHANGES),
            plan=self._plan,
            decide_by=self._decide_by,
            decisions=list(self._decisions.values()),
            approvers=self._given.rule.approvers if self._given.rule.then is Then.ASK else 0,
            undo=self._given.undo_possible,
            rule=self._given.rule.said,
            message=self._message,
            url=link_here(self._given.web_ui_url),
            asked_at=self._given.asked_at,
            asker=self._given.asker,
            reason=self._given.reason,
            effects=self._log.effects,
            undone=self._undone,
        )

    @workflow.signal(name="noted", description="What it would do, as its own step has told before it writes")
    def noted(self, plan: PlanNoted) -> None:
        self._noted.setdefault(plan.token, plan)

    @workflow.update(name="settled", description="The state, once there is something to tell whoever asked")
    async def settled(self) -> ChangeRun:
        """Sent with the start, under one id: never more than one waits."""
        await workflow.wait_condition(lambda: self._state.is_settled)
        return self.state()

    @workflow.update(name="decide", description="A person agrees to just this change, or refuses it")
    async def decide(self, decision: Decision) -> ChangeRun:
        self._decisions[decision.who] = decision.model_copy(update={"at": workflow.now()})
        return self.state()

    @decide.validator
    def may_decide(self, decision: Decision) -> None:
        """The kinds of its refusals are what callers tell apart."""
        asker, rule = self._given.asker, self._given.rule
        if self._state is not ChangeState.NEEDS_APPROVAL or decision.run != workflow.info().run_id:
            raise _refused("not_waiting", f"It is {self._state.value}, and waits for no decision.")
        if rule.only_by and decision.way != rule.only_by:
            raise _refused(
                "not_this_way", f"It is decided on by {rule.only_by} alone, which knows who you are."
            )
        signed_in = digest_of_person(decision.who) in asker.people
        if signed_in or _is_one_of(decision, asker.name) or _is_one_of(decision, asker.owner):
            raise _refused("own_request", "Who asked for it, or answers for who did, does not decide on it.")
        if decision.plan != self._plan:
            raise _refused("plan_changed", "What it would do is not what was looked at: look again.")
        if any(_is_one_of(decision, each.who) for each in self._decisions.values()):
            raise _refused("already_decided", "You have decided on it already.")
        agreed = [each.machine for each in self._decisions.values() if decision.approve]
        if any(_same_person(decision.machine, each) for each in agreed):
            said = f"{decision.machine} has decided on it already, and is one person here: decide in Slack."
            raise _refused("already_decided", said)

    async def _preview(self) -> None:
        self._parts = await self._find_the_parts()
        known = self._noted.get(self._token)  # a task was lost, perhaps with what it had written
        self._planned = known.planned if known else await self._tried()
        self._plan = plan_hash(self._planned)
        self._log.explain(PLAN, texts.planned(field_changes(self._planned)))
        if self._given.rule.then is Then.REFUSE:
            raise Ended(ChangeState.REFUSED, f"Refused by policy: {self._given.rule.said}.")
        if writes_nothing(self._planned):
            raise Ended(ChangeState.UNCHANGED, texts.unchanged(self._planned))
        if self._given.dry_run:
            raise Ended(ChangeState.PREVIEWED, "Nothing was written: it was asked for as a preview.")

    async def _find_the_parts(self) -> list[Part]:
        if not isinstance(self._given.change, RunUndo):
            return parts_of(self._given)
        try:
            return await undo_parts(self._given, self._given.change)
        except StepFailed as failure:
            raise self._failed(failure) from None

    async def _tried(self) -> list[Effect]:
        """Without writing."""
        try:
            tried = [await part.run(Mode.PREVIEW) for part in self._parts]
        except StepFailed as failure:
            raise self._failed(failure) from None
        self._undone = [each.told for each in tried if isinstance(each, Undone)]
        return [effect_of(each) for each in tried]

    def _failed(self, failure: StepFailed) -> Ended:
        self._log.note_problem(failure)
        return Ended(ChangeState.FAILED, str(failure))

    async def _agree(self) -> None:
        """Where the rule asks people: until enough of them agree, one refuses, or their time is over."""
        if self._given.rule.then is Then.ASK:
            self._decide_by = workflow.now() + self._given.rule.within
            self._state, self._message = ChangeState.NEEDS_APPROVAL, texts.waits(self._given, self._decide_by)
            workflow.upsert_search_attributes([OUTCOME.value_set(Outcome.NEEDS_APPROVAL.value)])
            await self._asking.ask(self.state())
            await self._wait_for_decisions()
            self._log.explain(DECISION, texts.decided(self._decisions.values()))
            if refused := self._refusal:
                raise Ended(ChangeState.REFUSED, texts.refused(refused))
            if not self._is_agreed:
                raise Ended(ChangeState.EXPIRED, texts.EXPIRED)
        self._state, self._message = ChangeState.APPLYING, ""

    async def _wait_for_decisions(self) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._is_agreed or self._refusal is not None,
                timeout=self._given.rule.within,
                timeout_summary="Wait for a decision",
            )

    @property
    def _is_agreed(self) -> bool:
        return len(self._decisions) >= self._given.rule.approvers and self._refusal is None

    @property
    def _refusal(self) -> Decision | None:
        return next((each for each in self._decisions.values() if not each.approve), None)

    async def _read_again(self) -> None:
        """What people agreed to is just that: what has moved meanwhile needs a new look."""
        if self._decisions and plan_hash(await self._tried()) != self._plan:
            raise Ended(ChangeState.STALE, texts.STALE)

    async def _note_the_plan(self) -> bool:
        """With all that was read so far. Read after a write that was lost with its task, it would say that
        all is so already, and nobody could take it back. True where the run tells itself: that takes no task
        of its own, but leaves a decision for the next one to keep."""
        if self._token in self._noted:
            return False
        tells = not self._decisions and patched(TELLS)
        try:
            if tells:
                noted = PlanNoted(plan=self._plan, token=self._token, planned=self._planned)
                await step(RunsActivities.tell_plan, noted, summary="Tell what it would do")
            else:
                noted = PlanNoted(plan=self._plan)
                await durably(RunsActivities.note_plan, noted, summary="Note what it would do")
        except StepFailed as failure:
            raise self._failed(failure) from None
        return tells

    async def _hold_the_month(self, is_told: bool) -> None:
        """Where it corrects one, or takes back what has. One that ends here has yet to hear what it told."""
        try:
            agreed = [each.who for each in self._decisions.values() if each.approve]
            await self._correcting.begin(self._planned, agreed)
        except StepFailed as failure:
            await self._correcting.end()
            await self._answer(is_told)
            raise self._failed(failure) from None

    async def _apply(self) -> None:
        """Part by part; one that fails for good does not keep the others from being done, but of a month's
        corrections."""
        self._undone.clear()
        for number, (part, planned) in enumerate(zip(self._parts, self._planned, strict=True)):
            if (done := await self._log.attempt(part.run(Mode.LIVE, planned))) and isinstance(done, Undone):
                self._undone.append(done.told)
                self._log.add(done.effect)
            if stopped := await self._correcting.goes_on(number, done=done is not None):
                self._log.add_problem(stopped)
                break
        await self._correcting.end()
        for field in not_taken(self._planned, self._log.effects):
            self._log.add_problem(
                Problem(step=self._given.tool, kind="NotTaken", message=texts.not_taken(field))
            )
        undone = isinstance(self._given.change, RunUndo)
        self._state = ChangeState.UNDONE if undone else ChangeState.DONE
        if self._log.problems:
            self._state = ChangeState.PARTIAL if self._log.effects else ChangeState.FAILED
        self._message = texts.done(self._log.effects, self._log.problems)

    async def _answer(self, is_told: bool) -> None:
        """The task ends here, which answers who asked. What the run has told itself is there already, and
        begins the next; a run that has yet to hear it could not end."""
        if is_told:
            await workflow.wait_condition(lambda: self._token in self._noted)

    async def _write_it_down(self) -> None:
        """In the audit, and where people were asked. Neither takes back what was done."""
        await self._asking.tell(self.state())
        if self._state is not ChangeState.PREVIEWED:
            row = row_of(self._given, self._state, self._plan, self._decisions.values(), self._log.effects)
            await self._log.attempt(step(RunsActivities.append_audit, row, summary="Write it into the audit"))


def _is_one_of(decision: Decision, name: str) -> bool:
    """Also where the machine's user of that name says to be somebody else."""
    return _same_person(decision.who, name) or _same_person(decision.machine, name)


def _same_person(one: str, other: str) -> bool:
    return bool(other) and plain_name(one) == plain_name(other)


def _refused(kind: str, message: str) -> ApplicationError:
    return ApplicationError(message, type=kind, non_retryable=True)
