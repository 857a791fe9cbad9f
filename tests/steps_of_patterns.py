"""Whether Python's engine may need more than linear time for a pattern, read from the pattern itself.

Positions of a pattern are the states of its automaton (Glushkov). The time is linear where no two of them can
both go on over one text while the first also leads to the second over it (the criterion IDA of Weber and
Seidl), and where nothing leads from one position to another of the same loop in two ways (`(a+)+`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

SIGMA = frozenset([*map(chr, range(128)), "é", "\u00a0", "\u2028", "\u0663", "\U0001f600"])
CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S", op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
FEW = 100
"""So many repetitions and more are counted as any number."""

Chars = frozenset[str]
NO_CHARS: Chars = frozenset()


@dataclass
class Piece:
    """Of a pattern: where it can begin and end, and whether it can be empty."""

    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    empty: bool = True


class Automaton:
    def __init__(self, pattern: re.Pattern[str], *, anchored: bool, whole: bool) -> None:
        """`anchored` where it is tried at the text's begin alone, `whole` where it must reach the end."""
        self.chars: list[Chars] = []
        self.follows: dict[int, list[int]] = defaultdict(list)
        self._fold = bool(pattern.flags & re.IGNORECASE)
        self._dots = SIGMA if pattern.flags & re.DOTALL else SIGMA - {"\n"}
        items = list(_parser.parse(pattern.pattern, pattern.flags))
        before = SIGMA
        if items and items[0][0] is op.ASSERT_NOT and items[0][1][0] == -1:
            [one] = items.pop(0)[1][1]
            before = SIGMA - self._set(*one)
        if items and items[0] == (op.AT, op.AT_BOUNDARY):  # a word begins
            before = frozenset(each for each in SIGMA if not re.match(r"\w", each))
        if items and items[0] == (op.AT, op.AT_BEGINNING):
            anchored = bool(items.pop(0))
        piece = self._sequence(items)
        self.ends = set() if whole else set(piece.last)
        if not anchored:
            starts = [self._position(chars) for chars in (before, SIGMA - before) if chars]
            self._join(starts, starts)
            self._join(starts[:1], piece.first)

    def is_linear(self) -> bool:
        loops = [each for each in range(len(self.chars)) if each in self._reached(each) - self.ends]
        return not any(self._twice(each) for each in loops) and not any(
            self._both(one, other) for one in loops for other in loops if one != other
        )

    def _reached(self, start: int) -> set[int]:
        seen: set[int] = set()
        todo = list(self.follows[start])
        while todo:
            if (each := todo.pop()) not in seen and self.chars[each]:
                seen.add(each)
                todo += self.follows[each]
        return seen

    def _twice(self, one: int) -> bool:
        """Two ways from it to another position of its loop, and back: exponential."""
        loop = {each for each in self._reached(one) if one in self._reached(each)}
        return any(self.follows[one].count(each) > 1 for each in loop) or self._apart(one)

    def _apart(self, one: int) -> bool:
        return any(
            left != right and (one, one) in self._together((left, right))
            for left, right in self._together((one, one))
        )

    def _both(self, one: int, other: int) -> bool:
        return (one, other, other) in self._together((one, one, other))

    def _together(self, start: tuple[int, ...]) -> set[tuple[int, ...]]:
        """Where several can be at once that read the same text."""
        seen: set[tuple[int, ...]] = set()
        todo = [start]
        while todo:
            for each in product(*(set(self.follows[at]) for at in todo.pop())):
                shared = frozenset.intersection(*(self.chars[at] for at in each))
                if shared and each not in seen:
                    seen.add(each)
                    todo.append(each)
        return seen

    def _position(self, chars: Chars) -> int:
        if self._fold:
            chars = frozenset(each for each in SIGMA if {each.lower(), each.upper()} & chars)
        self.chars.append(chars)
        return len(self.chars) - 1

    def _join(self, ends: Iterable[int], starts: Iterable[int]) -> None:
        starts = list(starts)
        for end in ends:
            self.follows[end] += starts

    def _sequence(self, items: Iterable[Any]) -> Piece:
        whole = Piece()
        for code, value in items:
            whole = self._behind(whole, self._piece(code, value))
        return whole

    def _behind(self, one: Piece, other: Piece) -> Piece:
        self._join(one.last, other.first)
        return Piece(
            one.first + (other.first if one.empty else []),
            other.last + (one.last if other.empty else []),
            one.empty and other.empty,
        )

    def _piece(self, code: Any, value: Any) -> Piece:
        if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return self._repeated(*value)
        if code is op.SUBPATTERN:
            return self._sequence(value[-1])
        if code is op.ATOMIC_GROUP:
            return self._sequence(value)
        if code is op.BRANCH:
            parts = [self._sequence(each) for each in value[1]]
            first, last = ([at for part in parts for at in getattr(part, of)] for of in ("first", "last"))
            return Piece(first, last, any(part.empty for part in parts))
        if code is op.AT and value in (op.AT_BEGINNING, op.AT_END, op.AT_END_STRING):
            return self._single(NO_CHARS)
        if code in (op.AT, op.ASSERT, op.ASSERT_NOT):
            return Piece()
        return self._single(self._set(code, value))

    def _single(self, chars: Chars) -> Piece:
        at = self._position(chars)
        return Piece([at], [at], empty=False)

    def _repeated(self, least: int, most: int, items: Any) -> Piece:
        endless = most >= FEW
        whole = Piece()
        for number in range(1 if endless else min(int(most), 2)):
            part = self._sequence(items)
            part.empty = part.empty or number >= least
            whole = self._behind(whole, part)
        if endless:
            self._join(whole.last, whole.first)
        return whole

    def _set(self, code: Any, value: Any) -> Chars:
        if code is op.ANY:
            return self._dots
        if code is op.NOT_LITERAL:
            return SIGMA - {chr(value)}
        if code is op.IN:
            negated = value[0][0] is op.NEGATE
            parts = [self._set(*each) for each in value if each[0] is not op.NEGATE]
            found = NO_CHARS.union(*parts)
            return SIGMA - found if negated else found
        if code is op.RANGE:
            return frozenset(each for each in SIGMA if value[0] <= ord(each) <= value[1])
        if code is op.CATEGORY:
            return frozenset(each for each in SIGMA if re.match(CATEGORIES[value], each))
        if code is op.LITERAL:
            return frozenset(chr(value))
        raise NotImplementedError(code)


def is_linear(pattern: str, flags: int = 0, *, anchored: bool = False, whole: bool = False) -> bool:
    return Automaton(re.compile(pattern, flags), anchored=anchored, whole=whole).is_linear()


def adversaries() -> Iterator[str]:
    """Patterns that are known to take too long."""
    yield from (r"(a+)+$", r"(a|a)*$", r"(a*)*$", r"\w+\d+$", r"\s+$", r"a*_*_*$", r"(a|ab|b)*$", r"x*[xy]*z")
