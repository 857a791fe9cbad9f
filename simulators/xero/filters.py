"""Xero's `where` and `order`, as far as they are documented: comparisons joined by AND."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

Row = dict[str, Any]

_TERM = re.compile(
    r"\s*(?P<name>[A-Za-z.]+)\s*(?P<sign>==|!=|>=|<=|>|<)\s*"
    r"(?:\"(?P<text>[^\"]*)\"|DateTime\((?P<date>\d{4},\s*\d{1,2},\s*\d{1,2})\))\s*"
)
_AND = re.compile(r"AND|&&")
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    ">": lambda a, b: bool(a > b),
    "<": lambda a, b: bool(a < b),
    ">=": lambda a, b: bool(a >= b),
    "<=": lambda a, b: bool(a <= b),
}


class BadFilter(ValueError):
    pass


def chosen(text: str, dates: tuple[str, ...], words: tuple[str, ...]) -> Callable[[Row, date], bool]:
    """Whether a row of that date is meant. Raises BadFilter."""
    terms: list[tuple[str, str, Any]] = []
    place = 0
    while place < len(text):
        found = _TERM.match(text, place)
        if found is None:
            raise BadFilter(f"Unexpected text at position {place}")
        terms.append(_term(found, dates, words))
        place = found.end()
        if place < len(text):
            joint = _AND.match(text, place)
            if joint is None:
                raise BadFilter(f"Expected AND at position {place}")
            place = joint.end()
    return lambda row, day: all(
        _SIGNS[sign](day if name in dates else row.get(name), value) for name, sign, value in terms
    )


def _term(found: re.Match[str], dates: tuple[str, ...], words: tuple[str, ...]) -> tuple[str, str, Any]:
    name, sign = found["name"], found["sign"]
    if found["date"] is not None:
        if name not in dates:
            raise BadFilter(f"No date {name}")
        return name, sign, date(*(int(part) for part in found["date"].split(",")))
    if name not in words or sign not in ("==", "!="):
        raise BadFilter(f"No field {name}")
    return name, sign, found["text"]
