"""Which document is which: the ladder, step by step, and what a person has to decide.

1 currency and type agree, always; 2 the number as printed; 3 the plain number, also in references and memos;
4 an external id: of the document, of a payment of it, of the invoice that a credit belongs to; 5 customer,
amount and date, where both sides have one alone; 6 the same, the amount within bank charges: proposed only.
Never by amount alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from domains.reconciliation.documents.customers import Customers
from domains.reconciliation.documents.given import key
from domains.reconciliation.documents.grouping import Knot, Link, Links
from domains.reconciliation.documents.month import Month
from domains.reconciliation.documents.near import DAYS, Dated, Near
from domains.reconciliation.documents.numbers import Named, Numbers, printed, words
from domains.reconciliation.documents.sources import Feeds
from models.reconciliation.books import Document, DocumentKind, DocumentStatus
from models.reconciliation.findings import LinkProposal

CREDITS = frozenset({DocumentKind.CREDIT_NOTE, DocumentKind.REFUND_RECEIPT})
MOST_PROPOSALS = 1000
A_CONFIRMED_STEP = 5
"""From this one on, a link is asked of a person once: what names an id or a number is sure."""

WHY = f"same customer and amount within {DAYS} days"
CHARGES_SHARE, MOST_CHARGES = 20, 10_000
"""Bank charges: up to a twentieth of the amount, and not more minor units than that."""


@dataclass(frozen=True)
class Group:
    """`step` 0: on one side alone."""

    lefts: tuple[Document, ...]
    rights: tuple[Document, ...]
    step: int = 0
    notes: tuple[str, ...] = ()


@dataclass
class Matched:
    groups: list[Group] = field(default_factory=list)
    proposals: list[LinkProposal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    in_doubt: set[str] = field(default_factory=set)
    """Keys of documents alone that may belong to another one."""


@dataclass(frozen=True)
class Known:
    """`payments` are the billing documents, by id or number, that a payment's id pays."""

    numbers: Numbers
    month: Month
    payments: Mapping[str, Sequence[str]]
    feeds: Feeds
    confirmed: Sequence[LinkProposal] = ()


Bucket = tuple[str, bool]


def bucket(document: Document) -> Bucket:
    return document.currency, document.kind in CREDITS


def match(lefts: Sequence[Document], rights: Sequence[Document], known: Known) -> Matched:
    return _Ladder(_comparable(lefts), _comparable(rights), known).climbed()


def _comparable(documents: Sequence[Document]) -> list[Document]:
    """Sorted, so that the order in which they came changes nothing."""
    out = (DocumentStatus.DRAFT,)
    found = (it for it in documents if it.status not in out and it.kind != DocumentKind.JOURNAL)
    return sorted(found, key=key)


class _Ladder:
    def __init__(self, lefts: Sequence[Document], rights: Sequence[Document], known: Known) -> None:
        self._lefts, self._rights, self._known = lefts, rights, known
        self._links = Links()
        self._done = Matched()
        self._by_printed: dict[tuple[Bucket, str], list[int]] = defaultdict(list)
        self._by_plain: dict[tuple[Bucket, str], list[int]] = defaultdict(list)
        self._by_id: dict[tuple[Bucket, str], list[int]] = defaultdict(list)
        for place, each in enumerate(rights):
            self._by_id[bucket(each), each.id].append(place)
            if each.number:
                self._by_printed[bucket(each), printed(each.number)].append(place)
                self._by_plain[bucket(each), known.numbers.plain(each.number)].append(place)

    def climbed(self) -> Matched:
        self._confirmed()
        self._take(2, self._same_number())
        self._take(3, self._plain_number())
        self._take(4, self._same_id())
        self._take(4, self._credits_of_one_invoice())
        customers = Customers((self._lefts[it.left], self._rights[it.right]) for it in self._all())
        self._by_customer(customers)
        for knot in list(self._links.knots()):
            self._group(knot)
        self._alone()
        return self._done

    def _take(self, step: int, pairs: Iterable[tuple[int, int]]) -> None:
        may = self._known.feeds.may_be
        self._links.take(step, (it for it in pairs if may(self._lefts[it[0]], self._rights[it[1]])))

    def _all(self) -> Iterator[Link]:
        return (each for links in list(self._links.of_left.values()) for each in links)

    # -- the steps

    def _confirmed(self) -> None:
        left_of = {key(each): place for place, each in enumerate(self._lefts)}
        right_of = {key(each): place for place, each in enumerate(self._rights)}
        for each in self._known.confirmed:
            left, right = left_of.get(each.left), right_of.get(each.right)
            if left is None or right is None or each.comparison != "documents":
                continue
            if bucket(self._lefts[left]) != bucket(self._rights[right]):
                said = f"{each.left} and {each.right} were confirmed as one"
                self._done.warnings.append(f"{said}, and differ in currency or type: not linked")
            else:
                self._links.add(Link(left, right, each.step))

    def _same_number(self) -> Iterator[tuple[int, int]]:
        """The number of ChartMogul's invoice is the id that it has in its source."""
        for left, each in enumerate(self._lefts):
            if each.side == "chartmogul":
                yield from ((left, right) for right in self._by_id.get((bucket(each), each.number), ()))
            if each.number:
                found = self._by_printed.get((bucket(each), printed(each.number)), ())
                yield from ((left, right) for right in found)

    def _plain_number(self) -> Iterator[tuple[int, int]]:
        numbers = self._known.numbers
        for left, each in enumerate(self._lefts):
            named = [Named(numbers.plain(each.number), True)] if each.number else []
            named += (it for text in each.references for it in numbers.named(text))
            for plain, sure in named:
                for right in self._by_plain.get((bucket(each), plain), ()):
                    if sure or each.total == self._rights[right].total:
                        yield left, right

    def _same_id(self) -> Iterator[tuple[int, int]]:
        for left, each in enumerate(self._lefts):
            for word in self._ids_of(each):
                for right in self._by_id.get((bucket(each), word), ()):
                    yield left, right
                for paid in self._known.payments.get(word, ()):
                    for right in self._of_name(bucket(each), paid):
                        yield left, right

    def _ids_of(self, document: Document) -> Iterator[str]:
        for text in document.references:
            yield from words(text)
        yield from document.links

    def _of_name(self, where: Bucket, name: str) -> Sequence[int]:
        return self._by_id.get((where, name)) or self._by_printed.get((where, printed(name))) or ()

    def _credits_of_one_invoice(self) -> Iterator[tuple[int, int]]:
        """Only where each has one such credit of that amount."""
        lefts: dict[tuple[int, str, int], list[int]] = defaultdict(list)
        rights: dict[tuple[int, str, int], list[int]] = defaultdict(list)
        place_of = {each.id: place for place, each in enumerate(self._lefts)}
        for left, each in self._unlinked(self._lefts, self._links.of_left):
            for invoice in self._invoices_of(each, place_of):
                lefts[invoice, each.currency, each.total].append(left)
        for right, each in self._unlinked(self._rights, self._links.of_right):
            for name in each.links:
                for invoice in self._of_name((each.currency, False), name):
                    rights[invoice, each.currency, each.total].append(right)
        for where, found in lefts.items():
            if len(found) == 1 and len(rights.get(where, ())) == 1:
                yield found[0], rights[where][0]

    def _invoices_of(self, credit: Document, place_of: Mapping[str, int]) -> set[int]:
        """On the right side: by a link to an invoice of its own side, or by a number in its memo."""
        where = (credit.currency, False)
        linked = (place_of.get(each) for each in credit.links)
        found = {
            it.right for place in linked if place is not None for it in self._links.of_left.get(place, ())
        }
        named = (it for text in credit.references for it in self._known.numbers.named(text) if it.sure)
        return found | {right for each in named for right in self._by_plain.get((where, each.plain), ())}

    def _unlinked(
        self, documents: Sequence[Document], linked: Mapping[int, list[Link]]
    ) -> Iterator[tuple[int, Document]]:
        credits = ((place, each) for place, each in enumerate(documents) if each.kind in CREDITS)
        return ((place, each) for place, each in credits if place not in linked)

    def _by_customer(self, customers: Customers) -> None:
        lefts = self._dated(self._lefts, self._links.of_left, customers)
        rights = self._dated(self._rights, self._links.of_right, customers)
        near = Near(lefts, rights)
        self._take(5, near.alone())
        for left, right in near.several():
            self._propose(
                left, right, 5, f"same customer and amount within {DAYS} days, and not the only ones"
            )
        for left, right in near.with_charges(CHARGES_SHARE, MOST_CHARGES):
            if left not in self._links.of_left and right not in self._links.of_right:
                self._propose(
                    left, right, 6, f"same customer within {DAYS} days, amounts within bank charges"
                )

    def _dated(
        self, documents: Sequence[Document], linked: Mapping[int, list[Link]], customers: Customers
    ) -> list[Dated]:
        month = self._known.month
        dead = (DocumentStatus.DELETED,)
        return [
            Dated(place, bucket(each), each.total, day, customers.of(each))
            for place, each in enumerate(documents)
            if place not in linked and each.status not in dead and (day := month.day(each)) is not None
            if month.first - timedelta(days=31) <= day < month.after + timedelta(days=31)
        ]

    # -- what they make

    def _group(self, knot: Knot) -> None:
        if not knot.is_many_to_many:
            self._add(knot.lefts, knot.rights, knot.links)
            return
        pairs = self._told_apart(knot)
        rest = Links()
        apart = {place for pair in pairs for place in (("l", pair.left), ("r", pair.right))}
        for pair in pairs:
            self._add((pair.left,), (pair.right,), (pair,))
        for link in knot.links:
            if not {("l", link.left), ("r", link.right)} & apart:
                rest.add(link)
        for each in rest.knots():
            if each.is_many_to_many:
                self._to_a_person(each)
            else:
                self._add(each.lefts, each.rights, each.links)
        self._loose(knot, apart, rest)

    def _told_apart(self, knot: Knot) -> list[Link]:
        """Of one number on both sides, more than once: by amount and day as well, where one pair has them."""
        alike: dict[tuple[int, object], list[Link]] = defaultdict(list)
        for link in knot.links:
            left, right = self._lefts[link.left], self._rights[link.right]
            day = self._known.month.day(left)
            if left.total == right.total and day == self._known.month.day(right):
                alike[left.total, day].append(link)
        return [links[0] for links in alike.values() if len(links) == 1]

    def _loose(self, knot: Knot, apart: set[tuple[str, int]], rest: Links) -> None:
        """What was linked to nothing but to what is told apart now. It stands alone."""
        for left in knot.lefts:
            if ("l", left) not in apart and left not in rest.of_left:
                self._done.groups.append(Group((self._lefts[left],), ()))
        for right in knot.rights:
            if ("r", right) not in apart and right not in rest.of_right:
                self._done.groups.append(Group((), (self._rights[right],)))

    def _to_a_person(self, knot: Knot) -> None:
        said = (
            f"{len(knot.lefts)} and {len(knot.rights)} documents name each other: a person has to link them"
        )
        for link in knot.links:
            self._propose(link.left, link.right, link.step, "several on both sides name each other")
        self._done.groups += (Group((self._lefts[each],), (), 0, (said,)) for each in knot.lefts)
        self._done.groups += (Group((), (self._rights[each],), 0, (said,)) for each in knot.rights)

    def _add(self, lefts: Sequence[int], rights: Sequence[int], links: Sequence[Link]) -> None:
        step = max(each.step for each in links)
        notes = self._asked_once(links) if step >= A_CONFIRMED_STEP else ()
        found = tuple(self._lefts[each] for each in lefts), tuple(self._rights[each] for each in rights)
        self._done.groups.append(Group(*found, step, notes))

    def _asked_once(self, links: Sequence[Link]) -> tuple[str, ...]:
        yes = {(each.left, each.right) for each in self._known.confirmed}
        open_links = [
            it
            for it in links
            if it.step >= A_CONFIRMED_STEP
            and (key(self._lefts[it.left]), key(self._rights[it.right])) not in yes
        ]
        for each in open_links:
            self._propose(each.left, each.right, each.step, WHY, doubt=False)
        return (f"linked by step {open_links[0].step}, which nobody has confirmed yet",) if open_links else ()

    def _alone(self) -> None:
        for place, each in enumerate(self._lefts):
            if place not in self._links.of_left:
                self._done.groups.append(Group((each,), ()))
        for place, each in enumerate(self._rights):
            if place not in self._links.of_right:
                self._done.groups.append(Group((), (each,)))

    def _propose(self, left: int, right: int, step: int, why: str, *, doubt: bool = True) -> None:
        one, other = key(self._lefts[left]), key(self._rights[right])
        if doubt:
            self._done.in_doubt |= {one, other}
        if len(self._done.proposals) < MOST_PROPOSALS:
            found = LinkProposal(comparison="documents", left=one, right=other, step=step, why=why)
            self._done.proposals.append(found)
        elif len(self._done.proposals) == MOST_PROPOSALS and not any(
            "proposals" in it for it in self._done.warnings
        ):
            self._done.warnings.append(
                f"more than {MOST_PROPOSALS} proposals of links: the first of them are kept"
            )
