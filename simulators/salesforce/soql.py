"""The part of SOQL that a client needs to find records:

SELECT a, Owner.Name FROM X WHERE f = 'v' AND g != null AND h IN ('a', 'b') [ORDER BY f [DESC]] [LIMIT n]
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?\b)"""
    r"""|(?P<word>[A-Za-z][\w.]*)|(?P<sign>!=|<>|[=,()]))""",
    re.DOTALL,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}


class Malformed(ValueError):
    """The text is no query that we understand."""


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    negated: bool
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Query:
    fields: tuple[str, ...]
    object_name: str
    conditions: tuple[Condition, ...]
    order_by: str | None
    descending: bool
    limit: int | None


def parse(text: str) -> Query:
    return _Parser(text).query()


Kind = Literal["text", "number", "word", "sign", "end"]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0

    def query(self) -> Query:
        self._expect("select")
        fields = [self._name()]
        while self._accept(","):
            fields.append(self._name())
        self._expect("from")
        object_name = self._name()
        conditions = self._conditions() if self._accept("where") else ()
        order_by, descending = self._order() if self._accept("order") else (None, False)
        limit = self._whole_number() if self._accept("limit") else None
        if self._token[0] != "end":
            raise Malformed(f"unexpected token: '{self._token[1]}'")
        return Query(tuple(fields), object_name, conditions, order_by, descending, limit)

    def _conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while self._accept("and"):
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        field = self._name()
        if self._accept("in"):
            return Condition(field, False, self._values())
        negated = self._accept("!=") or self._accept("<>")
        if not negated:
            self._expect("=")
        return Condition(field, negated, (self._value(),))

    def _values(self) -> tuple[Any, ...]:
        self._expect("(")
        found = [self._value()]
        while self._accept(","):
            found.append(self._value())
        self._expect(")")
        return tuple(found)

    def _value(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            return unescape(text[1:-1])
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "word" and text.lower() in CONSTANTS:
            return CONSTANTS[text.lower()]
        raise Malformed(f"unexpected token: '{text}'")

    def _order(self) -> tuple[str, bool]:
        self._expect("by")
        field = self._name()
        descending = self._accept("desc")
        if not descending:
            self._accept("asc")
        return field, descending

    def _whole_number(self) -> int:
        kind, text = self._next()
        if kind != "number" or not text.isdecimal():
            raise Malformed(f"unexpected token: '{text}'")
        return int(text)

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise Malformed(f"unexpected token: '{text}'")
        return text

    @property
    def _token(self) -> tuple[Kind, str]:
        return self._tokens[self._position]

    def _next(self) -> tuple[Kind, str]:
        token = self._token
        if token[0] == "end":
            raise Malformed("unexpected token: '<EOF>'")
        self._position += 1
        return token

    def _accept(self, text: str) -> bool:
        if self._token[0] in ("word", "sign") and self._token[1].lower() == text:
            self._position += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise Malformed(f"unexpected token: '{self._token[1]}', expecting '{text.upper()}'")


def unescape(literal: str) -> str:
    """Undo what a string literal escapes; a backslash before anything else is an error."""

    def plain(match: re.Match[str]) -> str:
        escape = match[1]
        if escape[0] == "u" and len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape not in ESCAPES:
            raise Malformed(f"Illegal escape sequence: \\{escape}")
        return ESCAPES[escape]

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", plain, literal, flags=re.DOTALL)


def _tokens(text: str) -> list[tuple[Kind, str]]:
    found: list[tuple[Kind, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            raise Malformed(f"unexpected token: '{text[position : position + 20].strip()}'")
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        found.append((kind, match[kind]))
        position = match.end()
    return [*found, ("end", "<EOF>")]
