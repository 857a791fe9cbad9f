"""The opportunity or deal of one or several expansions: always the exact sum of those that are in it."""

from datetime import datetime
from decimal import Decimal

from activities.hubspot.steps import HubSpotActivities
from activities.salesforce.steps import SalesforceActivities
from models.effects import Action, Effect
from models.hubspot import DealAmount, DealNow, DealQuery, DealWrite
from models.money import Money
from models.salesforce import OpportunityAmount, OpportunityNow, OpportunityQuery, OpportunityWrite
from models.templates.expansion import DealOptions, OpportunityOptions, Upgrade
from workflows.blocks.owner import hubspots_id_of
from workflows.engine.acting import Acting
from workflows.engine.patches import patched
from workflows.engine.steps import step
from workflows.expansion import texts

PATCH = "knows-the-sum-that-a-lost-try-wrote"
"""Runs that began before take it for a person's, and make another deal."""


class Deal:
    """Keyed by the first of its expansions."""

    def __init__(self, acting: Acting, first: Upgrade) -> None:
        self._acting, self._first, self._options = acting, first, first.given.options.sale
        self._cents: dict[str, int] = {}
        self._written: int | None = None
        self.effect: Effect | None = None

    @property
    def key(self) -> str:
        return deal_key(self._first)

    @property
    def is_made(self) -> bool:
        return self.effect is not None and self.effect.object_id is not None

    async def make(self, good_until: datetime | None = None) -> Effect:
        """Raises StepFailed."""
        if isinstance(self._options, DealOptions):
            deal = await self._deal(self._options, good_until)
            effect = await step(HubSpotActivities.save_deal, deal, summary="Create the deal")
        else:
            opportunity = self._opportunity(self._options, good_until)
            effect = await step(
                SalesforceActivities.save_opportunity, opportunity, summary="Create the opportunity"
            )
        self._cents[self._first.id] = self._written = self._first.amount.cents
        self.effect = effect
        return effect

    def is_in(self, currency: str) -> bool:
        """Sums are of one currency."""
        return self._first.amount.currency == currency

    async def is_ours_still(self, upgrade: Upgrade) -> bool:
        """Open, and its amount is what we wrote; or what it is with this one, which a worker may have written
        that died before it could say so. Raises StepFailed."""
        now = await self._now()
        if now is None or now.is_closed or self._written is None:
            return False
        if now.amount is None or now.amount == self._amount(self._written):
            return True
        return now.amount == self._amount(self._sum(upgrade)) and patched(PATCH)

    async def add(self, upgrade: Upgrade, good_until: datetime | None = None) -> Effect:
        """To the exact sum, in whatever order they come. Raises StepFailed."""
        cents = {**self._cents, upgrade.id: upgrade.amount.cents}
        total = Money(cents=self._sum(upgrade), currency=upgrade.amount.currency)
        line = texts.sum_line(upgrade, len(cents), total)
        effect = await self._set(upgrade, total, line, good_until)
        if effect.action is not Action.SKIPPED:
            self._cents, self._written = cents, total.cents
        return effect

    def _sum(self, upgrade: Upgrade) -> int:
        return sum({**self._cents, upgrade.id: upgrade.amount.cents}.values())

    def _amount(self, cents: int) -> Decimal:
        return texts.amount(self._options, cents)

    async def _now(self) -> OpportunityNow | DealNow | None:
        if isinstance(self._options, DealOptions):
            return await step(HubSpotActivities.read_deal, DealQuery(key=self.key), summary="Read it back")
        query = OpportunityQuery(key=self.key)
        return await step(SalesforceActivities.read_opportunity, query, summary="Read it back")

    async def _set(self, upgrade: Upgrade, total: Money, line: str, good_until: datetime | None) -> Effect:
        common = {
            "key": deal_key(upgrade),
            "mode": self._acting.mode,
            "good_until": good_until,
            "expected_amount": self._amount(self._written or 0),
            "amount": self._amount(total.cents),
            "currency": total.currency,
            "description_line": line,
        }
        if isinstance(self._options, DealOptions):
            deal = DealAmount.model_validate(common | {"deal_key": self.key})
            return await step(HubSpotActivities.set_deal_amount, deal, summary="Add to the deal")
        change = OpportunityAmount.model_validate(common | {"opportunity_key": self.key})
        return await step(
            SalesforceActivities.set_opportunity_amount, change, summary="Add to the opportunity"
        )

    def _opportunity(self, options: OpportunityOptions, good_until: datetime | None) -> OpportunityWrite:
        first = self._first
        return OpportunityWrite(
            key=self.key,
            good_until=good_until,
            mode=self._acting.mode,
            account_id=first.account_id,
            name=texts.title(options, first),
            amount=self._amount(first.amount.cents),
            currency=first.amount.currency,
            stage=options.stage,
            type=options.type,
            close_date=texts.close_date(first.given),
            owner_id=first.owner_id,
            owner_name=first.owner_name,
            fallback_email=options.fallback_owner
            if first.owner_id
            else first.owner_email or options.fallback_owner,
            description=texts.description(first, self._acting.link),
            fields=options.fields,
        )

    async def _deal(self, options: DealOptions, good_until: datetime | None) -> DealWrite:
        """Who is named by another system is looked up by e-mail."""
        first = self._first
        emails = (first.owner_email, options.fallback_owner)
        return DealWrite(
            key=self.key,
            good_until=good_until,
            mode=self._acting.mode,
            name=texts.title(options, first),
            amount=self._amount(first.amount.cents),
            currency=first.amount.currency,
            pipeline=options.pipeline,
            stage=options.stage,
            close_date=texts.close_date(first.given),
            owner_id=first.owner_id or await hubspots_id_of(self._acting, *emails),
            company_id=first.account_id,
            description=texts.description(first, self._acting.link),
            properties={name: str(value) for name, value in options.fields.items()},
        )


def deal_key(upgrade: Upgrade) -> str:
    """Of what is made of it, be it the deal or a sum in an earlier one."""
    return f"{upgrade.id}:expansion:deal"
