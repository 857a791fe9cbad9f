"""Was everything read? Counts against counts, pages that came twice or not at all, and what moved meanwhile.

Where a part is missing nothing is judged: a figure that is too low by the last page looks like any other.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


Ids = Mapping[tuple[str, str, str], Sequence[str]]
"""Ids as they came, with those that came twice, by (system, site, what)."""


def check_reads(readings: Iterable[Reading], ids: Ids, needed: Iterable[Name] = ()) -> Checked:
    known = {Name(each.system, each.site): each for each in readings}
    stopped = [f"{_said(name)}: it was not read at all" for name in needed if name not in known]
    warnings: list[str] = []
    for name, reading in sorted(known.items()):
        stopped += (f"{_said(name)}: {why}" for why in _missing(reading, ids))
        warnings += (f"{_said(name)}: {what}" for what in _doubtful(reading, ids))
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


def _missing(reading: Reading, ids: Ids) -> Iterator[str]:
    controlled = {each.what for each in reading.controls}
    for control in reading.controls:
        yield from _gap(control, _came(reading, control.what, ids))
    for (system, site, what), came in ids.items():
        if (system, site) == (reading.system, reading.site) and what not in controlled:
            yield from _gap(Control(what=what, read=len(came), how="none"), came)
    if reading.left_out:
        shown = ", ".join(reading.left_out[:3])
        yield f"{len(reading.left_out)} records cannot be read: {shown}"


def _gap(control: Control, came: Sequence[str] | None) -> Iterator[str]:
    """`read` may count rows that came twice: what is compared with the control count is different ids."""
    read = control.read if came is None else len(set(came))
    twice = 0 if came is None else len(came) - read
    if control.expected is not None and read != control.expected:
        yield _counted(control, control.expected, read, twice)
    elif control.expected is None and twice:
        yield (
            f"{twice} of {len(came or ())} {control.what} came twice, so others may be missing, "
            "and there is no control count"
        )
    elif control.expected is None and read in CAPS:
        said = f"exactly {read:,} {control.what} were read"
        yield f"{said}: that looks like a cap, and there is no control count"


def _counted(control: Control, expected: int, read: int, twice: int) -> str:
    said = f"{read:,} {control.what} were read, and there are {expected:,} by {control.how}"
    if twice:
        return f"{said}; {twice:,} came twice, so a page was read again and another one was not"
    if read in CAPS and read < expected:
        return f"{said}: the list seems to end at {read:,} without a word"
    if 0 < expected - read <= A_PAGE:
        return f"{said}: the last page may be missing"
    return said


def _doubtful(reading: Reading, ids: Ids) -> Iterator[str]:
    for control in reading.controls:
        came = _came(reading, control.what, ids) or ()
        often = sum(each - 1 for each in Counter(came).values())
        if control.expected is not None and often and len(set(came)) == control.expected:
            yield f"{often} {control.what} came twice: pages moved while they were read; each counts once"
        if control.expected is None and control.read in FIRST_PAGES:
            yield (
                f"exactly {control.read} {control.what} were read: that may be a first page alone, "
                "and there is no control count"
            )
    if reading.changed_while_read:
        yield f"{len(reading.changed_while_read)} records changed while they were read: DRIFT"


def _came(reading: Reading, what: str, ids: Ids) -> Sequence[str] | None:
    return ids.get((reading.system, reading.site, what))
