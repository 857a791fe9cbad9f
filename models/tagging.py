"""Tags on people and companies, alike for each system that has them."""

from enum import StrEnum

from pydantic import Field

from models.effects import Write

MOST_IDS = 20
"""Of one customer, by which somebody is looked for."""


class TagTarget(StrEnum):
    PERSON = "person"
    ORGANIZATION = "organization"
    """Their company, or organisation."""


class Tagging(Write):
    """Put a tag on whom it finds, or take it off. Who is not known there is skipped, and the effect says
    so."""

    tag: str = Field(min_length=1, max_length=200)
    target: TagTarget = TagTarget.PERSON
    remove: bool = False
    external_ids: list[str] = Field(
        default=[],
        max_length=MOST_IDS,
        description="The customer's, as they may be known there: the first that is",
    )
    email: str | None = Field(default=None, description="Of a person, where none of the ids is known")
