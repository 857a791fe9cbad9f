"""What proofs of vendors' webhooks have in common. None of it raises: headers hold what a sender likes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

LONGEST_PROOF = 4_096
"""Letters of a header that is looked at: some hundred are usual."""


class Signed(Protocol):
    """What an account's settings say of a webhook that the vendor signs."""

    signing_secrets: list[SecretStr]
    tolerance_seconds: float


def proof_in(headers: Mapping[str, str], name: str) -> str:
    """The header's value; empty where it is missing, came more than once, is not ASCII, or too long."""
    found = [value for key, value in headers.items() if key.lower() == name]
    if len(found) != 1 or not found[0].isascii() or len(found[0]) > LONGEST_PROOF:
        return ""
    return found[0]


def is_recent(seconds: float, now: datetime, tolerance_seconds: float) -> bool:
    """Whether that was just now, since 1970; clocks may differ either way."""
    return abs(now.timestamp() - seconds) <= tolerance_seconds
