"""Billing's invoices and credit notes against the books, with ChartMogul beside them, and against it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domains.reconciliation.documents.causes import explain, total_of
from domains.reconciliation.documents.given import Compared, DocumentBooks, key, place
from domains.reconciliation.documents.home import Homes
from domains.reconciliation.documents.matching import Group, Known, Matched, match
from domains.reconciliation.documents.month import Month, month_of
from domains.reconciliation.documents.numbers import Numbers
from domains.reconciliation.documents.rows import Row, in_order, tie_outs
from domains.reconciliation.documents.scene import NAMES, Scene, scene_of
from domains.reconciliation.documents.sources import Feeds
from domains.reconciliation.documents.summaries import (
    explain_unposted,
    payouts_of,
    summary_rows,
    summed_up,
)
from domains.reconciliation.documents.values import is_dead, name, worth
from domains.reconciliation.rates import Rates
from models.reconciliation.books import Document, DocumentStatus, MonthCut, Side
from models.reconciliation.findings import Party
from models.reconciliation.rules import ReconciliationRules

MOST_IDS = 20
MOST_WARNINGS = 100


def judge_documents(
    given: DocumentBooks, rules: ReconciliationRules, cut: MonthCut, rates: Rates | None = None
) -> Compared:
    """Accounting − billing, a row for each document. ChartMogul − billing, likewise where there are no books;
    else its rows are those that differ, and all of it is in its tie-outs."""
    warnings: list[str] = []
    theirs = _Side("chartmogul", given, rules, cut).compared(given.chartmogul, warnings)
    if rules.accounting is None:
        return _done(theirs.rows, theirs.rows, theirs.matched, warnings)
    books = _Side("accounting", given, rules, cut).compared(given.accounting, warnings)
    _beside(books.rows, theirs, given)
    homes = Homes(rates, rules.tolerance)
    at_home = [row for each in books.pairs if (row := homes.row(*each)) is not None]
    warnings += homes.warnings
    books.matched.proposals += theirs.matched.proposals
    kept = [*books.rows, *(it for it in at_home if it.difference), *_telling(theirs.rows)]
    return _done(kept, [*books.rows, *at_home, *theirs.rows], books.matched, warnings)


def _telling(rows: Iterable[Row]) -> list[Row]:
    return [each for each in rows if each.difference or each.causes]


def _done(kept: Iterable[Row], all_: Iterable[Row], matched: Matched, warnings: list[str]) -> Compared:
    proposals = sorted(set(matched.proposals), key=lambda it: (it.step, it.right, it.left))
    return Compared(in_order(kept), tie_outs(all_), proposals, warnings[:MOST_WARNINGS])


@dataclass(frozen=True)
class _Comparison:
    rows: list[Row]
    pairs: list[tuple[Row, Document, Document]]
    """Rows of one document on each side, both of this month."""

    matched: Matched
    of_billing: Mapping[str, Sequence[Document]]
    """What was linked to billing's documents, by their keys."""

    month: Month


class _Side:
    def __init__(self, side: Side, given: DocumentBooks, rules: ReconciliationRules, cut: MonthCut) -> None:
        books = rules.accounting
        zone = books.time_zone if side == "accounting" and books is not None else cut.time_zone
        self._side, self._given, self._rules = side, given, rules
        self._month, self._feeds = month_of(cut, zone), Feeds(rules)
        self._numbers = Numbers(books.prefixes if books is not None else ())

    def compared(self, lefts: Sequence[Document] | None, warnings: list[str]) -> _Comparison:
        if lefts is None:
            return _Comparison([], [], Matched(), {}, self._month)
        given, compared = self._given, self._feeds.compared(lefts)
        known = Known(self._numbers, self._month, _payments(given), self._feeds, given.confirmed)
        matched = match(compared, given.billing, known)
        if len(compared) < len(lefts):
            others = len(lefts) - len(compared)
            warnings.append(f"{others} invoices of ChartMogul are of data sources that are not compared")
        warnings += matched.warnings
        warnings += self._undated(lefts)
        scene = scene_of(self._side, self._month, self._rules, given, matched, self._numbers)
        rows, pairs = self._rows(scene)
        linked: dict[str, list[Document]] = defaultdict(list)
        for group in matched.groups:
            for right in group.rights:
                linked[key(right)] += group.lefts
        return _Comparison(rows, pairs, matched, linked, self._month)

    def _undated(self, lefts: Sequence[Document]) -> list[str]:
        missing = [it for it in (*lefts, *self._given.billing) if it.at is None and it.dated is None]
        said = (
            f"{len(missing)} documents have no date and are in no month, as {missing[0].id}"
            if missing
            else ""
        )
        return [said] if said else []

    def _rows(self, scene: Scene) -> tuple[list[Row], list[tuple[Row, Document, Document]]]:
        paid = payouts_of(scene) if self._side == "accounting" else []
        places = summed_up(scene, paid) if self._side == "accounting" else set()
        rows, taken = summary_rows(scene, paid, places)
        pairs: list[tuple[Row, Document, Document]] = []
        sources = _sources(self._given.billing)
        for group in scene.matched.groups:
            if not self._counts(group, taken):
                continue
            row = self._row(group, scene, sources)
            if not group.lefts and place(group.rights[0]) in places:
                explain_unposted(row, group, scene, paid)
            if row.rest or group.lefts:
                explain(row, group, scene)
            rows.append(row)
            if len(group.lefts) == len(group.rights) == 1 and self._both(group):
                pairs.append((row, group.lefts[0], group.rights[0]))
        return rows, pairs

    def _counts(self, group: Group, taken: set[str]) -> bool:
        if not group.lefts and (
            key(group.rights[0]) in taken or group.rights[0].status == DocumentStatus.DELETED
        ):
            return False
        return any(self._month.has(each) for each in (*group.lefts, *group.rights))

    def _both(self, group: Group) -> bool:
        both = (*group.lefts, *group.rights)
        return all(self._month.has(each) and not is_dead(each) for each in both)

    def _row(self, group: Group, scene: Scene, sources: Sequence[str]) -> Row:
        first = (group.rights or group.lefts)[0]
        return Row(
            comparison="documents",
            source=self._source(group, sources),
            key=min(key(each) for each in (group.rights or group.lefts)),
            match=group.step,
            subject=name(first),
            currency=first.currency,
            left=_party(self._side, group.lefts, scene),
            right=_party("billing", group.rights, scene),
            customer=first.customer_id,
            customer_name=first.customer_name,
            notes=[*group.notes, *self._drift(group, scene)],
            documents=tuple(key(each) for each in group.rights),
        )

    def _source(self, group: Group, sources: Sequence[str]) -> str:
        """Of a document of the left alone: its billing source's, where there is only one."""
        where = place(group.rights[0]) if group.rights else (sources[0] if len(sources) == 1 else "")
        feed = self._feeds.of(group.lefts[0]) if group.lefts and not group.rights else None
        if feed is not None:
            return feed.name
        if self._side == "accounting" or not where:
            return where or place(group.lefts[0])
        return self._feeds.name(where)

    def _drift(self, group: Group, scene: Scene) -> list[str]:
        drifted, end = self._given.drifted, self._month.cut.end
        both = (*group.lefts, *group.rights)
        notes = []
        if any(key(each) in drifted for each in both):
            notes.append("it changed while it was read: DRIFT, to be judged again")
        late = any(each.changed_at is not None and each.changed_at >= end for each in both)
        if late and total_of(group.lefts, scene) != total_of(group.rights, scene):
            notes.append("it was changed after the month's end")
        return notes


def _payments(given: DocumentBooks) -> dict[str, list[str]]:
    """By a payment's id, and by what its gateway calls it."""
    entries = [it for it in given.cash if it.side == "billing" and it.documents]
    gateways = {name: it.documents for it in entries for name in it.references}
    return gateways | {it.id: it.documents for it in entries}


def _sources(billing: Iterable[Document]) -> list[str]:
    return sorted({place(each) for each in billing})


def _party(side: Side, documents: Sequence[Document], scene: Scene) -> Party:
    return Party(
        side=side,
        system=documents[0].system if documents else "",
        ids=[each.id for each in documents[:MOST_IDS]],
        minor=total_of(documents, scene),
        said=_said(documents, scene),
        link=documents[0].link if documents else "",
    )


def _said(documents: Sequence[Document], scene: Scene) -> str:
    parts = [f"{len(documents)} documents"] if len(documents) > 1 else []
    for each in documents[:3]:
        if is_dead(each) or each.status == DocumentStatus.WRITTEN_OFF:
            parts.append(each.status.replace("_", " "))
        if not scene.month.has(each):
            parts.append(f"dated {scene.month.day(each)}")
    return ", ".join(parts)


# -- three ways


def _beside(rows: Iterable[Row], theirs: _Comparison, given: DocumentBooks) -> None:
    """ChartMogul's figure, and who agrees with whom."""
    if given.chartmogul is None:
        return
    for row in rows:
        found = [it for each in row.documents for it in theirs.of_billing.get(each, ())]
        counted = {key(it): it for it in found}
        row.third = _third([*counted.values()], theirs.month)
        if reading := _reading(row):
            row.notes.append(reading)


def _third(documents: Sequence[Document], month: Month) -> Party:
    return Party(
        side="chartmogul",
        system="chartmogul",
        ids=[each.id for each in documents[:MOST_IDS]],
        minor=worth(it for it in documents if month.has(it)) if documents else None,
        link=documents[0].link if documents else "",
    )


def _reading(row: Row) -> str:
    books, billing, mogul = row.left.minor, row.right.minor, row.third.minor if row.third else None
    if books == billing == mogul:
        return ""
    if books == billing:
        return f"billing and {NAMES['accounting']} agree, ChartMogul differs"
    if billing == mogul:
        return "billing and ChartMogul agree, the books differ"
    if books == mogul:
        return "in billing alone" if books is None else "the books and ChartMogul agree, billing differs"
    return "in the books alone" if billing is None and mogul is None else "all three differ"
