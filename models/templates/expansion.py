"""Expansion: what its route can say and what a run is given."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from models.base import Record
from models.business_days import Country
from models.crm import FieldName
from models.events import MovementType, MrrMovement
from models.money import Money
from models.templates.blocks import (
    USER,
    Email,
    FieldValue,
    OwnerOptions,
    Seconds,
    SlackChannel,
    fillable,
)
from models.templates.template import EventInput, Installation, Names, RouteOptions, Template

Title = Annotated[str, AfterValidator(fillable("customer", "plan", "mrr"))]


class _SaleOptions(RouteOptions):
    name: Title = Field(
        default="{customer}: expansion, {plan}", description="With `{customer}`, `{plan}` and `{mrr}`"
    )
    amount: Literal["mrr", "arr"] = Field(
        default="arr", description="`mrr`: what is paid more in a month; `arr`: 12 times that"
    )
    close_in_business_days: int = Field(default=5, ge=0, le=260, description="Until the close date")
    holidays: Country | None = Field(
        default=None, description="Country (`DE`, `US`) whose holidays are no business days"
    )
    fallback_owner: Email | None = Field(
        default=None, description="E-mail of the user who gets it where the account has no active owner"
    )


class OpportunityOptions(_SaleOptions):
    """Of Salesforce."""

    stage: Annotated[str, Names.SALESFORCE_STAGE] = Field(
        min_length=1, description="A value of the Stage picklist"
    )
    type: Annotated[str, Names.SALESFORCE_OPPORTUNITY_TYPE] | None = Field(
        default=None, description="A value of the Type picklist"
    )
    fields: Annotated[dict[str, FieldValue], Names.SALESFORCE_OPPORTUNITY_FIELD] = Field(
        default={}, description="More fields, by API name"
    )

    def needs(self) -> set[str]:
        return {"salesforce"}


class DealOptions(_SaleOptions):
    """Of HubSpot."""

    stage: Annotated[str, Names.HUBSPOT_STAGE] = Field(min_length=1, description="Name or id of a stage")
    pipeline: Annotated[str, Names.HUBSPOT_PIPELINE] | None = Field(
        default=None, description="Name or id; left out: the one that has the stage"
    )
    fields: Annotated[dict[str, FieldValue], Names.HUBSPOT_DEAL_PROPERTY] = Field(
        default={}, description="More properties, by internal name"
    )

    def needs(self) -> set[str]:
        return {"hubspot"}


class ExpansionOptions(RouteOptions):
    channel: SlackChannel = Field(min_length=1, description="Slack channel, id (safest) or #name")
    minimum_percent: float = Field(
        default=0, ge=0, le=1000, description="Of the MRR before: smaller expansions are let go"
    )
    opportunity: OpportunityOptions | None = Field(
        default=None, description="The opportunity in Salesforce, below; or else a deal"
    )
    deal: DealOptions | None = Field(default=None, description="The deal in HubSpot, below")
    account_field: Annotated[FieldName, Names.SALESFORCE_ACCOUNT_FIELD] | None = Field(
        default=None,
        description="Account field of Salesforce that holds the customer's id in the billing system, where"
        " neither our field nor a contact's e-mail finds the account",
    )
    owner: OwnerOptions = Field(default=OwnerOptions(), description="Who manages the account, below")
    merge_within_days: float = Field(
        default=0,
        ge=0,
        le=60,
        description="Further expansions of the customer within so many days go into the same open deal, which"
        " then has their exact sum; 0: each has its own",
    )
    log_in: Literal["gong", "note", "chatter", "nowhere"] = Field(
        default="gong",
        description="Where it is logged on the account: Gong, which is skipped where it is not connected, or"
        " a note or Chatter post of Salesforce",
    )
    settling_seconds: Seconds = Field(
        default=20, description="How long ChartMogul may not show the movement yet before we disbelieve"
    )
    reread_after_seconds: Seconds = Field(
        default=300, description="What is held up for longer is done only after the customer was read again"
    )

    def named(self, what: Names) -> list[str]:
        """Who sells is a user of the system that it is sold in."""
        sells = what is USER["hubspot" if self.deal else "salesforce"]
        people = [self.sale.fallback_owner or "", *self.owner.rotation] if sells else []
        return [*super().named(what), *people]

    def needs(self) -> set[str]:
        """Gong is the default, and no more than wished for."""
        return super().needs() | ({"salesforce"} if self.log_in in ("note", "chatter") else set())

    @property
    def sale(self) -> OpportunityOptions | DealOptions:
        found = self.opportunity or self.deal
        assert found is not None  # one of them is there
        return found

    @model_validator(mode="after")
    def _one_sale(self) -> Self:
        if (self.opportunity is None) == (self.deal is None):
            raise ValueError("needs either opportunity or deal")
        return self


class ExpansionInput(EventInput):
    event: MrrMovement
    options: ExpansionOptions


class Upgrade(Record):
    """One expansion, as the event's run tells it to the run that gathers those of its customer."""

    given: ExpansionInput
    customer_uuid: str
    customer: str = Field(description="Its name")
    plan: str
    account_id: str | None = Field(description="Account of Salesforce, or company of HubSpot")
    owner_id: str | None
    owner_name: str | None
    owner_email: str | None
    amount: Money = Field(description="As ChartMogul's list has it: MRR")
    told_by: str = Field(description="Workflow id of the event's run")

    @property
    def id(self) -> str:
        return self.given.event.event_id


def _given(common: EventInput, _: Installation) -> ExpansionInput:
    return ExpansionInput.of(common)


EXPANSION = Template(
    name="expansion",
    sentence="opens an expansion opportunity for the account, with the exact sum where several follow each"
    " other, tells the account manager old plan, new plan and MRR, and logs it in Gong",
    takes=(MovementType.EXPANSION,),
    options=ExpansionOptions,
    input=ExpansionInput,
    given=_given,
    systems=("chartmogul", "salesforce", "hubspot", "slack", "gong"),
    pause_above=50,
)
