"""Failed payment: person and channel are told, and every further attempt, until it is paid or lost."""

from datetime import datetime, timedelta

from temporalio import workflow

from activities.intercom import IntercomActivities
from models.effects import Action, Effect, Mode
from models.events import FailedPayment
from models.intercom import InAppMessage, PersonFound, PersonQuery
from models.runs import Outcome, RunResult
from models.templates.failed_payment import FailedPaymentInput
from temporal import CUSTOMER as CUSTOMER_ATTRIBUTE
from workflows.blocks.looks import Looks
from workflows.blocks.tag import tag
from workflows.blocks.thread import Thread
from workflows.blocks.truth import Truth
from workflows.engine.event_run import EventRun
from workflows.engine.once import once
from workflows.engine.run_log import CUSTOMER
from workflows.engine.steps import StepFailed, step
from workflows.engine.trouble import told_before
from workflows.failed_payment import texts
from workflows.failed_payment.facts import Attempts, PaymentFacts, days_since
from workflows.failed_payment.reading import facts_of

GIVEN_UP = "The billing system has given up on it already."
ENDS = {"paid": Outcome.RECOVERED, "voided": Outcome.VOIDED, "lost": Outcome.LOST}


@workflow.defn(name="failed_payment")
class FailedPaymentRun(EventRun[FailedPaymentInput]):
    @workflow.init
    def __init__(self, given: FailedPaymentInput) -> None:
        super().__init__(given)
        self._attempts = Attempts(given.event)
        self._untold = 0
        self._thread = Thread(self._acting(), given.options.channel)
        self._told: Effect | None = None
        self._is_tagged = self._is_reminded = False

    @workflow.run
    async def run(self, given: FailedPaymentInput) -> RunResult:
        return await self._when_released(self._follow)

    @workflow.signal(name="another", description="Another attempt to collect the invoice failed")
    def another(self, event: FailedPayment) -> None:
        if self._attempts.hear(event):
            self._untold += 1

    async def _follow(self) -> RunResult:
        try:
            facts = await facts_of(self._acting())
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
        self._show_the_customer(facts)
        if not facts.is_unpaid:
            return await self._end_before_it_began(facts)
        self._truth = self._truth_of(facts)
        await self._tell_the_person("message")
        if not self._truth.ended:
            await self._tag(self._truth.facts)
        await self._run_log.attempt(self._truth.say(self._alert))
        if self._truth.ended:
            return await self._end()
        if self._given.mode is Mode.PREVIEW:
            return self._run_log.end(Outcome.PREVIEWED)
        return await self._watch()

    def _truth_of(self, facts: PaymentFacts) -> Truth[PaymentFacts]:
        good_for = timedelta(seconds=self._given.options.reread_after_seconds)
        return Truth(facts, self._read, lambda now: now.is_unpaid, good_for)

    async def _read(self) -> PaymentFacts | None:
        return await facts_of(self._acting())

    def _show_the_customer(self, facts: PaymentFacts) -> None:
        """A billing system's webhook names them by its own id alone."""
        if facts.customer and not self._given.event.customer_uuid:
            uuid = facts.customer.customer.uuid
            workflow.upsert_search_attributes([CUSTOMER_ATTRIBUTE.value_set(uuid)])
            self._run_log.explain(CUSTOMER, f"{facts.customer.customer.label} ({uuid})")

    async def _end_before_it_began(self, facts: PaymentFacts) -> RunResult:
        """What nobody collects any more is told, once: it is money lost."""
        assert facts.invoice is not None  # it says so
        words = {"paid": "The invoice is paid already.", "voided": "The invoice was voided."}
        if said := words.get(facts.invoice.status):
            paid = facts.invoice.status == "paid"
            return self._run_log.end(Outcome.ALREADY_PAID if paid else Outcome.VOIDED, said)
        days = days_since(self._given.event, workflow.now())
        blocks = texts.alert_blocks(facts, self._attempts, None, self._links(facts))
        await self._run_log.attempt(self._thread.begin(texts.lost(facts, days), blocks))
        is_preview = self._given.mode is Mode.PREVIEW
        return self._run_log.end(Outcome.PREVIEWED if is_preview else Outcome.LOST, GIVEN_UP)

    async def _tell_the_person(self, name: str) -> None:
        """At most once for each name. Who is not there is told in the alert, and holds nothing up."""
        options = self._given.options.message
        if options is None:
            return

        async def send(facts: PaymentFacts, good_until: datetime) -> Effect:
            found = await self._find_the_person(facts)
            if found.person is None:
                return self._skipped(name, found.why_none)
            message = InAppMessage(
                **self._acting().write(name),
                good_until=good_until,
                person_id=found.person.id,
                role=found.person.role,
                body=texts.in_app(options, facts),
            )
            if self._given.mode is Mode.PREVIEW:
                return await step(IntercomActivities.send_message, message, summary="Tell the person")
            return await once(
                IntercomActivities.send_message, message, Effect, summary="Tell the person in Intercom"
            )

        self._told = await self._run_log.attempt(self._truth.say(send))

    async def _find_the_person(self, facts: PaymentFacts) -> PersonFound:
        query = PersonQuery(external_ids=facts.external_ids, email=facts.email)
        return await step(IntercomActivities.find_person, query, summary="Find the person in Intercom")

    def _skipped(self, name: str, why: str) -> Effect:
        return Effect(
            system="intercom",
            object_type="message",
            action=Action.SKIPPED,
            key=self._acting().key(name),
            note=why,
        )

    async def _tag(self, facts: PaymentFacts, *, remove: bool = False) -> None:
        options = self._given.options.tag
        if options and facts.customer and (not remove or (self._is_tagged and options.remove_when_over)):
            tagged = await tag(self._acting(), options, facts.customer.customer, remove=remove)
            self._is_tagged = tagged is not None and tagged.object_id is not None

    async def _alert(self, facts: PaymentFacts, good_until: datetime) -> Effect:
        self._untold = 0
        blocks = texts.alert_blocks(facts, self._attempts, self._told, self._links(facts))
        return await self._thread.begin(texts.alert(facts), blocks, good_until)

    def _links(self, facts: PaymentFacts) -> list[tuple[str, str | None]]:
        return [
            ("Open the invoice", facts.invoice.link if facts.invoice else None),
            ("Open in ChartMogul", facts.customer.customer.link if facts.customer else None),
            ("Open in Intercom", self._told.link if self._told else None),
            ("Open the run", self._run_link()),
        ]

    async def _watch(self) -> RunResult:
        """Until it is paid, voided or lost, or for as long as the route says."""
        options = self._given.options
        looks = Looks(options.check_every_hours, options.watch_days)
        while workflow.now() < looks.until:
            await told_before(looks.next(), lambda: self._untold > 0, "Look whether it is paid")
            if await self._look() is False:
                return await self._end()
            await self._tell_of_attempts()
            await self._remind()
        await self._reply("open", texts.still_open(self._truth.facts, options.watch_days))
        return self._run_log.end(Outcome.ACTED, "Still unpaid when the route stopped to look.")

    async def _look(self) -> bool | None:
        """Whether it is still unpaid; None where nobody can tell now: the next look will."""
        try:
            return await self._truth.again()
        except StepFailed as failure:
            self._run_log.note_fallback(failure)
            return None

    async def _tell_of_attempts(self) -> None:
        if not self._untold:
            return
        self._untold = 0
        number = len(self._attempts.known)

        async def say(facts: PaymentFacts, good_until: datetime) -> Effect:
            return await self._thread.reply(
                f"attempt_{number}", texts.attempt(facts, self._attempts), good_until
            )

        if self._thread.is_open:
            await self._run_log.attempt(self._truth.say(say))

    async def _remind(self) -> None:
        options = self._given.options.message
        told = self._told is not None and self._told.object_id is not None
        if not (options and options.remind_after_days and told) or self._is_reminded:
            return
        if workflow.now() - self._given.received_at >= timedelta(days=options.remind_after_days):
            self._is_reminded = True
            await self._tell_the_person("reminder")

    async def _end(self) -> RunResult:
        facts = self._truth.facts
        status = facts.invoice.status if facts.invoice else "paid"
        days = days_since(self._given.event, workflow.now())
        words = {
            "paid": texts.recovered(facts, days),
            "voided": texts.voided(facts),
            "lost": texts.lost(facts, days),
        }
        await self._reply("verdict", words[status])
        await self._tag(facts, remove=True)
        return self._run_log.end(ENDS[status], f"{status.capitalize()} after {days} days.")

    async def _reply(self, name: str, text: str) -> None:
        if self._thread.is_open:
            await self._run_log.attempt(self._thread.reply(name, text))
