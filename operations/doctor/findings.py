"""What a check has found, and what to do."""

from dataclasses import dataclass
from enum import StrEnum

from clients.kit.errors import IntegrationError, Retryable


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


def failed(what: str, error: IntegrationError, advice: str) -> Finding:
    if isinstance(error, Retryable):
        advice = "It does not answer as it should: check address and network, or try again later."
    return Finding(what, State.FAULT, str(error), advice)
