"""Onboarding: what its route can say and what a run is given."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.connectors import Connector
from models.crm import NAMES_ARE_FACTS, CrmMapping, CrmName, Fact, Target, check_formats
from models.events import MovementType, MrrMovement
from models.marketo import Way
from models.templates.blocks import FieldValue, OwnerOptions, Seconds, SlackChannel
from models.templates.call_api import OperationName
from models.templates.template import EventInput, Installation, Names, RouteOptions, Template


class MarketoOptions(RouteOptions):
    """One way in which the contact is enrolled."""

    static_list: Annotated[str, Names.MARKETO_LIST] | None = Field(
        default=None, description="List it is put in, name or id"
    )
    program: Annotated[str, Names.MARKETO_PROGRAM] | None = Field(
        default=None, description="Program it is a member of, name or id, with the `status`"
    )
    status: str | None = Field(
        default=None, max_length=255, description="In the program: one of those of its channel"
    )
    custom_object: Annotated[str, Names.MARKETO_OBJECT] | None = Field(
        default=None, description="Custom object that gets a record of it, API name"
    )
    campaign: Annotated[str, Names.MARKETO_CAMPAIGN] | None = Field(
        default=None,
        description="Campaign that is requested for it, name or id. Marketo has no way to repeat that: it is"
        " done at most once, and all the others exactly once",
    )
    fields: Annotated[dict[str, FieldValue], Names.MARKETO_LEAD_FIELD] = Field(
        default={}, description="Fields of the lead by REST API name, each with the same value for everybody"
    )
    facts: dict[Fact, Target] = Field(
        default={},
        description="Facts of the customer and the fields of the lead that they go to, in the words of"
        " `config/crm.yaml`: `mrr: cmMrr`, `plans: {to: cmPlan, max_length: 40}`. One that does not fit is"
        " left out and named",
        json_schema_extra=NAMES_ARE_FACTS,
    )

    def needs(self) -> set[str]:
        return {"marketo"}

    def named(self, what: Names) -> list[str]:
        fields = [each.to for each in self.facts.values()] if what is Names.MARKETO_LEAD_FIELD else []
        return [*super().named(what), *fields]

    @property
    def chosen(self) -> tuple[Way, str]:
        ways: dict[Way, str | None] = {
            "static_list": self.static_list,
            "program_status": self.program,
            "custom_object": self.custom_object,
            "campaign": self.campaign,
        }
        return next((way, target) for way, target in ways.items() if target)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.static_list, self.program, self.custom_object, self.campaign)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("needs one of static_list, program, custom_object and campaign")
        return self

    @model_validator(mode="after")
    def _facts_fit(self) -> Self:
        check_formats(self.facts)
        names = self.named(Names.MARKETO_LEAD_FIELD)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two values go to {', '.join(twice)}")
        return self


class CheckInOptions(RouteOptions):
    after_days: float = Field(gt=0, le=120, description="After the event")
    operation: OperationName | None = Field(
        default=None,
        description="Operation of a connector that reads whether the customer has used the product: an empty"
        " answer, 0 and false mean that nobody has",
    )


class OnboardingOptions(RouteOptions):
    channel: SlackChannel = Field(min_length=1, description="Slack channel, id (safest) or #name")
    crm: Annotated[CrmName, Names.CRM] | None = Field(
        default="salesforce",
        description="Where account and contact are made, by `config/crm.yaml`; nowhere where it is null",
    )
    calls: list[OperationName] = Field(
        default=[],
        max_length=20,
        description="Operations of connectors, in order, that make the account in your product and grant"
        " access; later ones may use {{ answers.create_account.… }}",
    )
    marketo: MarketoOptions | None = Field(default=None, description="Enrolment in Marketo, below")
    owner: OwnerOptions = Field(default=OwnerOptions(), description="Who takes care of the customer, below")
    tell: Annotated[Literal["channel", "person", "both"], Names.SLACK_TELL] = Field(
        default="channel",
        description="Where who takes care of the customer is told: in the channel, by a direct message, or"
        " both. The channel is told of whom no direct message reaches",
    )
    check_in: CheckInOptions | None = Field(
        default=None, description="A look later whether they have stayed and begun, below"
    )
    settling_seconds: Seconds = Field(
        default=20, description="How long ChartMogul may not show the movement yet before we disbelieve"
    )
    reread_after_seconds: Seconds = Field(
        default=300, description="What is held up for longer is done only after the customer was read again"
    )

    def needs(self) -> set[str]:
        return super().needs() | ({self.crm} if self.crm else set())


class OnboardingInput(EventInput):
    event: MrrMovement
    options: OnboardingOptions
    mapping: CrmMapping
    connectors: dict[str, Connector] = Field(default={}, description="Their files, as they are now")


def _given(common: EventInput, installation: Installation) -> OnboardingInput:
    options = common.options
    assert isinstance(options, OnboardingOptions)
    called = [*options.calls, *([options.check_in.operation] if options.check_in else [])]
    names = {each.partition(".")[0] for each in called if each}
    used = {name: each for name, each in installation.connectors.items() if name in names}
    return OnboardingInput.of(common, mapping=installation.crm, connectors=used)


ONBOARDING = Template(
    name="onboarding",
    sentence="makes account and contact in the CRM, the account in your product, the enrolment in Marketo,"
    " and tells who takes care of the customer what was made and what was not",
    takes=(MovementType.NEW_BUSINESS, MovementType.REACTIVATION),
    options=OnboardingOptions,
    input=OnboardingInput,
    given=_given,
    systems=("chartmogul", "salesforce", "hubspot", "connector", "marketo", "slack"),
    pause_above=50,
    needs_crm_mapping=True,
)
