"""Zendesk's objects as we use them."""

from typing import Literal

from pydantic import Field

from models.base import Record

Kind = Literal["user", "organization"]

END_USER, AGENT, ADMIN = "end-user", "agent", "admin"


class Agent(Record):
    """Who we are to Zendesk, `GET /users/me`. Nobody, who signs in wrongly, has no id."""

    id: int | None = None
    name: str = ""
    role: str = END_USER
    role_type: int | None = Field(default=None, description="1 light agent, 2 chat agent, 3 contributor")


class Tagged(Record):
    """A user or an organisation, to have a tag."""

    kind: Kind
    id: int
    name: str = ""
    link: str


class Match(Record):
    """Whom a tag is meant for; `why` where nobody is."""

    record: Tagged | None = None
    why: str = ""
