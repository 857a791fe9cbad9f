"""Gong's objects as we use them."""

from pydantic import AwareDatetime, Field

from models.effects import Write


class Interaction(Write):
    """Something that happened with a customer, for the timeline of their account: a digital interaction."""

    occurred_at: AwareDatetime
    event_type: str = Field(description="What was done, as Gong shows it: `Churn`, `Payment failed`")
    title: str
    content_url: str | None = Field(default=None, description="Where more of it is to be seen")
    labels: list[str] = []
    fields: dict[str, str] = Field(default={}, description="More of it, by names of our own")
    account_id: str | None = Field(default=None, description="Salesforce's, 15 or 18 characters")
    opportunity_id: str | None = Field(default=None, description="Salesforce's, 15 or 18 characters")
    email: str | None = None
    person_name: str | None = None
    company_domain: str | None = None
