"""Was everything read? Counts against counts, pages that came twice or not at all, and what moved meanwhile.

Where a part is missing nothing is judged: a figure that is too low by the last page looks like any other.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from models.reconciliation.books import Control, Reading

CAPS = frozenset({1_000, 2_000, 10_000, 100_000, 1_000_000})
"""Rows at which lists are known to end without a word: an exact hit is hardly chance."""

FIRST_PAGES = frozenset({10, 20, 25, 50, 100, 200, 250, 500})
"""Usual sizes of one page. Small accounts have such numbers by chance, so it is only said."""

A_PAGE = 1000
"""The largest page of any of the systems: what is missing and no more than that, may be the last one."""


class Name(NamedTuple):
    """Of a system that the rules ask for."""

    system: str
    site: str


class Checked(NamedTuple):
    """`stopped` says why nothing may be judged. `drifted` holds `system/site/id` of records that changed
    while they were read: their rows are judged again by the next reading."""

    stopped: list[str]
    drifted: frozenset[str]
    warnings: list[str]


def check_reads(
    readings: Iterable[Reading], needed: Iterable[Name] = (), ended_at: datetime | None = None
) -> Checked:
    """`ended_at`: the month's end. What was read before may have changed until then."""
    known = {Name(each.system, each.site): each for each in readings}
    stopped = [f"{_said(name)}: it was not read at all" for name in needed if name not in known]
    warnings: list[str] = []
    for name, reading in sorted(known.items()):
        if ended_at is not None and reading.began_at < ended_at:
            stopped.append(f"{_said(name)}: it was read before the month had ended")
        stopped += (f"{_said(name)}: {why}" for why in _missing(reading))
        warnings += (f"{_said(name)}: {what}" for what in _doubtful(reading))
    drifted = {
        f"{it.system}/{it.site}/{id}"
        for it in known.values()
        for changed in it.changed_while_read
        for id in _ids(changed)
    }
    return Checked(stopped, frozenset(drifted), warnings)


def _ids(changed: str) -> set[str]:
    """Readings name a record by its id, or by what it is and the id: `Invoice 12`, whose id may be either
    `12` or `Invoice-12`."""
    words = changed.split()
    return {changed, words[-1], "-".join(words)} if len(words) == 2 else {changed}


def _said(name: Name) -> str:
    return f"{name.system} ({name.site})"


def _missing(reading: Reading) -> Iterator[str]:
    for control in reading.controls:
        yield from _gap(control)
    if reading.left_out:
        shown = ", ".join(reading.left_out[:3])
        yield f"{len(reading.left_out)} records cannot be read: {shown}"


def _gap(control: Control) -> Iterator[str]:
    if not control.closes:
        yield _counted(control)
    elif control.expected is None and control.twice:
        yield (
            f"{control.twice:,} {control.what} came twice, so others may be missing, "
            "and there is no control count"
        )
    elif control.expected is None and control.read in CAPS:
        said = f"exactly {control.read:,} {control.what} were read"
        yield f"{said}: that looks like a cap, and there is no control count"


def _counted(control: Control) -> str:
    expected, read = control.expected or 0, control.read
    said = f"{read:,} {control.what} were read, and there are {expected:,} by {control.how}"
    if control.twice and read < expected:
        return f"{said}; {control.twice:,} came twice, so a page was read again and another one was not"
    if read in CAPS and read < expected:
        return f"{said}: the list seems to end at {read:,} without a word"
    if 0 < expected - read <= A_PAGE:
        return f"{said}: the last page may be missing"
    return said


def _doubtful(reading: Reading) -> Iterator[str]:
    for control in reading.controls:
        if control.expected is not None and control.closes and control.twice:
            yield f"{control.twice:,} {control.what} came twice while they were read; each counts once"
        if control.expected is None and control.read in FIRST_PAGES:
            yield (
                f"exactly {control.read} {control.what} were read: that may be a first page alone, "
                "and there is no control count"
            )
    if reading.changed_while_read:
        yield f"{len(reading.changed_while_read)} records changed while they were read: DRIFT"
