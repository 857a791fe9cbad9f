"""What Gong takes of a digital interaction, as its own description of the API has it."""

from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CustomField(_Shape):
    name: str
    value: str
    dataType: Literal["STRING", "NUMBER", "DATE", "URL", "BOOLEAN", "DURATION"] = "STRING"


class BusinessContext(_Shape):
    objectType: Literal["ACCOUNT", "OPPORTUNITY", "CONTACT", "LEAD"]
    objectId: str
    systemName: str = ""


class Company(_Shape):
    companyId: str | None = None
    name: str | None = None
    domain: str | None = None
    companyBusinessContexts: list[BusinessContext] = []

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if not (self.domain or self.companyBusinessContexts):
            raise ValueError("company: domain, crmAccountId or crmOpportunityId is required")
        return self


class Person(_Shape):
    name: str | None = None
    email: str | None = None
    phoneNumber: str | None = None
    personId: str | None = None
    personBusinessContext: BusinessContext | None = None
    company: Company | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        known = self.name or self.email or self.phoneNumber or self.personBusinessContext
        if not known and not (self.personId and self.company and self.company.domain):
            raise ValueError("person: personId and company.domain are mandatory for an anonymous person")
        return self


class Content(_Shape):
    contentTitle: str = Field(min_length=1)
    contentId: str | None = None
    contentUrl: str | None = None
    contentLabel: list[str] = []
    contentCustomFields: list[CustomField] = []


class DigitalInteraction(_Shape):
    eventId: str = Field(min_length=1)
    timestamp: AwareDatetime
    eventType: str = Field(min_length=1)
    sourceSystemName: str | None = None
    sessionId: str | None = None
    device: Literal["MOBILE", "PC"] | None = None
    content: Content
    person: Person
    customFields: list[CustomField] = []

    @property
    def account(self) -> str:
        """Whose timeline it is on: the CRM account, else the company's domain, else the address's."""
        company = self.person.company
        ids = [each.objectId for each in company.companyBusinessContexts] if company else []
        domain = company.domain if company else None
        return next(iter(ids), None) or domain or (self.person.email or "").rpartition("@")[2] or "unknown"
