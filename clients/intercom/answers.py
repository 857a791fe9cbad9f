"""What Intercom's answers hold, as far as it is used."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from models.base import Record

M = TypeVar("M", bound=BaseModel)


def _instant(value: object) -> float | None:
    return value if isinstance(value, int | float) else None


Instant = Annotated[float | None, BeforeValidator(_instant)]
"""Seconds since 1970; None also where it is written in another way: it only decides between contacts."""


class Answer(Record):
    """Ids come as text, and in some of its examples as numbers."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


class Workspace(Answer):
    id_code: str = ""
    name: str = ""


class Me(Answer):
    """The token's owner."""

    id: str
    name: str | None = None
    app: Workspace | None = None


class Admin(Answer):
    id: str
    name: str | None = None


class Admins(Answer):
    admins: list[dict[str, Any]] = []


class Tag(Answer):
    id: str
    name: str


class Contact(Answer):
    """UNVERIFIED: `archived` and `deleted` are not in the specification of a contact. Where an answer has
    them, it is of one that is gone."""

    id: str
    role: str = ""
    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    workspace_id: str | None = None
    created_at: Instant = None
    last_seen_at: Instant = None
    archived: bool | None = None
    deleted: bool | None = None

    @property
    def is_there(self) -> bool:
        """Also False for a role that can get no message, and have no tag of ours."""
        return self.role in ("user", "lead") and not self.archived and not self.deleted


class CompanyTags(Answer):
    tags: list[Tag] = []


class Company(Answer):
    id: str
    company_id: str
    name: str | None = None
    app_id: str | None = None
    tags: CompanyTags | None = None


class Rows(Answer):
    """A list, whole or a page of it."""

    data: list[dict[str, Any]] = []
    pages: dict[str, Any] | None = None

    @property
    def next_cursor(self) -> str | None:
        """None where it is the last page, "" where more follows but the page does not say where."""
        following = (self.pages or {}).get("next")
        return str(following.get("starting_after") or "") if isinstance(following, dict) else None


class Sent(Answer):
    id: str
    conversation_id: str | None = Field(default=None, description="Where it began one at once")


def readable(rows: Iterable[dict[str, Any]], model: type[M]) -> list[M]:
    """A row that cannot be read is left out: what the others say stays true."""
    found = []
    for row in rows:
        with suppress(ValidationError):
            found.append(model.model_validate(row))
    return found
