"""Links between two lists, and what they make: pairs, one to many, many to many."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Link(NamedTuple):
    """`left` and `right` are places in their lists; `step` is of the ladder."""

    left: int
    right: int
    step: int


class Knot(NamedTuple):
    """What hangs together. `step` is the weakest of its links."""

    lefts: tuple[int, ...]
    rights: tuple[int, ...]
    links: tuple[Link, ...]

    @property
    def step(self) -> int:
        return max(each.step for each in self.links)

    @property
    def is_many_to_many(self) -> bool:
        return len(self.lefts) > 1 and len(self.rights) > 1


class Links:
    """Those taken so far. The first link of a pair stays."""

    def __init__(self) -> None:
        self.of_left: dict[int, list[Link]] = defaultdict(list)
        self.of_right: dict[int, list[Link]] = defaultdict(list)
        self._pairs: set[tuple[int, int]] = set()

    def take(self, step: int, pairs: Iterable[tuple[int, int]]) -> None:
        """All of one step, of which each has a side that no earlier step linked."""
        new = [(one, other) for one, other in pairs if one not in self.of_left or other not in self.of_right]
        for pair in new:
            self.add(Link(*pair, step))

    def add(self, link: Link) -> None:
        if (link.left, link.right) not in self._pairs:
            self._pairs.add((link.left, link.right))
            self.of_left[link.left].append(link)
            self.of_right[link.right].append(link)

    def knots(self) -> Iterator[Knot]:
        seen: set[int] = set()
        for left in sorted(self.of_left):
            if left not in seen:
                knot = self._around(left)
                seen.update(knot.lefts)
                yield knot

    def _around(self, start: int) -> Knot:
        lefts, rights, links = {start}, set[int](), set[Link]()
        rest = [start]
        while rest:
            for link in self.of_left[rest.pop()]:
                links.add(link)
                if link.right not in rights:
                    rights.add(link.right)
                    more = {each.left for each in self.of_right[link.right]} - lefts
                    lefts |= more
                    rest += more
        return Knot(tuple(sorted(lefts)), tuple(sorted(rights)), tuple(sorted(links)))
