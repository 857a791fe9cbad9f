"""Which payment is which: by its id; by the only payment of one document; by customer, amount and date.

Steps as of documents: 2 the id, 4 the document, 5 customer, amount and date, where both sides have one alone.
Never by amount alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domains.reconciliation.documents.customers import Customers
from domains.reconciliation.documents.given import key
from domains.reconciliation.documents.grouping import Knot, Link, Links
from domains.reconciliation.documents.month import Month
from domains.reconciliation.documents.near import DAYS, Dated, Near
from domains.reconciliation.documents.numbers import words
from domains.reconciliation.documents.sources import Feeds
from models.reconciliation.books import CashEntry, CashKind
from models.reconciliation.findings import LinkProposal

BACK = frozenset({CashKind.REFUND, CashKind.DISPUTE})
MOST_PROPOSALS = 1000
WHY = f"same customer and amount within {DAYS} days"


@dataclass(frozen=True)
class Flow:
    """Entries that are one. `step` 0: on one side alone."""

    lefts: tuple[CashEntry, ...]
    rights: tuple[CashEntry, ...]
    step: int = 0
    notes: tuple[str, ...] = ()


@dataclass
class Flows:
    flows: list[Flow] = field(default_factory=list)
    proposals: list[LinkProposal] = field(default_factory=list)


Documents = Callable[[CashEntry], set[str]]
"""Of an entry, billing's documents that it pays, by their keys."""


Kind = tuple[str, bool]


@dataclass(frozen=True)
class Known:
    month: Month
    paid: Documents
    feeds: Feeds
    confirmed: Sequence[LinkProposal] = ()


def kind(entry: CashEntry) -> Kind:
    return entry.currency, entry.kind in BACK


class _Ladder:
    def __init__(self, lefts: Sequence[CashEntry], rights: Sequence[CashEntry], known: Known) -> None:
        self._lefts, self._rights = sorted(lefts, key=key), sorted(rights, key=key)
        self._known = known
        self._yes = {(it.left, it.right): it.step for it in known.confirmed if it.comparison == "cash"}
        self._links = Links()
        self._done = Flows()

    def climbed(self) -> Flows:
        self._confirmed()
        self._take(2, self._same_id())
        self._take(4, self._only_ones())
        linked = (it for links in list(self._links.of_left.values()) for it in links)
        customers = Customers((self._lefts[it.left], self._rights[it.right]) for it in linked)
        lefts = self._dated(self._lefts, self._links.of_left, customers)
        rights = self._dated(self._rights, self._links.of_right, customers)
        near = Near(lefts, rights)
        self._take(5, near.alone())
        for left, right in near.several():
            self._propose(left, right, 5, "same customer and amount, and not the only ones")
        for knot in list(self._links.knots()):
            self._flow(knot)
        self._alone()
        return self._done

    def _take(self, step: int, pairs: Iterable[tuple[int, int]]) -> None:
        may = self._known.feeds.may_be
        self._links.take(step, (it for it in pairs if may(self._lefts[it[0]], self._rights[it[1]])))

    def _confirmed(self) -> None:
        place_of = {key(each): place for place, each in enumerate(self._rights)}
        by_left: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for (left, right), step in sorted(self._yes.items()):
            by_left[left].append((right, step))
        for place, each in enumerate(self._lefts):
            for right, step in by_left.get(key(each), ()):
                other = place_of.get(right)
                if other is not None and kind(each) == kind(self._rights[other]):
                    self._links.add(Link(place, other, step))

    def _same_id(self) -> Iterator[tuple[int, int]]:
        """Of the entry; or else the id that its gateway, or the charge that it gives back, has: if it is the
        only one of that."""
        by_id = self._by_id(lambda it: [it.id])
        by_reference = self._by_id(lambda it: it.references)
        for left, each in enumerate(self._lefts):
            named = sorted({each.id, *(word for text in each.references for word in words(text))} - {""})
            found = [right for word in named for right in by_id.get((kind(each), word), ())]
            others = [right for word in named for right in by_reference.get((kind(each), word), ())]
            yield from ((left, right) for right in found or (others if len({*others}) == 1 else ()))

    def _by_id(self, ids: Callable[[CashEntry], list[str]]) -> Mapping[tuple[Kind, str], list[int]]:
        found: dict[tuple[Kind, str], list[int]] = defaultdict(list)
        for right, each in enumerate(self._rights):
            for name in ids(each):
                found[kind(each), name].append(right)
        return found

    def _only_ones(self) -> Iterator[tuple[int, int]]:
        lefts = self._of_document(self._lefts, self._links.of_left)
        rights = self._of_document(self._rights, self._links.of_right)
        for where, found in lefts.items():
            if len(found) == 1 and len(rights.get(where, ())) == 1:
                yield found[0], rights[where][0]

    def _of_document(
        self, entries: Sequence[CashEntry], linked: Mapping[int, list[Link]]
    ) -> dict[tuple[Kind, str], list[int]]:
        """Those that pay one document alone."""
        found: dict[tuple[Kind, str], list[int]] = defaultdict(list)
        for place, each in enumerate(entries):
            paid = self._known.paid(each) if place not in linked and not each.failed else set()
            if len(paid) == 1:
                found[kind(each), paid.pop()].append(place)
        return found

    def _dated(
        self, entries: Sequence[CashEntry], linked: Mapping[int, list[Link]], customers: Customers
    ) -> list[Dated]:
        return [
            Dated(place, kind(each), each.amount, day, customers.of(each))
            for place, each in enumerate(entries)
            if place not in linked and not each.failed and (day := self._known.month.day(each)) is not None
        ]

    def _flow(self, knot: Knot) -> None:
        if knot.is_many_to_many:
            said = (
                f"{len(knot.lefts)} and {len(knot.rights)} entries name each other: a person has to link them"
            )
            for link in knot.links:
                self._propose(link.left, link.right, link.step, "several on both sides name each other")
            self._done.flows += (Flow((self._lefts[each],), (), 0, (said,)) for each in knot.lefts)
            self._done.flows += (Flow((), (self._rights[each],), 0, (said,)) for each in knot.rights)
            return
        lefts = tuple(self._lefts[each] for each in knot.lefts)
        rights = tuple(self._rights[each] for each in knot.rights)
        self._done.flows.append(Flow(lefts, rights, knot.step, self._asked_once(knot)))

    def _asked_once(self, knot: Knot) -> tuple[str, ...]:
        open_ = [it for it in knot.links if it.step >= 5 and self._keys(it.left, it.right) not in self._yes]
        for each in open_:
            self._propose(each.left, each.right, each.step, WHY)
        return (f"linked by step {open_[0].step}, which nobody has confirmed yet",) if open_ else ()

    def _alone(self) -> None:
        of_left, of_right = self._links.of_left, self._links.of_right
        self._done.flows += (Flow((it,), ()) for at, it in enumerate(self._lefts) if at not in of_left)
        self._done.flows += (Flow((), (it,)) for at, it in enumerate(self._rights) if at not in of_right)

    def _keys(self, left: int, right: int) -> tuple[str, str]:
        return key(self._lefts[left]), key(self._rights[right])

    def _propose(self, left: int, right: int, step: int, why: str) -> None:
        one, other = self._keys(left, right)
        if len(self._done.proposals) < MOST_PROPOSALS:
            found = LinkProposal(comparison="cash", left=one, right=other, step=step, why=why)
            self._done.proposals.append(found)


def match(lefts: Sequence[CashEntry], rights: Sequence[CashEntry], known: Known) -> Flows:
    return _Ladder(lefts, rights, known).climbed()
