"""Expansion: who pays more becomes an opportunity, and the account manager hears of it."""

from datetime import datetime, timedelta
from typing import Literal

from temporalio import workflow

from activities.gong import GongActivities
from activities.salesforce.steps import SalesforceActivities
from models.cases import Joining, Taken
from models.effects import Effect, Mode
from models.gong import Interaction
from models.runs import Outcome, RunResult
from models.salesforce import AccountFound, AccountQuery, NoteWrite
from models.tagging import MOST_IDS
from models.templates.expansion import ExpansionInput, Upgrade
from models.wording import escaped
from workflows.blocks.case import Membership
from workflows.blocks.owner import InCharge, in_charge
from workflows.blocks.reading import confirmed, customer_of
from workflows.blocks.thread import Thread, in_words
from workflows.blocks.truth import Truth
from workflows.engine.event_run import EventRun
from workflows.engine.steps import StepFailed, is_rerun, step
from workflows.expansion import texts
from workflows.expansion.deals import Deal, deal_key
from workflows.expansion.facts import ExpansionFacts

NO_COMPANY = "HubSpot has no company of the customer."
NOT_LISTED = "ChartMogul lists the expansion no more: nobody was told of it."


@workflow.defn(name="expansion")
class Expansion(EventRun[ExpansionInput]):
    @workflow.init
    def __init__(self, given: ExpansionInput) -> None:
        super().__init__(given)
        self._membership = Membership()

    @workflow.run
    async def run(self, given: ExpansionInput) -> RunResult:
        return await self._when_released(self._expand)

    @workflow.signal(name="taken", description="The customer's deal has the expansion")
    def taken(self, taken: Taken) -> None:
        self._membership.hear(taken)

    async def _expand(self) -> RunResult:
        await self._wait_for_its_day("Wait for the day of the expansion")
        facts = await self._read_back()
        if isinstance(facts, RunResult):
            return facts
        self._truth = Truth(facts, self._again, lambda now: now.is_listed, self._good_for)
        account = await self._find_the_account(facts)
        works_in: Literal["salesforce", "hubspot"] = "hubspot" if self._is_in_hubspot else "salesforce"
        owner = self._given.options.owner
        manager = await in_charge(self._acting(), owner, facts.now.customer, works_in)
        deal, note = await self._put_into_a_deal(facts, account, manager)
        await self._tell_the_manager(manager, deal, note)
        if self._truth.ended:
            return self._run_log.end(Outcome.UNVERIFIED, NOT_LISTED)
        await self._log_it(self._truth.facts, account, manager, deal)
        if self._given.shadow:
            await self._keep_its_day()
        return self._run_log.end(Outcome.PREVIEWED if self._given.mode is Mode.PREVIEW else Outcome.ACTED)

    async def _again(self) -> ExpansionFacts | None:
        """Raises StepFailed."""
        now = await customer_of(self._given.event)
        return ExpansionFacts(event=self._given.event, now=now) if now else None

    @property
    def _good_for(self) -> timedelta:
        return timedelta(seconds=self._given.options.reread_after_seconds)

    @property
    def _is_in_hubspot(self) -> bool:
        return self._given.options.deal is not None

    async def _read_back(self) -> ExpansionFacts | RunResult:
        event, options = self._given.event, self._given.options
        try:
            customer, doubt = await confirmed(event, options.settling_seconds)
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
        if customer is None:
            return self._run_log.end(Outcome.UNVERIFIED, doubt)
        facts = ExpansionFacts(event=event, now=customer)
        if facts.percent is not None and facts.percent < options.minimum_percent:
            least = f"{options.minimum_percent:g} %"
            return self._run_log.end(Outcome.ACTED, f"Let go: it is less than {least} of the MRR before.")
        return facts

    async def _find_the_account(self, facts: ExpansionFacts) -> AccountFound:
        """None is no reason to make no opportunity: it says so. Salesforce is not asked where nothing goes
        there."""
        if self._is_in_hubspot and self._given.options.log_in not in ("note", "chatter"):
            return AccountFound()
        query = AccountQuery(
            customer_uuid=facts.now.customer.uuid,
            email=facts.now.customer.email,
            external_ids=facts.now.customer.ids[:MOST_IDS],
            field=self._given.options.account_field,
        )
        try:
            return await step(SalesforceActivities.find_account, query, summary="Find the account")
        except StepFailed as failure:
            self._run_log.note_fallback(failure)
            return AccountFound(why_none=f"The account could not be looked up: {failure}")

    async def _put_into_a_deal(
        self, facts: ExpansionFacts, account: AccountFound, manager: InCharge
    ) -> tuple[Effect | None, str]:
        """Its effect, and what there is to say of it."""
        upgrade, why_none = self._upgrade(facts, account, manager), self._why_no_account(account, manager)
        if not self._given.options.merge_within_days or self._given.mode is Mode.PREVIEW:

            async def make(now: ExpansionFacts, good_until: datetime) -> Effect:
                return await Deal(self._acting(), self._upgrade(now, account, manager)).make(good_until)

            return await self._run_log.attempt(self._truth.say(make)), why_none
        joining = Joining(
            workflow="expansion_window",
            account=self._given.event.account,
            customer_uuid=upgrade.customer_uuid,
            template="expansion",
            headline="Expansions that follow each other",
            summary=f"Expansions: {upgrade.customer}",
            made=deal_key(upgrade) if is_rerun() else "",
            told=upgrade.model_dump(mode="json"),
        )
        try:
            taken = await self._membership.join(self._acting(), joining)
        except StepFailed as failure:
            self._run_log.note_problem(failure)
            return None, ""
        return next(iter(taken.effects), None), " ".join(filter(None, [*taken.notes, why_none]))

    def _why_no_account(self, account: AccountFound, manager: InCharge) -> str:
        if not self._is_in_hubspot:
            return account.why_none or ""
        return "" if self._account_id(account, manager) else NO_COMPANY

    def _upgrade(self, facts: ExpansionFacts, account: AccountFound, manager: InCharge) -> Upgrade:
        return Upgrade(
            given=self._given,
            customer_uuid=facts.now.customer.uuid,
            customer=facts.name,
            plan=facts.plan,
            account_id=self._account_id(account, manager),
            owner_id=manager.hubspot_id if self._is_in_hubspot else manager.salesforce_id or account.owner_id,
            owner_name=manager.name or account.owner_name,
            owner_email=manager.email or account.owner_email,
            amount=facts.more,
            told_by=workflow.info().workflow_id,
        )

    def _account_id(self, account: AccountFound, manager: InCharge) -> str | None:
        if not self._is_in_hubspot:
            return account.account_id
        return manager.company.company_id if manager.company else None

    async def _tell_the_manager(self, manager: InCharge, deal: Effect | None, note: str) -> None:
        who = await in_words(self._acting(), manager)
        done = deal.action.value if deal else "not made, see the run"
        said = " ".join(filter(None, (done, (deal.note if deal else None), note)))
        thread = Thread(self._acting(), self._given.options.channel)

        async def tell(facts: ExpansionFacts, good_until: datetime) -> Effect:
            links = [
                ("Open the opportunity", deal.link if deal else None),
                ("Open in ChartMogul", facts.now.customer.link),
                ("Open the run", self._run_link()),
            ]
            blocks = texts.alert_blocks(facts, who, escaped(said), links)
            return await thread.begin(texts.alert(facts), blocks, good_until)

        await self._run_log.attempt(self._truth.say(tell))

    async def _log_it(
        self, facts: ExpansionFacts, account: AccountFound, manager: InCharge, deal: Effect | None
    ) -> None:
        where = self._given.options.log_in
        if where == "gong":
            account_id = self._account_id(account, manager)
            await self._run_log.attempt(self._log_in_gong(facts, account_id, deal))
        elif where != "nowhere" and account.account_id:
            note = NoteWrite(
                **self._acting().write("note"),
                account_id=account.account_id,
                title=texts.log_title(facts),
                kind=where,
                day=self._given.day(self._given.event.occurred_at),
                not_before=self._acting().earliest,
            )
            await self._run_log.attempt(step(SalesforceActivities.post_note, note, summary="Note it"))

    async def _log_in_gong(
        self, facts: ExpansionFacts, account_id: str | None, deal: Effect | None
    ) -> Effect:
        """Ids are those of the CRM in which the opportunity or deal is."""
        customer = facts.now.customer
        interaction = Interaction(
            **self._acting().write("interaction"),
            occurred_at=self._given.event.occurred_at,
            event_type="Expansion",
            title=texts.log_title(facts),
            content_url=customer.link,
            fields={"MRR before": str(facts.before or "unknown"), "MRR now": str(facts.mrr)},
            account_id=account_id,
            opportunity_id=deal.object_id if deal else None,
            email=customer.email,
            person_name=customer.name,
        )
        return await step(GongActivities.log_interaction, interaction, summary="Log it in Gong")
