"""Document numbers: as printed, plain, and where a text names one."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_BETWEEN = re.compile(r"[\s,;:#()\[\]{}<>|\"'=]+")
LONG = 6
"""Digits. A shorter number may be a year or an order."""

MOST_WORDS = 200
"""Of a text in which numbers are looked for."""


class Named(NamedTuple):
    """`sure`: it can be nothing else. What is not, needs an equal amount beside it."""

    plain: str
    sure: bool


def printed(number: str) -> str:
    return "".join(number.split()).casefold()


class Numbers:
    def __init__(self, prefixes: Iterable[str]) -> None:
        self._prefixes = sorted({printed(each) for each in prefixes} - {""}, key=len, reverse=True)

    def plain(self, number: str) -> str:
        """Without case, spaces, our prefix and leading zeros."""
        return self._plain(printed(number))[0]

    def named(self, text: str) -> Iterator[Named]:
        """Each number that a reference or memo may name: all of it, and each of its words."""
        words = [each.strip(".-/") for each in _BETWEEN.split(text, maxsplit=MOST_WORDS)[:MOST_WORDS]]
        for word in dict.fromkeys([printed(text), *(each.casefold() for each in words)]):
            if any(letter.isdigit() for letter in word):
                plain, ours = self._plain(word)
                yield Named(plain, ours or not plain.isdigit() or len(plain) >= LONG)

    def _plain(self, text: str) -> tuple[str, bool]:
        prefix = next((it for it in self._prefixes if text.startswith(it) and len(text) > len(it)), "")
        rest = text[len(prefix) :]
        return rest.lstrip("0") or rest, bool(prefix)


def words(text: str) -> Iterator[str]:
    """Ids stand as they are: `ch_1A` is not `ch_1a`."""
    yield text.strip()
    yield from (each.strip(".") for each in _BETWEEN.split(text, maxsplit=MOST_WORDS)[:MOST_WORDS])
