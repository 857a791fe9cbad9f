"""Writes that are made at most once."""

from datetime import timedelta
from typing import Any

from pydantic import Field

from models.base import Record


class Attempt(Record):
    """A step by its registered name, and what it is given."""

    step: str
    system: str
    arg: dict[str, Any]
    summary: str
    patience: timedelta = Field(description="For a system that takes no call: nothing was done by then")


class Attempted(Record):
    """What it came to; `unknown` says why nobody can tell."""

    result: Any = None
    unknown: str = ""


class AttemptQuery(Record):
    key: str
