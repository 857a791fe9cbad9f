"""Which subscription of billing is which one of ChartMogul: by ids and terms, never by an amount.

The steps of the ladder: 2 the subscription's id, 3 the set that ChartMogul connected it to, 4 customer, plan
and period, 5 the same of customers that were merged, 6 the e-mail, which only proposes. Step 1, which source
is which billing site, stands in the configuration. Links of the steps 4 and 5 are compared, and proposed to a
person until they are confirmed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from domains.reconciliation.given import MrrBooks
from models.reconciliation.books import (
    BillingSubscription,
    CountedCustomer,
    CountedLine,
    CountedSubscription,
    ItemKind,
)
from models.reconciliation.findings import LinkProposal
from models.reconciliation.rules import BillingSource

BY_ID, BY_SET, BY_CUSTOMER, BY_MERGE, BY_EMAIL = 2, 3, 4, 5, 6
ALONE = 0


@dataclass(frozen=True, slots=True)
class Row:
    """What is compared: one subscription, or those that are one on the other side. `again` is the same, once
    more, by another source of the same site."""

    source: BillingSource
    step: int
    counted: tuple[CountedSubscription, ...] = ()
    billed: tuple[BillingSubscription, ...] = ()
    again: tuple[CountedSubscription, ...] = ()
    confirmed: bool = True

    @property
    def ids(self) -> list[str]:
        theirs = {each.id for each in self.billed}
        return sorted(theirs | {id_of(each) for each in self.counted})


@dataclass
class Matched:
    rows: list[Row] = field(default_factory=list)
    proposals: list[LinkProposal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class People:
    """Customers of ChartMogul, by their ids in billing and by the ids that were merged into them."""

    def __init__(self, customers: Iterable[CountedCustomer]) -> None:
        self.by_uuid: dict[str, CountedCustomer] = {}
        self._by_external: dict[str, set[str]] = defaultdict(set)
        self._heirs: dict[str, str] = {}
        for each in customers:
            self.by_uuid[each.uuid] = each
            for external in each.external_ids:
                self._by_external[external].add(each.uuid)
            self._heirs.update(dict.fromkeys(each.merged_from, each.uuid))

    def owners(self, external: str) -> set[str]:
        return self._by_external.get(external, set())

    def heirs(self, external: str) -> set[str]:
        """Of the customers that have the id: those that they were merged into."""
        return {self._heirs[each] for each in self.owners(external) if each in self._heirs}

    def sole(self, external: str) -> str:
        owners = self.heirs(external) or self.owners(external)
        return next(iter(owners)) if len(owners) == 1 else ""


def id_of(counted: CountedSubscription) -> str:
    """Of one that has no id of its own: its customer's."""
    return counted.subscription_external_id or counted.customer


def left_key(counted: CountedSubscription) -> str:
    return f"{counted.source}/{id_of(counted)}"


def right_key(billed: BillingSubscription) -> str:
    return f"{billed.system}/{billed.site}/{billed.id}"


def match(books: MrrBooks, sources: Sequence[BillingSource], people: People) -> Matched:
    counted = _counted_by_source(books.counted)
    billed: dict[tuple[str, str], list[BillingSubscription]] = defaultdict(list)
    for each in books.subscriptions:
        billed[each.system, each.site].append(each)
    found = Matched()
    again = _Again(books, sources, counted, people)
    for source in sources:
        subs = billed.pop((source.system, source.site), [])
        ladder = _Ladder(source, counted.pop(source.data_source, []), subs, books, people, found)
        ladder.climb()
        again.add_to(source, ladder)
        found.rows.extend(ladder.rows)
    _warn(found, billed, again.left_over(), sources)
    return found


def _counted_by_source(counted: Iterable[CountedSubscription]) -> dict[str, list[CountedSubscription]]:
    found: dict[str, list[CountedSubscription]] = defaultdict(list)
    for each in counted:
        found[each.source].append(each)
    return found


class _Ladder:
    """One source against one site. What a step has linked, no later step sees."""

    def __init__(
        self,
        source: BillingSource,
        counted: Sequence[CountedSubscription],
        billed: Sequence[BillingSubscription],
        books: MrrBooks,
        people: People,
        found: Matched,
    ) -> None:
        self._source, self._books, self._people, self._found = source, books, people, found
        self.rows: list[Row] = []
        self._counted: dict[str, list[CountedSubscription]] = defaultdict(list)
        for each in counted:
            self._counted[id_of(each)].append(each)
        self._billed = {each.id: each for each in billed}
        self._confirmed = {each.left: each.right for each in books.confirmed if each.comparison == "mrr"}

    def climb(self) -> None:
        self._by_id()
        self._by_confirmation()
        self._by_set()
        self._by_customer(BY_CUSTOMER)
        self._by_customer(BY_MERGE)
        self._propose_by_email()
        self._leave_alone()

    def _link(self, step: int, external: str, ids: Sequence[str], confirmed: bool = True) -> None:
        counted = tuple(self._counted.pop(external))
        billed = tuple(self._billed.pop(each) for each in ids)
        self.rows.append(Row(self._source, step, counted, billed, confirmed=confirmed))

    def _by_id(self) -> None:
        for external in [each for each in self._counted if each in self._billed]:
            self._link(BY_ID, external, [external])

    def _by_confirmation(self) -> None:
        if not self._confirmed:
            return
        keys = {right_key(each): each.id for each in self._billed.values()}
        for external in list(self._counted):
            right = keys.get(self._confirmed.get(left_key(self._counted[external][0]), ""))
            if right in self._billed:
                self._link(BY_CUSTOMER, external, [right])

    # -- sets

    def _by_set(self) -> None:
        """What ChartMogul connected to one set is one group, where ids alone do not pair all of it."""
        sets = _sets_of(self._books.lines, self._source.data_source, self._billed)
        members: dict[str, list[str]] = defaultdict(list)
        for id in self._billed:
            members[sets.get(id) or id].append(id)
        rows = self._rows_by_set(set(members))
        alone = self._alone_by_set()
        for name in sorted(members):
            self._join(name, members[name], rows.get(name, []), alone.get(name, []))

    def _rows_by_set(self, names: set[str]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            for name in {each.set_external_id for each in row.counted} & names:
                found[name].append(row)
        return found

    def _alone_by_set(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for external, all_of_it in self._counted.items():
            if name := all_of_it[0].set_external_id:
                found[name].append(external)
        return found

    def _join(self, name: str, ids: list[str], rows: list[Row], alone: list[str]) -> None:
        if not rows and not alone:
            return
        if len(alone) > 1 and len(ids) > 1:
            self._ask(name, ids, alone)
            return
        counted = [each for row in rows for each in row.counted]
        counted += [each for external in alone for each in self._counted.pop(external)]
        billed = [each for row in rows for each in row.billed] + [self._billed.pop(id) for id in ids]
        self.rows = [row for row in self.rows if all(row is not each for each in rows)]
        self.rows.append(Row(self._source, BY_SET, tuple(counted), tuple(billed)))

    def _ask(self, name: str, ids: list[str], alone: list[str]) -> None:
        why = f"several on both sides in the set {name}"
        self._found.proposals += [
            LinkProposal(
                comparison="mrr",
                left=left_key(self._counted[external][0]),
                right=right_key(self._billed[id]),
                step=BY_SET,
                why=why,
            )
            for external in sorted(alone)
            for id in sorted(ids)
        ][:20]

    # -- customers

    def _by_customer(self, step: int) -> None:
        """Only where customer and plan leave no choice, on either side."""
        ours: dict[tuple[str, str], list[str]] = defaultdict(list)
        for external, all_of_it in self._counted.items():
            if all_of_it[0].plan:
                ours[all_of_it[0].customer, all_of_it[0].plan].append(external)
        theirs: dict[tuple[str, str], list[str]] = defaultdict(list)
        for sub in self._billed.values():
            for key in self._keys(sub, step) & ours.keys():
                theirs[key].append(sub.id)
        for key in sorted(theirs):
            if len(ours[key]) == len(theirs[key]) == 1:
                self._link_once(step, ours[key][0], theirs[key][0])

    def _keys(self, sub: BillingSubscription, step: int) -> set[tuple[str, str]]:
        find = self._people.owners if step == BY_CUSTOMER else self._people.heirs
        plans = {each.plan for each in sub.items if each.kind is ItemKind.RECURRING and each.plan}
        return {(uuid, plan) for uuid in find(sub.customer_id) for plan in plans}

    def _link_once(self, step: int, external: str, id: str) -> None:
        if external not in self._counted or id not in self._billed:
            return
        left, right = left_key(self._counted[external][0]), right_key(self._billed[id])
        why = "the same customer and plan" if step == BY_CUSTOMER else "the same plan of merged customers"
        self._found.proposals.append(
            LinkProposal(comparison="mrr", left=left, right=right, step=step, why=why)
        )
        self._link(step, external, [id], confirmed=False)

    def _propose_by_email(self) -> None:
        emails: dict[str, list[str]] = defaultdict(list)
        for external, all_of_it in self._counted.items():
            person = self._people.by_uuid.get(all_of_it[0].customer)
            if person and person.email:
                emails[person.email.casefold()].append(external)
        for sub in self._billed.values():
            ours = emails.get(sub.email.casefold(), []) if sub.email else []
            if len(ours) == 1:
                self._found.proposals.append(
                    LinkProposal(
                        comparison="mrr",
                        left=left_key(self._counted[ours[0]][0]),
                        right=right_key(sub),
                        step=BY_EMAIL,
                        why="the same e-mail address",
                    )
                )

    def _leave_alone(self) -> None:
        self.rows += [Row(self._source, ALONE, tuple(each)) for each in self._counted.values()]
        self.rows += [Row(self._source, ALONE, billed=(each,)) for each in self._billed.values()]


def _sets_of(
    lines: Iterable[CountedLine], source: str, ids: dict[str, BillingSubscription]
) -> dict[str, str]:
    """The set of each subscription, by its lines."""
    return {
        each.subscription_external_id: each.set_external_id
        for each in lines
        if each.set_external_id and each.source == source and each.subscription_external_id in ids
    }


class _Again:
    """Subscriptions that a further source of the same system counts once more."""

    def __init__(
        self,
        books: MrrBooks,
        sources: Sequence[BillingSource],
        counted: dict[str, list[CountedSubscription]],
        people: People,
    ) -> None:
        self._people = people
        configured = {each.data_source for each in sources}
        self._systems = {each.uuid: each.system.casefold() for each in books.settings.sources}
        self._left = {uuid: rows for uuid, rows in counted.items() if uuid not in configured}

    def add_to(self, source: BillingSource, ladder: _Ladder) -> None:
        """Of the named sources whatever has the id; of others only with the customer's id, too."""
        for uuid in [each for each in self._left if self._may_be(each, source)]:
            named = uuid in source.also
            by_id = {each.subscription_external_id: each for each in self._left[uuid]}
            ladder.rows = [self._with(row, by_id, named) for row in ladder.rows]
            rest = list(by_id.values())
            if named:
                ladder.rows += [Row(source, ALONE, (each,)) for each in rest]
                rest = []
            self._left[uuid] = rest

    def left_over(self) -> list[CountedSubscription]:
        return [each for rows in self._left.values() for each in rows]

    def _may_be(self, uuid: str, source: BillingSource) -> bool:
        return uuid in source.also or self._systems.get(uuid) == source.system

    def _with(self, row: Row, by_id: dict[str, CountedSubscription], named: bool) -> Row:
        found = [by_id[each.id] for each in row.billed if each.id in by_id]
        customers = {each.customer_id for each in row.billed}
        found = [each for each in found if named or self._is_of(each, customers)]
        for each in found:
            del by_id[each.subscription_external_id]
        if not found:
            return row
        if not row.counted:
            return replace(row, step=BY_ID, counted=tuple(found))
        return replace(row, again=row.again + tuple(found))

    def _is_of(self, counted: CountedSubscription, customers: set[str]) -> bool:
        person = self._people.by_uuid.get(counted.customer)
        return person is not None and not customers.isdisjoint(person.external_ids)


def _warn(
    found: Matched,
    billed: dict[tuple[str, str], list[BillingSubscription]],
    counted: Sequence[CountedSubscription],
    sources: Sequence[BillingSource],
) -> None:
    for (system, site), subs in sorted(billed.items()):
        found.warnings.append(f"{len(subs)} subscriptions of {system}/{site} belong to no source")
    named = {uuid for each in sources for uuid in each.also}
    others: dict[str, int] = defaultdict(int)
    for each in counted:
        if each.source not in named:
            others[each.source] += 1
    for uuid in sorted(others):
        found.warnings.append(f"{others[uuid]} subscriptions of data source {uuid} are not compared")
