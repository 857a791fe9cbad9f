"""Options that several templates have: of whom a customer is in the care, of follow-up tasks, of tags."""

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from models.business_days import Country
from models.crm import FieldName
from models.tagging import TagTarget
from models.templates.template import Names, RouteOptions

Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
OwnerSource = Literal[
    "salesforce", "hubspot", "chartmogul", "rotation", "salesforce_user_field", "hubspot_user_property"
]
FieldValue = str | int | float | bool


def fillable(*words: str) -> Callable[[str], str]:
    """A check of a text that is filled in with these words."""

    def check(text: str) -> str:
        try:
            text.format(**dict.fromkeys(words, "x"))
        except (ValueError, LookupError, AttributeError) as error:
            known = ", ".join(f"{{{word}}}" for word in words)
            raise ValueError(f"cannot be filled in ({error!r}); it may hold {known}") from None
        return text

    return check


class OwnerOptions(RouteOptions):
    sources: list[OwnerSource] = Field(
        default=["salesforce", "hubspot", "chartmogul", "rotation"],
        min_length=1,
        description="Who is in charge of the customer: the first that names an active person. `salesforce`:"
        " owner of the account; `hubspot`: of the company; `chartmogul`: of the customer; and those below, by"
        " their names",
    )
    salesforce_user_field: Annotated[FieldName, Names.SALESFORCE_USER_FIELD] | None = Field(
        default=None,
        description="A look-up to User on Salesforce's account, as in `CSM__c`: asked first, unless `sources`"
        " says when",
    )
    hubspot_user_property: Annotated[FieldName, Names.HUBSPOT_USER_PROPERTY] | None = Field(
        default=None,
        description="A property of type HubSpot user on its company, or else on the contact: asked first,"
        " unless `sources` says when",
    )
    rotation: list[Email] = Field(
        default=[],
        max_length=200,
        description="E-mails of people who share the customers that nobody else has; a customer always goes"
        " to the same of them",
    )

    @property
    def ways(self) -> list[OwnerSource]:
        """All sources, in the order in which they are asked."""
        fields = [name for name in _USER_FIELDS if getattr(self, name) and name not in self.sources]
        return [*fields, *self.sources]

    @model_validator(mode="after")
    def _sources_are_named(self) -> Self:
        if missing := [name for name in _USER_FIELDS if name in self.sources and not getattr(self, name)]:
            raise ValueError(f"sources names {missing[0]}, which is not set")
        return self


_USER_FIELDS: tuple[OwnerSource, ...] = ("salesforce_user_field", "hubspot_user_property")

USER = {"salesforce": Names.SALESFORCE_USER, "hubspot": Names.HUBSPOT_USER}
"""What a person's e-mail names there."""


class FollowUpOptions(RouteOptions):
    system: Literal["salesforce", "hubspot"] = Field(default="salesforce", description="Where it is made")
    subject: Annotated[str, AfterValidator(fillable("customer", "mrr", "plan", "reason"))] = Field(
        default="{customer}: {reason}",
        description="With `{customer}`, `{reason}`, `{mrr}` and `{plan}`",
    )
    priority: str = Field(default="High", description="A value of the system's own")
    due_in_business_days: int = Field(
        default=1, ge=0, le=60, description="From the day, in the account's time zone, of the first reason"
    )
    holidays: Country | None = Field(
        default=None, description="Country (`DE`, `US`) whose holidays are no business days"
    )
    fallback_owner: Email | None = Field(
        default=None, description="E-mail of the user who gets tasks without a clear owner"
    )
    fields: dict[str, FieldValue] = Field(
        default={}, description="More fields of the task, by API name; of Salesforce alone"
    )
    close_when_over: bool = Field(default=True, description="Close it when there is no reason left")

    def named(self, what: Names) -> list[str]:
        """Users and fields are those of the system that it is made in."""
        users = [self.fallback_owner or ""] if what is USER[self.system] else []
        return [*users, *(self.fields if what is Names.SALESFORCE_TASK_FIELD else [])]

    def needs(self) -> set[str]:
        return {self.system}

    @model_validator(mode="after")
    def _fields_are_salesforces(self) -> Self:
        if self.fields and self.system != "salesforce":
            raise ValueError("fields are set on tasks of Salesforce alone: leave them out for HubSpot")
        return self


class TagOptions(RouteOptions):
    system: Literal["intercom", "zendesk"] = Field(description="Where the customer is tagged")
    tag: str = Field(min_length=1, max_length=100, description="Its name; Zendesk's have no spaces")
    target: TagTarget = Field(
        default=TagTarget.PERSON,
        description="`person`: contact of Intercom, user of Zendesk; `organization`: company, organisation",
    )
    remove_when_over: bool = Field(default=True, description="Take it off when there is no reason left")

    def needs(self) -> set[str]:
        return {self.system}


SlackChannel = Annotated[str, Names.SLACK_CHANNEL]
