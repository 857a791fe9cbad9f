"""Bounds; texts and lists, cut. Texts by what they take: Temporal counts bytes, a letter has up to four."""

from collections.abc import Sequence

MARK = "…"

MOST_COLUMNS = 60
"""Months of a cohort that are shown."""

LONGEST_ACT_WITHIN_DAYS = 30
"""Temporal keeps closed runs so long: of an older movement nobody could say whether it was acted on."""


def within(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, with a mark at the end where it was longer."""
    whole = text.encode(errors="replace")
    if len(whole) <= most:
        return text
    return whole[: most - len(MARK.encode())].decode(errors="ignore") + MARK


NAMED = 3
"""So many of a list are told where it is only mentioned."""


def few(said: Sequence[object], between: str = "; ") -> str:
    """The first few, and how many more there are."""
    more = f" and {len(said) - NAMED} more" if len(said) > NAMED else ""
    return between.join(map(str, said[:NAMED])) + more
