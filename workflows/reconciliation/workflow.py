"""Reconciliation: a month is read, judged and packed; the final stays open until two people have signed."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.chargebee import ChargebeeActivities
from activities.chartmogul.steps import ChartMogulActivities
from activities.definition import Step
from activities.quickbooks import QuickBooksActivities
from activities.reconciliation.steps import ReconciliationActivities
from activities.recurly import RecurlyActivities
from activities.stripe import StripeActivities
from activities.xero import XeroActivities
from models.reconciliation.books import MonthCut, Reading
from models.runs import Outcome, Problem
from models.templates.reconciliation import (
    AddNote,
    Assign,
    BooksWork,
    Corrected,
    FindCorrections,
    HeldMonth,
    HoldMonth,
    Judged,
    JudgeWork,
    PackWork,
    Placed,
    PreparedMonth,
    PrepareWork,
    Propose,
    Proposed,
    ReconciliationInput,
    ReconciliationState,
    Sign,
    SignOff,
    SnapshotPart,
    SnapshotPlace,
)
from temporal import OUTCOME
from workflows.engine.acting import link_here
from workflows.engine.ops import tell_ops
from workflows.engine.steps import StepFailed, long_step
from workflows.reconciliation import texts
from workflows.reconciliation.corrections import Corrections
from workflows.reconciliation.people import People, unknown_finding

LATE_AFTER = timedelta(hours=12)
"""After the month's end: a snapshot that is made later shows another billing."""

JUDGING = timedelta(minutes=30)

BILLING: dict[str, Step[Any, BooksWork, Reading]] = {
    "stripe": StripeActivities.read_books,
    "chargebee": ChargebeeActivities.read_books,
    "recurly": RecurlyActivities.read_books,
}
READERS: dict[str, Step[Any, BooksWork, Reading]] = {
    **BILLING,
    "chartmogul": ChartMogulActivities.read_books,
    "quickbooks": QuickBooksActivities.read_books,
    "xero": XeroActivities.read_books,
}


A = TypeVar("A")
R = TypeVar("R")


@workflow.defn(name="reconciliation")
class Reconciliation:
    @workflow.init
    def __init__(self, given: ReconciliationInput) -> None:
        self._given = given
        self._state = ReconciliationState(
            account=given.account,
            period=given.period,
            kind=given.kind,
            phase="reading",
            rules_version=given.rules.version,
        )
        self._people, self._corrections = People(), Corrections()
        self._month: PreparedMonth | None = None
        self._judged: Judged | None = None
        self._judged_by: JudgeWork | None = None
        self._read_last: list[Placed] = []
        self._sign: Sign | None = None
        self._packs = self._rounds = 0

    @workflow.run
    async def run(self, given: ReconciliationInput) -> ReconciliationState:
        self._show()
        await self._prepare()
        await self._read_and_judge("cut" if given.kind == "draft" else "final")
        await self._pack()
        await self._tell()
        if given.kind == "final" and not self._state.stopped:
            await self._until_signed()
        return self._end()

    # -- what people see and do

    @workflow.query(name="state", description="Where the month stands")
    def state(self) -> ReconciliationState:
        open_, more = self._people.seen(self._state.open), self._state.more_open
        return self._state.model_copy(update={"open": open_, "more_open": more})

    @workflow.update(name="assign", description="Somebody is to look after a finding")
    async def assign(self, wish: Assign) -> ReconciliationState:
        self._people.assign(wish)
        return self.state()

    @assign.validator
    def may_assign(self, wish: Assign) -> None:
        unknown_finding(self._state, wish.finding)

    @workflow.update(name="note", description="A remark on a finding")
    async def note(self, wish: AddNote) -> ReconciliationState:
        self._people.note(wish, workflow.now())
        return self.state()

    @note.validator
    def may_note(self, wish: AddNote) -> None:
        unknown_finding(self._state, wish.finding)

    @workflow.update(name="sign_off", description="A second person signs what the first has prepared")
    async def sign_off(self, wish: Sign) -> ReconciliationState:
        self._sign = self._sign or wish
        return self.state()

    @sign_off.validator
    def may_sign(self, wish: Sign) -> None:
        """The kinds of its refusals are what callers tell apart."""
        if self._state.phase != "open" or self._sign:
            raise _refused("not_open", f"It is {self._state.phase}: there is nothing to sign.")
        if self._corrections.are_held:
            raise _refused("correcting", "A correction of it is being written: sign when that is done.")
        if any(_same(wish.reviewer, each) for each in self._corrections.proposers):
            raise _refused("same_person", "Who proposed a correction does not sign the month off.")
        if _same(wish.preparer, wish.reviewer):
            raise _refused("same_person", "Who prepared it does not sign it off: two people look at it.")
        listed = self._given.rules.reviewers
        if listed and not any(_same(wish.reviewer, each) for each in listed):
            raise _refused("not_a_reviewer", "Only those whom config/reconciliation.yaml lists may sign off.")
        if self._state.pack is None or wish.pack != self._state.pack.sha256:
            raise _refused("pack_changed", "The pack is not the one that was looked at: look again.")
        if not wish.comment.strip() and (over := self._over_the_limit()):
            raise _refused("needs_a_comment", f"Unexplained are {over}, more than the limit: say why.")

    @workflow.update(name="propose", description="What can be corrected in ChartMogul; nothing of it is done")
    async def propose(self, wish: Propose) -> Proposed:
        if wish.findings:
            self._corrections.propose(wish.who)
        found = await self._find_corrections(wish.findings)
        if wish.findings:
            self._corrections.offer(found.corrections)
        return found

    @propose.validator
    def may_propose(self, wish: Propose) -> None:
        if self._state.phase != "open" or self._sign:
            raise _refused("not_open", f"It is {self._state.phase}: there is nothing to correct in it.")

    @workflow.update(name="hold", description="A change corrects it: nobody signs meanwhile")
    async def hold(self, wish: HoldMonth) -> HeldMonth:
        self._corrections.hold(wish.change)
        billing = [each for each in self._read_last if each.reading.system in BILLING]
        return HeldMonth(cut=self._cut, rules=self._given.rules, readings=billing)

    @hold.validator
    def may_hold(self, wish: HoldMonth) -> None:
        if self._sign or self._judged is None or self._state.phase not in ("open", "reading", "judging"):
            raise _refused(
                "not_open", f"{self._given.period} is {self._state.phase}: it is corrected no more."
            )
        if not self._corrections.has_offered(wish):
            raise _refused("not_proposed", "That is nothing that was proposed by `reconcile propose`.")
        if not self._corrections.are_agreed(wish):
            raise _refused("not_agreed", "Nobody but who proposed it has agreed to it.")

    @workflow.signal(name="corrected", description="What came of a correction")
    def corrected(self, told: Corrected) -> None:
        if self._corrections.release(told):
            for row in told.rows:
                self._people.say(row.finding, told.change, texts.corrected(row), workflow.now())

    def _over_the_limit(self) -> str:
        limits = self._given.rules.sign_off_limit
        over = [each for each in self._state.amounts if abs(each.unexplained) > limits.get(each.currency, 0)]
        return ", ".join(texts.unexplained(each) for each in over)

    # -- the month

    async def _prepare(self) -> None:
        work = PrepareWork(
            account=self._given.account, period=self._given.period, time_zone=self._given.time_zone
        )
        self._month = await self._must(ReconciliationActivities.prepare, work, "Prepare the month")
        self._packs, self._rounds = self._month.packs, self._month.looks
        if self._month.signed and self._given.kind == "final":
            self._update(phase="signed")
            raise _refused("signed", f"{self._given.period} is signed: it is never judged anew.")

    async def _read_and_judge(self, part: SnapshotPart) -> None:
        """Billing as it was at the cut, from the snapshot where there is one; the books and ChartMogul as
        they are."""
        self._read_last = await self._read(part)
        readings = [each.reading for each in self._read_last]
        late = any(each.began_at > self._cut.end + LATE_AFTER for each in readings if each.system in BILLING)
        self._update(phase="judging", readings=readings, late_snapshot=late)
        work = JudgeWork(
            place=self._place(part),
            kind=self._given.kind,
            cut=self._cut,
            rules=self._given.rules,
            readings=self._read_last,
            unread=[f"{each.step}: {each.message}" for each in self._state.problems],
            late_snapshot=late,
        )
        self._judged = await self._must(ReconciliationActivities.judge, work, "Compare, and explain")
        self._judged_by = work
        self._update(
            stopped=self._judged.stopped,
            amounts=self._judged.amounts,
            rows=self._judged.rows,
            differing=self._judged.differing,
            open=self._judged.open,
            more_open=self._judged.more_open,
            judged_at=workflow.now(),
        )

    async def _read(self, part: SnapshotPart) -> list[Placed]:
        """Side by side. What cannot be read is named, and nothing is judged without it."""
        self._update(problems=[])
        rules = self._given.rules
        wanted: list[tuple[str, str, SnapshotPart]] = [
            (each.system, each.site, "cut") for each in rules.sources
        ]
        if rules.accounting:
            wanted.append((rules.accounting.system, rules.accounting.company, part))
        wanted.append(("chartmogul", self._given.account, part))
        found = await asyncio.gather(*(self._read_one(*each) for each in dict.fromkeys(wanted)))
        return [each for each in found if each]

    async def _read_one(self, system: str, site: str, part: SnapshotPart) -> Placed | None:
        work = BooksWork(place=self._place(part), cut=self._cut, site=site)
        try:
            reading = await long_step(
                READERS[system], work, summary=f"Read {system} {site}", limit=self._given.patience
            )
            return Placed(place=work.place, reading=reading)
        except StepFailed as failure:
            problem = Problem(step=failure.step, kind=failure.kind, message=str(failure))
            self._update(problems=[*self._state.problems, problem])
            return None

    async def _pack(self, sign_off: SignOff | None = None) -> None:
        assert self._judged
        assert self._judged_by
        self._packs += 1
        work = PackWork(
            place=self._judged_by.place,
            kind=self._given.kind,
            judged=self._judged,
            readings=self._read_last,
            rules=self._given.rules,
            run_id=workflow.info().workflow_id,
            number=self._packs,
            owners=self._people.owners,
            notes=self._people.notes,
            sign_off=sign_off,
        )
        pack = await self._must(ReconciliationActivities.write_pack, work, "Write the evidence pack")
        self._update(pack=pack, sign_off=sign_off)

    # -- until it is signed

    async def _until_signed(self) -> None:
        self._update(phase="open")
        workflow.upsert_search_attributes([OUTCOME.value_set(Outcome.OPEN)])
        ends, remind_at = workflow.now() + self._given.open_for, self._given.remind_at
        look_at = workflow.now() + self._given.rejudge_every
        while not self._sign and workflow.now() < ends:
            await self._wait_until(min(filter(None, (look_at, remind_at, ends))))
            if remind_at and workflow.now() >= remind_at and not self._sign:
                remind_at = None
                await self._remind()
            if (workflow.now() >= look_at or self._corrections.is_new) and not self._sign:
                await self._look_again()
                look_at = workflow.now() + self._given.rejudge_every
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._sign:
            await self._close_the_month(self._sign)

    async def _wait_until(self, at: datetime) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._sign is not None or self._corrections.is_new,
                timeout=max(at - workflow.now(), timedelta(0)),
                timeout_summary="Until it is signed, or looked at again",
            )

    async def _look_again(self) -> None:
        """Open items, by ChartMogul and the books as they are now. Where that cannot be read, or nothing else
        is found, what was judged before stands, and also where somebody has signed that meanwhile."""
        judged, by, read, state = self._judged, self._judged_by, self._read_last, self._state
        self._corrections.is_new = False
        self._rounds += 1
        with suppress(ApplicationError):
            await self._read_and_judge("open")
        is_news = _is_news(self._judged, judged) and self._state.phase != "stopped" and not self._sign
        if not is_news:
            self._judged, self._judged_by, self._read_last = judged, by, read
            self._state = state.model_copy(update={"problems": self._state.problems})
        self._update(phase="open")
        if is_news:
            await self._pack()

    async def _find_corrections(self, findings: list[str]) -> Proposed:
        assert self._judged
        assert self._judged_by
        work = FindCorrections(judge=self._judged_by, judged=self._judged, findings=findings)
        step, summary = ReconciliationActivities.find_corrections, "Look what can be corrected"
        try:
            return await long_step(step, work, summary=summary, limit=JUDGING)
        except StepFailed as failure:
            raise _refused(failure.kind, str(failure)) from None

    async def _close_the_month(self, sign: Sign) -> None:
        sign_off = SignOff(
            preparer=sign.preparer,
            reviewer=sign.reviewer,
            at=workflow.now(),
            comment=sign.comment,
            pack=sign.pack,
        )
        await self._pack(sign_off)
        self._update(phase="signed")

    # -- telling

    async def _tell(self) -> None:
        if self._given.kind == "final" or self._state.stopped:
            await self._say("told", texts.message(self.state(), link_here(self._given.web_ui_url)))

    async def _remind(self) -> None:
        await self._say("reminded", texts.reminder(self.state(), link_here(self._given.web_ui_url)))

    async def _say(self, what: str, text: str) -> None:
        key = f"reconciliation:{self._given.account}:{self._given.period}:{self._given.kind}:{what}"
        channel = self._given.rules.channel or self._given.ops_channel
        if channel and await tell_ops(channel, key, text) is None:
            untold = Problem(
                step="slack.post_message", kind="Untold", message=f"Slack did not take this: {text}"
            )
            self._update(problems=[*self._state.problems, untold])

    # -- state

    @property
    def _cut(self) -> MonthCut:
        assert self._month
        return self._month.cut

    def _place(self, part: SnapshotPart) -> SnapshotPlace:
        number = self._rounds if part == "open" else 0
        return SnapshotPlace(account=self._given.account, period=self._given.period, part=part, number=number)

    async def _must(self, step: Step[Any, A, R], work: A, summary: str) -> R:
        """Without it there is no month."""
        try:
            return await long_step(step, work, summary=summary, limit=JUDGING)
        except StepFailed as failure:
            problem = Problem(step=failure.step, kind=failure.kind, message=str(failure))
            self._update(problems=[*self._state.problems, problem], phase="stopped")
            workflow.upsert_search_attributes([OUTCOME.value_set(Outcome.FAILED)])
            raise ApplicationError(str(failure), type=failure.kind, non_retryable=True) from None

    def _update(self, **changes: object) -> None:
        self._state = self._state.model_copy(update=changes)
        self._show()

    def _show(self) -> None:
        workflow.set_current_details(texts.details(self.state()))

    def _end(self) -> ReconciliationState:
        if self._state.stopped:
            self._update(phase="stopped")
        elif self._state.phase == "open":
            self._update(phase="expired")
        elif self._state.phase != "signed":
            self._update(phase="done")
        workflow.upsert_search_attributes([OUTCOME.value_set(_outcome(self._state))])
        return self.state()


def _is_news(now: Judged | None, before: Judged | None) -> bool:
    if now is None or before is None or now.stopped:
        return False
    return now.findings_sha256 != before.findings_sha256


def _outcome(state: ReconciliationState) -> Outcome:
    if state.stopped or state.problems:
        return Outcome.PARTIAL
    return Outcome.EXPIRED if state.phase == "expired" else Outcome.ACTED


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _refused(kind: str, message: str) -> ApplicationError:
    return ApplicationError(message, type=kind, non_retryable=True)
