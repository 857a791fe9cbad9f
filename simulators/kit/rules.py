"""Rules of a simulated vendor that tests change."""

from typing import TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


def with_changes(rules: M, changes: M) -> M:
    """Rules that are not named keep their value."""
    return rules.model_copy(update=changes.model_dump(exclude_unset=True))
