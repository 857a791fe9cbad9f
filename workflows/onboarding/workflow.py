"""Onboarding: a new customer is set up in CRM, product and Marketo, and somebody is told what was made."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from temporalio import workflow

from activities.crm.steps import CrmActivities
from activities.salesforce.steps import SalesforceActivities
from models.crm import CrmName
from models.crm_facts import FactName
from models.effects import Effect, Mode
from models.runs import Outcome, Problem, RunResult
from models.salesforce import ContactLink, LeadQuery, LeadsFound
from models.templates.crm_sync import CustomerWork, FactsNow, FactsQuery
from models.templates.onboarding import CheckInOptions, OnboardingInput
from workflows.blocks.owner import InCharge, in_charge
from workflows.blocks.reading import confirmed, customer_of
from workflows.blocks.thread import Thread, in_words
from workflows.blocks.truth import Truth
from workflows.customer_sync import SYNC
from workflows.engine.connectors import Calls, values_of
from workflows.engine.event_run import EventRun
from workflows.engine.patches import patched
from workflows.engine.steps import StepFailed, step
from workflows.onboarding import marketo, texts
from workflows.onboarding.facts import NewCustomer
from workflows.onboarding.telling import Telling

LOOKS_FOR_LEADS = "looks-for-leads"
"""Runs that began before tell nothing of leads."""

NO_EMAIL = "ChartMogul has no e-mail of the customer"
LEFT_MEANWHILE = "The customer left while something was held up: what was still to be made was not."


@workflow.defn(name="onboarding")
class Onboarding(EventRun[OnboardingInput]):
    @workflow.init
    def __init__(self, given: OnboardingInput) -> None:
        super().__init__(given)
        self._telling = Telling(self._acting(), given.options)

    @workflow.run
    async def run(self, given: OnboardingInput) -> RunResult:
        return await self._when_released(self._set_up)

    async def _set_up(self) -> RunResult:
        await self._wait_for_its_day("Wait for the day on which they begin")
        try:
            customer, doubt = await confirmed(self._given.event, self._given.options.settling_seconds)
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
        if customer is None:
            return self._run_log.end(Outcome.UNVERIFIED, doubt)
        if not customer.customer.mrr:
            return self._run_log.end(Outcome.UNVERIFIED, "Not acted on: the customer pays nothing any more.")
        facts = NewCustomer(event=self._given.event, now=customer)
        good_for = timedelta(seconds=self._given.options.reread_after_seconds)
        self._truth = Truth(facts, self._again, lambda now: bool(now.now.customer.mrr), good_for)
        for act in (self._write_to_the_crm, self._call, self._enrol):
            if await self._still_pays():
                await act()
        await self._tell(await in_charge(self._acting(), self._given.options.owner, customer.customer))
        if self._truth.ended:
            return self._run_log.end(Outcome.ACTED, LEFT_MEANWHILE)
        return await self._check_in()

    async def _again(self) -> NewCustomer | None:
        """Raises StepFailed."""
        now = await customer_of(self._given.event)
        return NewCustomer(event=self._given.event, now=now) if now else None

    async def _still_pays(self) -> bool:
        """Nothing more is made for who has left while something was held up. Where nobody can tell, it is."""
        if self._truth.ended:
            return False
        try:
            return await self._truth.fresh()
        except StepFailed as failure:
            self._run_log.note_fallback(failure)
            return True

    async def _call(self) -> None:
        await self._calls(self._truth.facts).make(self._given.options.calls)

    async def _write_to_the_crm(self) -> None:
        """The records side by side; the CRM sync's rules say which is whose."""
        given, crm = self._given, self._given.options.crm
        if crm is None:
            return
        known = await self._facts_for("the CRM")
        if known is not None:
            objects = given.mapping.objects(crm)
            written = await asyncio.gather(*(self._write_record(crm, name, known) for name in objects))
            await self._link({each.object_type: each for each in written if each})

    async def _facts_for(self, what: str, also: Iterable[FactName] = ()) -> FactsNow | None:
        """None where ChartMogul does not know the customer, or cannot say: that is a problem of the run."""
        event = self._given.event
        query = FactsQuery(
            account=event.account,
            customer=event.customer_uuid,
            mapping=self._given.mapping,
            movement_type=event.movement_type,
            occurred_at=event.occurred_at,
            also=list(also),
        )
        reading = step(CrmActivities.read_facts, query, summary=f"Read the customer for {what}")
        return await self._run_log.attempt(reading)

    async def _write_record(self, crm: CrmName, name: str, known: FactsNow) -> Effect | None:
        work = CustomerWork(
            **self._acting().write(f"{crm}:{name}"),
            account=self._given.event.account,
            object=name,
            mapping=self._given.mapping.creating(crm, name),
            known=known,
        )
        return await self._run_log.attempt(step(SYNC[crm], work, summary=f"Write to {crm} {name}"))

    async def _link(self, written: dict[str, Effect]) -> None:
        """Salesforce's contact into its account; HubSpot connects the two by itself."""
        account, contact = written.get("Account"), written.get("Contact")
        if account is None or contact is None or not (account.object_id and contact.object_id):
            return
        link = ContactLink(
            **self._acting().write("link"), account_id=account.object_id, contact_id=contact.object_id
        )
        linked = step(SalesforceActivities.link_contact, link, summary="Put the contact into the account")
        await self._run_log.attempt(linked)

    def _calls(self, facts: NewCustomer) -> Calls:
        values = values_of(self._given.event, facts.now)
        acting = self._acting()
        return Calls(self._run_log, self._given.connectors, values, acting.mode, acting.keyed_by)

    async def _enrol(self) -> None:
        options, email = self._given.options.marketo, self._truth.facts.now.customer.email
        if options and email:
            known = await self._facts_for("Marketo", options.facts) if options.facts else None
            await marketo.enrol(self._acting(), options, email, known.facts if known else None)
        elif options:
            self._run_log.add_problem(Problem(step="marketo.upsert_lead", kind="NotFound", message=NO_EMAIL))

    async def _leads(self) -> str:
        """What is to be told of leads with the customer's e-mail: they are a person's to convert."""
        email = self._truth.facts.now.customer.email
        if self._given.options.crm != "salesforce" or not email or not patched(LOOKS_FOR_LEADS):
            return ""
        look = step(SalesforceActivities.find_leads, LeadQuery(email=email), summary="Look for a lead")
        try:
            return texts.lead(await look)
        except StepFailed as failure:
            self._run_log.note_fallback(failure)
            return texts.lead(LeadsFound(left_out=str(failure)))

    async def _tell(self, owner: InCharge) -> None:
        """Also of who has left meanwhile: somebody has to know what was made for them."""
        lead = await self._leads()
        who = await in_words(self._acting(), owner)
        made = texts.made(self._run_log.effects, self._run_log.problems)
        truth = self._truth
        said = Truth(truth.facts, self._again, lambda _: True, truth.good_for, truth.read_at)

        async def say(thread: Thread, name: str, why_here: str) -> None:
            async def tell(facts: NewCustomer, good_until: datetime) -> Effect:
                links = [("Open in ChartMogul", facts.now.customer.link), ("Open the run", self._run_link())]
                blocks = texts.alert_blocks(facts, who, made, links, lead, why_here)
                return await thread.begin(texts.alert(facts), blocks, good_until, name)

            await self._run_log.attempt(said.say(tell))

        await self._telling.begin(owner, say)

    async def _check_in(self) -> RunResult:
        options, given = self._given.options.check_in, self._given
        if given.mode is Mode.PREVIEW:
            if given.shadow:
                await self._keep_its_day()
            return self._run_log.end(Outcome.PREVIEWED)
        if options is None or not self._telling.is_open:
            return self._run_log.end(Outcome.ACTED)
        self._run_log.state(Outcome.ACTED)
        day = max(given.event.occurred_at, given.received_at) + timedelta(days=options.after_days)
        await self._sleep_until(day, "Look whether they have stayed and begun")
        try:
            await self._say_how_it_goes()
        except StepFailed as failure:
            self._run_log.note_problem(failure)
        return self._run_log.end(Outcome.ACTED)

    async def _say_how_it_goes(self) -> None:
        """Raises StepFailed."""
        options = self._given.options.check_in
        if options is None or (facts := await self._again()) is None:
            return
        used = None
        if options.operation:
            calls = self._calls(facts)
            await calls.make([options.operation])
            used = calls.answered(options.operation)

        truth = Truth(facts, self._again, lambda _: True, self._truth.good_for)
        for ending, thread in self._telling.open():
            await self._run_log.attempt(truth.say(self._reply(thread, f"check_in{ending}", options, used)))

    def _reply(
        self, thread: Thread, name: str, options: CheckInOptions, used: bool | None
    ) -> Callable[[NewCustomer, datetime], Awaitable[Effect]]:
        async def reply(now: NewCustomer, good_until: datetime) -> Effect:
            return await thread.reply(name, texts.checked_in(now, options.after_days, used), good_until)

        return reply
