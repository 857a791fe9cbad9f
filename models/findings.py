"""What a check of `doctor` has found, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    OFF = "off"
    WARNING = "look"
    FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    what: str
    state: State
    detail: str = ""
    to_do: str = ""
