"""A system that refused or did not answer, as a finding."""

from clients.kit.errors import IntegrationError, Retryable
from models.findings import Finding, State


def failed(what: str, error: IntegrationError, advice: str) -> Finding:
    if isinstance(error, Retryable):
        advice = "It does not answer as it should: check address and network, or try again later."
    return Finding(what, State.FAULT, str(error), advice)
