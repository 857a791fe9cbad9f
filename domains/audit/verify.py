"""Whether files of the audit are whole: no row edited, missing, twice, or elsewhere. Needs no network."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from models.ledger import FIRST, AuditPlace, Link


@dataclass(frozen=True)
class Verified:
    """An account's rows, from the first that is there; `faults` in words."""

    account: str
    rows: int
    first: int
    end: AuditPlace
    faults: Sequence[str]


@dataclass(frozen=True)
class _Place:
    """A row, without what it says."""

    number: int
    previous: str
    hash: str
    is_whole: bool
    where: str


def verify(files: Sequence[Path], head: str = "") -> list[Verified]:
    """By account. `head` is a hash that was posted elsewhere: some row must have it. Raises OSError."""
    accounts: dict[str, list[_Place]] = {}
    unreadable: list[str] = []
    for file in _in_order(files):
        for where, account, place in _lines(file):
            if place is None:
                unreadable.append(f"{where} is no row: it was cut off, or edited")
            else:
                accounts.setdefault(account, []).append(place)
    found = [_verified(name, places) for name, places in sorted(accounts.items())]
    if head and not any(place.hash == head for places in accounts.values() for place in places):
        unreadable.append(f"no row has the hash {head}: rows were changed, or are missing at the end")
    if unreadable:
        found.append(Verified("", 0, 0, AuditPlace(), unreadable))
    return found


def _in_order(files: Sequence[Path]) -> list[Path]:
    """As their first rows are numbered, whatever they are called."""
    return sorted(files, key=lambda file: (_first_number(file), file.name))


def _first_number(file: Path) -> int:
    return next((place.number for _, _, place in _lines(file) if place), 0)


def _lines(file: Path) -> Iterator[tuple[str, str, _Place | None]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            where = f"{file.name}, line {number},"
            try:
                link = Link.model_validate_json(line)
                says_more = set(json.loads(line, object_pairs_hook=_once)) != set(Link.model_fields)
            except (ValueError, RecursionError):  # of pydantic, too
                says_more = True
            if says_more:
                yield where, "", None
                continue
            place = _Place(link.number, link.previous, link.hash, link.is_whole, where)
            yield where, str(link.row.get("account", "")), place


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that is there twice only one is hashed, and a reader may see the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _verified(account: str, places: Sequence[_Place]) -> Verified:
    ordered = sorted(places, key=lambda place: place.number)
    last = ordered[-1]
    twice = {number: n for number, n in Counter(each.number for each in places).items() if n > 1}
    faults = [
        *_edited(places),
        *(f"row {number} is there {count} times" for number, count in twice.items()),
        *_out_of_order(places, twice),
        *_missing(ordered),
        *_unlinked(ordered),
    ]
    end = AuditPlace(number=last.number, head=last.hash)
    return Verified(account, len(places), ordered[0].number, end, faults)


def _edited(places: Sequence[_Place]) -> Iterator[str]:
    for each in places:
        if not each.is_whole:
            yield f"row {each.number} was edited ({each.where} has another hash than its words)"


def _out_of_order(places: Sequence[_Place], twice: Collection[int]) -> Iterator[str]:
    for one, next in pairwise(places):
        if next.number < one.number and next.number not in twice:
            yield f"row {next.number} stands behind row {one.number} ({next.where} is in another's place)"


def _missing(ordered: Sequence[_Place]) -> Iterator[str]:
    for one, next in pairwise(ordered):
        if next.number == one.number + 2:
            yield f"row {one.number + 1} is missing"
        elif next.number > one.number + 2:
            yield f"rows {one.number + 1} to {next.number - 1} are missing"


def _unlinked(ordered: Sequence[_Place]) -> Iterator[str]:
    """A row that was edited and hashed anew: the one behind it has still the hash of what stood there."""
    if ordered[0].number == 1 and ordered[0].previous != FIRST:
        yield "row 1 follows another row: it was edited and hashed anew"
    for one, next in pairwise(ordered):
        if next.number == one.number + 1 and one.is_whole and next.is_whole and next.previous != one.hash:
            yield f"row {one.number} is not the one that row {next.number} was hashed with: one was edited"
