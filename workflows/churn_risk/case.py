"""The case of one customer: open for as long as there is a reason, told of each by the run of its event."""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

from activities.chartmogul import ChartMogulActivities, PayerQuery
from models.cases import Taken
from models.chartmogul import CustomerNow
from models.effects import Effect
from models.events import FailedPayment, MrrMovement
from models.runs import Outcome, Problem, RunResult
from models.templates.churn_risk import AtRisk
from workflows.blocks.case import Doing, acting_for, answer
from workflows.blocks.looks import Looks
from workflows.blocks.reading import customer_of
from workflows.blocks.truth import Truth
from workflows.churn_risk.acts import Case
from workflows.engine.acting import Acting
from workflows.engine.run_log import RunLog
from workflows.engine.steps import StepFailed, step
from workflows.engine.trouble import told_before
from workflows.failed_payment.reading import facts_of

MOST_REASONS, MOST_TAKEN = 50, 200
"""Reasons that are watched, and those that the case knows it has had."""

GONE = "ChartMogul does not know the customer any more, or could not be asked."
ENOUGH = f"Not added: the case has had {MOST_TAKEN} reasons, and is in the thread."


@workflow.defn(name="risk_case")
class RiskCase:
    @workflow.init
    def __init__(self, first: AtRisk) -> None:
        self._log = RunLog.of_event(first.given)
        self._waiting: list[AtRisk] = []
        self._taken: dict[str, Taken] = {}
        self._customer: CustomerNow | None = None
        self._begin(first)

    def _begin(self, first: AtRisk) -> None:
        self._options = first.given.options
        self._acting = acting_for(first.given, self._log, f"{first.id}:case")
        self._case = Case(self._acting, self._options)
        self._reasons: dict[str, AtRisk] = {}
        self._looks = Looks(self._options.check_every_hours, self._options.watch_days)

    @workflow.query(name="effects", description="What this run has done so far")
    def effects(self) -> list[Effect]:
        return self._log.effects

    @workflow.signal(name="told", description="Another reason, by the run of its event")
    def told(self, told: AtRisk) -> None:
        self._waiting.append(told)

    @workflow.run
    async def run(self, first: AtRisk) -> RunResult:
        """A reason that comes while the case is closed begins the next one."""
        while True:
            result = await self._until_its_end()
            await self._answer_what_is_done()
            if not self._waiting:
                return result
            self._begin(self._waiting[0])
            self._log.state(Outcome.OPEN)

    async def _answer_what_is_done(self) -> None:
        """What is left came while the case closed, and is the beginning of the next one."""
        while self._waiting and (known := self._taken.get(self._waiting[0].id)) and not known.problems:
            await answer(self._waiting.pop(0).told_by, known)

    async def _until_its_end(self) -> RunResult:
        while True:
            while self._waiting:
                await self._take(self._waiting.pop(0))
            why = "Look whether the risk is over"
            await told_before(self._looks.next(), lambda: bool(self._waiting), why)
            if self._waiting:
                continue
            customer = await self._when_over()
            if customer and (result := await self._close(customer)):
                return result
            if workflow.now() >= self._looks.until and not self._waiting:
                return await self._expire()

    async def _take(self, told: AtRisk) -> None:
        """Once for each reason; one that was acted on in part only is acted on again."""
        known = self._taken.get(told.id)
        if known is None and len(self._taken) >= MOST_TAKEN:
            known = Taken(link=self._acting.link, notes=[ENOUGH])
        elif known is None or known.problems:
            before, known = known, await self._act(told)
            self._taken[told.id] = known
            if before:
                self._log.settle(before.problems)
        await answer(told.told_by, known)

    async def _act(self, told: AtRisk) -> Taken:
        doing = Doing(self._acting)
        is_first = not self._reasons
        if len(self._reasons) < MOST_REASONS:
            self._reasons[told.id] = told
        customer = await self._last_known(told)
        if customer is None:
            self._log.add_problem(Problem(step="chartmogul.find_payer", kind="NotFound", message=GONE))
        else:
            known = self._truth(customer, told)
            await (self._case.open if is_first else self._case.add)(known, told)
        return doing.taken

    def _truth(self, customer: CustomerNow, told: AtRisk) -> Truth[CustomerNow]:
        """For as long as that is a reason."""

        async def again() -> CustomerNow | None:
            now = await _read(told)
            return None if now is None or await self._is_gone(now, told) else now

        return Truth(customer, again, lambda _: True, self._good_for)

    @property
    def _good_for(self) -> timedelta:
        return timedelta(seconds=self._options.reread_after_seconds)

    async def _last_known(self, told: AtRisk) -> CustomerNow | None:
        """As they are now; of who is away, or gone, what was known."""
        try:
            self._customer = await _read(told) or self._customer
        except StepFailed as failure:
            self._log.note_fallback(failure)
        return self._customer

    async def _when_over(self) -> CustomerNow | None:
        """The customer, where all reasons are gone. Not where nobody can tell."""
        if not self._reasons:
            return None
        try:
            customer = await _read(next(iter(self._reasons.values())))
        except StepFailed as failure:
            self._log.note_fallback(failure)
            return None
        self._customer = customer or self._customer
        if customer and all([await self._is_gone(customer, each) for each in self._reasons.values()]):
            return customer
        return None

    async def _when_not_over(self) -> CustomerNow | None:
        return None if await self._when_over() else self._customer

    async def _is_gone(self, customer: CustomerNow, reason: AtRisk) -> bool:
        if reason.mrr_before is not None:
            return customer.customer.mrr >= reason.mrr_before
        if not isinstance(reason.given.event, FailedPayment):
            return False
        with suppress(StepFailed):
            facts = await facts_of(Acting(reason.given, self._log, self._acting.link, reason.id))
            return facts.invoice is not None and facts.invoice.status in ("paid", "voided")
        return False

    async def _close(self, customer: CustomerNow) -> RunResult | None:
        """None where they are at risk again before it could be said."""
        known = Truth(customer, self._when_over, lambda _: True, self._good_for)
        if await self._case.close(known):
            return self._log.end(Outcome.SAVED, "The customer is no longer at risk.")
        return None

    async def _expire(self) -> RunResult:
        customer = self._customer
        if customer:
            known = Truth(customer, self._when_not_over, lambda _: True, self._good_for)
            await self._case.expire(known, [each.reason for each in self._reasons.values()])
            if known.ended and (result := await self._close(known.facts)):
                return result
        left = customer is not None and customer.customer.mrr <= 0
        return self._log.end(Outcome.LOST if left else Outcome.ACTED, "Still at risk when the case closed.")


async def _read(told: AtRisk) -> CustomerNow | None:
    """Also whom the customer was merged into. Raises StepFailed."""
    event = told.given.event
    if isinstance(event, MrrMovement):
        return await customer_of(event)
    query = PayerQuery(
        account=event.account, customer_uuid=told.customer_uuid, external_id=event.customer_external_id
    )
    return await step(ChartMogulActivities.find_payer, query, summary="Read the customer")
