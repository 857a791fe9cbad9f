"""Intercom's people and messages as we use them."""

from enum import StrEnum

from pydantic import Field

from models.base import Record
from models.effects import Write


class Role(StrEnum):
    """Of a contact: a user has signed in to the product, a lead has only left an address."""

    USER = "user"
    LEAD = "lead"


class PersonQuery(Record):
    """Who is it? By each of the ids in turn, else by e-mail."""

    external_ids: list[str] = Field(
        default=[], max_length=20, description="The customer's, as they may be known there: the first that is"
    )
    email: str | None = None


class Person(Record):
    """`link` is their page in Intercom; None where it cannot be told."""

    id: str
    role: Role
    name: str = ""
    link: str | None = None


class PersonFound(Record):
    """`why_none` says why there is nobody, `found_by` what led to the person; neither quotes an address."""

    person: Person | None = None
    why_none: str = ""
    found_by: str = ""


class InAppMessage(Write):
    """A message that the person sees in the product's Messenger. `body` is plain text: what looks like markup
    in it is shown as it is, and web addresses become links."""

    person_id: str
    role: Role
    body: str
    create_conversation: bool = Field(
        default=False, description="Teammates see it in the inbox before the person has replied"
    )
