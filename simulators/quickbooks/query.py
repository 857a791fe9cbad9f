"""QuickBooks' query language, as Intuit documents it: one entity, conditions joined by AND, no projections.

https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

MOST, BY_DEFAULT = 1_000, 100
WORDS = {"select", "from", "where", "and", "orderby", "order", "by", "startposition", "maxresults", "in",
         "like", "asc", "desc", "count"}  # fmt: skip
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<name>[A-Za-z][A-Za-z0-9_.]*)|(?P<number>\d+)"
    r"|(?P<sign><=|>=|!=|[=<>(),*]))"
)


class BadQuery(ValueError):
    """`code` is QuickBooks': 4000 cannot be parsed, 4001 cannot be done."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Condition:
    name: str
    sign: str
    values: tuple[str, ...]

    def holds(self, row: Row, fields: Mapping[str, Callable[[Row], Any]]) -> bool:
        found = fields[self.name](row)
        if found is None:
            return False
        if self.sign == "in":
            return str(found) in self.values
        if self.sign == "like":
            pattern = ".*".join(map(re.escape, self.values[0].split("%")))
            return re.fullmatch(pattern, str(found), re.IGNORECASE | re.DOTALL) is not None
        left, right = _comparable(found, self.values[0])
        return bool(_SIGNS[self.sign](left, right))


_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True)
class Query:
    entity: str
    counts: bool
    conditions: list[Condition]
    order: list[tuple[str, bool]]
    """Name, and whether descending."""
    start: int = 1
    most: int = BY_DEFAULT


@dataclass
class _Words:
    tokens: list[str] = field(default_factory=list)
    place: int = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        found = self.peek()
        self.place += 1
        return found

    def takes(self, word: str) -> bool:
        if self.peek().lower() != word:
            return False
        self.place += 1
        return True

    def need(self, word: str) -> None:
        if not self.takes(word):
            raise _unexpected(self.peek())


def parsed(text: str) -> Query:
    """Raises BadQuery."""
    words = _Words(list(_tokens(text)))
    words.need("select")
    counts = _selection(words)
    words.need("from")
    entity = _name(words)
    conditions = _conditions(words) if words.takes("where") else []
    order = _order(words)
    start = _number(words, 1) if words.takes("startposition") else 1
    most = _number(words, 1) if words.takes("maxresults") else BY_DEFAULT
    if words.peek():
        raise _unexpected(words.peek())
    if most > MOST:
        raise BadQuery(4001, f"maxresults is larger than {MOST}")
    return Query(entity, counts, conditions, order, start, most)


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None:
            raise _unexpected(text[place:].strip()[:1])
        place = found.end()
        yield found[0].strip()


def _selection(words: _Words) -> bool:
    """Whether it counts. Columns cannot be chosen."""
    if words.takes("*"):
        return False
    words.need("count")
    for each in "(*)":
        words.need(each)
    return True


def _conditions(words: _Words) -> list[Condition]:
    found = [_condition(words)]
    while words.takes("and"):
        found.append(_condition(words))
    return found


def _condition(words: _Words) -> Condition:
    name, sign = _name(words), words.take().lower()
    if sign == "in":
        words.need("(")
        values = [_value(words)]
        while words.takes(","):
            values.append(_value(words))
        words.need(")")
        return Condition(name, sign, tuple(values))
    if sign not in _SIGNS and sign != "like":
        raise _unexpected(sign)
    return Condition(name, sign, (_value(words),))


def _order(words: _Words) -> list[tuple[str, bool]]:
    if not words.takes("orderby"):
        if not words.takes("order"):
            return []
        words.need("by")
    found = [_ordered(words)]
    while words.takes(","):
        found.append(_ordered(words))
    return found


def _ordered(words: _Words) -> tuple[str, bool]:
    name = _name(words)
    if words.takes("desc"):
        return name, True
    words.takes("asc")
    return name, False


def _name(words: _Words) -> str:
    found = words.take()
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*", found) or found.lower() in WORDS:
        raise _unexpected(found)
    return found


def _value(words: _Words) -> str:
    """Text and dates in quotes; true and false without."""
    found = words.take()
    if found.lower() in ("true", "false"):
        return found.lower()
    if len(found) < 2 or not found.startswith("'"):
        raise _unexpected(found)
    return re.sub(r"\\(.)", r"\1", found[1:-1])


def _number(words: _Words, least: int) -> int:
    found = words.take()
    if not found.isdecimal() or int(found) < least:
        raise _unexpected(found)
    return int(found)


def _unexpected(found: str) -> BadQuery:
    return BadQuery(4000, f'QueryParserError: Encountered "{found or "<EOF>"}"')


def _comparable(found: Any, given: str) -> tuple[Any, Any]:
    if isinstance(found, int | float):
        try:
            return float(found), float(given)
        except ValueError:
            raise BadQuery(4001, f"{given} is no number") from None
    return str(found), given
