"""Slack's objects as we use them."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from models.effects import Write


class Member(BaseModel):
    """A person in the workspace; `id` makes the mention `<@id>`."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str = ""


class MemberQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    email: str


class Message(Write):
    """A channel message, or a reply where `thread_ts` is set.

    Blocks are Block Kit JSON; `text` is the notification and what screen readers say.
    """

    channel: str
    text: str
    blocks: list[dict[str, Any]] = []
    thread_ts: str | None = None
    not_before: AwareDatetime = Field(description="No earlier message can carry our key: bounds the look-up")
