"""What a test may change of the Intercom workspace."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Case = Literal["user", "user_and_leads", "two_users", "lead_only", "other_id", "missing"]
"""What Intercom knows of a customer: a user with the customer's external id; two leads with the same e-mail
beside it, seen later; two users with the e-mail and ids of another system; only a lead; one such user; or
nobody."""

MessageType = Literal["inapp", "in_app"]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IntercomRules(_Shape):
    """Which of its two names for in-app messages Intercom takes nobody has tried: here both, unless a test
    says."""

    requests_per_10_seconds: int = Field(default=1_667, ge=1, description="Above: 429")
    search_lag_seconds: float = Field(default=0.0, ge=0, description="Search finds a new contact this late")
    message_lag_seconds: float = Field(default=0.0, ge=0, description="A new contact answers 404 so long")
    message_types: list[MessageType] = ["inapp", "in_app"]
    plan_has_messages: bool = True


class NewContact(_Shape):
    """As the Messenger or another client makes it. `age_seconds` is how long ago."""

    role: Literal["user", "lead"] = "user"
    email: str | None = None
    external_id: str | None = None
    name: str | None = None
    last_seen_at: int | None = None
    age_seconds: int = Field(default=0, ge=0)


class Merger(_Shape):
    into: str = Field(description="Id of the contact that stays")
