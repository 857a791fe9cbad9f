"""Causes whose amount the records give without saying that it is in the difference: taken only where they
close the row, alone or together, to the cent."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from models.reconciliation.causes import Cause

MOST = 8
"""Candidates that are tried together."""


class Candidate(NamedTuple):
    cause: Cause
    minor: int
    why: str
    records: tuple[str, ...] = ()


def closing(candidates: Sequence[Candidate], rest: int) -> tuple[Candidate, ...]:
    """The fewest, and of those the first, that sum up to it; nothing where none do."""
    useful = [each for each in candidates if each.minor][:MOST]
    for size in range(1, len(useful) + 1):
        for chosen in combinations(useful, size):
            if sum(each.minor for each in chosen) == rest and _differ(chosen):
                return chosen
    return ()


def _differ(chosen: tuple[Candidate, ...]) -> bool:
    """A cause has one amount: two of its candidates are two readings of the same records."""
    return len({each.cause for each in chosen}) == len(chosen)
