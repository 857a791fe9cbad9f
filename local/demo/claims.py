"""What the demo claims, and whether it holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    text: str
    holds: bool
    found: str


def claim(text: str, found: object, wanted: object) -> Claim:
    return Claim(text, found == wanted, f"found {found}")
