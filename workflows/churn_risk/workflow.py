"""Churn risk: an event that puts a customer at risk goes to the customer's case."""

from datetime import timedelta

from temporalio import workflow

from models.cases import Joining, Taken
from models.chartmogul import CustomerNow
from models.effects import Mode
from models.events import FailedPayment, MovementType, MrrMovement
from models.runs import Outcome, RunResult
from models.templates.churn_risk import AtRisk, ChurnRiskInput
from temporal import CUSTOMER
from workflows.blocks.case import Membership
from workflows.blocks.looks import Looks
from workflows.blocks.reading import confirmed, movement_of
from workflows.blocks.truth import Truth
from workflows.churn_risk.acts import Case
from workflows.engine.event_run import EventRun
from workflows.engine.steps import StepFailed
from workflows.engine.trouble import told_before
from workflows.failed_payment.facts import Attempts, PaymentFacts
from workflows.failed_payment.reading import facts_of

NO_CUSTOMER = "ChartMogul does not know the customer."


@workflow.defn(name="churn_risk")
class ChurnRisk(EventRun[ChurnRiskInput]):
    @workflow.init
    def __init__(self, given: ChurnRiskInput) -> None:
        super().__init__(given)
        event = given.event
        self._attempts = Attempts(event) if isinstance(event, FailedPayment) else None
        self._membership = Membership()

    @workflow.run
    async def run(self, given: ChurnRiskInput) -> RunResult:
        return await self._when_released(self._risk)

    @workflow.signal(name="another", description="Another attempt to collect the invoice failed")
    def another(self, event: FailedPayment) -> None:
        if self._attempts:
            self._attempts.hear(event)

    @workflow.signal(name="taken", description="The customer's case has acted on the reason")
    def taken(self, taken: Taken) -> None:
        self._membership.hear(taken)

    async def _risk(self) -> RunResult:
        await self._wait_for_its_day("Wait for the day of the movement")
        try:
            found = await self._reason()
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
        if isinstance(found, RunResult):
            return found
        customer, reason = found
        if self._given.mode is Mode.PREVIEW:
            return await self._preview(customer, reason)
        return await self._join_the_case(reason)

    async def _reason(self) -> tuple[CustomerNow, AtRisk] | RunResult:
        """Or what the run ends with, where there is none. Raises StepFailed."""
        event = self._given.event
        if isinstance(event, MrrMovement):
            return await self._reason_of_movement(event)
        return await self._reason_of_payment()

    async def _reason_of_movement(self, event: MrrMovement) -> tuple[CustomerNow, AtRisk] | RunResult:
        customer, doubt = await confirmed(event, self._given.options.settling_seconds)
        if customer is None:
            return self._run_log.end(Outcome.UNVERIFIED, doubt)
        row = movement_of(customer, event)
        lost = abs(event.amount)
        after = row.mrr if row else event.mrr_after
        before = None if after is None else after + lost.cents
        if before is not None and customer.customer.mrr >= before:
            return self._run_log.end(Outcome.ALREADY_SAVED, "The customer pays as much again.")
        verb = "cancelled" if event.movement_type is MovementType.CHURN else "downgraded"
        return customer, self._at_risk(customer, f"{verb}, {lost} of MRR", before)

    async def _reason_of_payment(self) -> tuple[CustomerNow, AtRisk] | RunResult:
        """A first attempt that fails is often collected by the second: so it is waited for."""
        facts = await facts_of(self._acting())
        if facts.is_unpaid and not self._is_often_enough():
            facts = await self._wait_for_attempts(facts)
        if not facts.is_unpaid:
            return self._run_log.end(Outcome.ALREADY_PAID, "The invoice is open no more.")
        if not self._is_often_enough():
            return self._run_log.end(Outcome.ACTED, "It did not fail as often as the route asks for.")
        if facts.customer is None:
            return self._run_log.end(Outcome.UNVERIFIED, NO_CUSTOMER)
        return facts.customer, self._at_risk(facts.customer, self._of_payment(facts), None)

    def _of_payment(self, facts: PaymentFacts) -> str:
        number = self._attempts.number if self._attempts else 1
        times = "once" if number == 1 else f"{number} times"
        return f"did not pay {facts.due or 'an invoice'}: the payment failed {times}"

    def _is_often_enough(self) -> bool:
        return self._attempts is None or self._attempts.number >= self._given.options.payment_attempts

    async def _wait_for_attempts(self, facts: PaymentFacts) -> PaymentFacts:
        """As they are when there were enough, it is paid, or nobody waits any more. Raises StepFailed."""
        if self._given.mode is Mode.PREVIEW:
            return facts
        looks = Looks(self._given.options.check_every_hours, self._given.options.watch_days)
        why = "Wait for the attempt from which on it is a risk"
        while facts.is_unpaid and not self._is_often_enough() and workflow.now() < looks.until:
            await told_before(looks.next(), self._is_often_enough, why)
            facts = await facts_of(self._acting())
        return facts

    def _at_risk(self, customer: CustomerNow, reason: str, mrr_before: int | None) -> AtRisk:
        uuid = customer.customer.uuid
        if uuid != self._given.event.customer_uuid:
            workflow.upsert_search_attributes([CUSTOMER.value_set(uuid)])
        return AtRisk(
            given=self._given,
            customer_uuid=uuid,
            reason=reason,
            mrr_before=mrr_before,
            told_by=workflow.info().workflow_id,
        )

    async def _preview(self, customer: CustomerNow, reason: AtRisk) -> RunResult:
        """As if no case was open."""
        case = Case(self._acting(), self._given.options)
        await case.open(Truth(customer, _nobody, lambda _: True, timedelta(0)), reason)
        if self._given.shadow:
            await self._keep_its_day()
        return self._run_log.end(Outcome.PREVIEWED)

    async def _join_the_case(self, reason: AtRisk) -> RunResult:
        event = self._given.event
        joining = Joining(
            workflow="risk_case",
            account=event.account,
            customer_uuid=reason.customer_uuid,
            template="churn_risk",
            headline="Customer at risk",
            summary=f"Customer at risk: {event.customer_name or reason.customer_uuid}",
            told=reason.model_dump(mode="json"),
        )
        try:
            await self._membership.join(self._acting(), joining)
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
        return self._run_log.end(Outcome.ACTED)


async def _nobody() -> CustomerNow | None:
    """A preview writes nothing that could be held up."""
    return None
