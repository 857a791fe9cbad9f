"""Rows and totals of the MRR's comparison, as the report has them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256

from domains.reconciliation.matching import People, id_of, left_key
from domains.reconciliation.pairs import customer_of
from domains.reconciliation.rows import Differing, Figures
from models.reconciliation.causes import Cause
from models.reconciliation.findings import CauseSum, Finding, FindingId, Party, TieOut

CODES = list(Cause)


def finding_id(comparison: str, source: str, ids: Iterable[str]) -> FindingId:
    """The same from run to run, and whose it is cannot be read from it."""
    return sha256("\0".join([comparison, source, *sorted(ids)]).encode()).hexdigest()[:16]


def finding(differing: Differing, people: People) -> Finding:
    figures = differing.figures
    row = figures.row
    customer = customer_of(row, people)
    person = people.by_uuid.get(customer)
    return Finding(
        id=finding_id("mrr", row.source.data_source, row.ids),
        comparison="mrr",
        source=row.source.data_source,
        match=row.step,
        customer=customer,
        customer_name=(person.name if person else "") or next((s.customer_name for s in row.billed), ""),
        subject=row.billed[0].id if row.billed else id_of(row.counted[0]),
        currency=figures.currency,
        left=_left(figures, person.link if person else ""),
        right=_right(figures),
        difference=figures.difference,
        causes=differing.causes,
        unexplained=differing.unexplained,
        ruled_out=differing.ruled_out,
        notes=list(figures.notes),
    )


def _left(figures: Figures, link: str) -> Party:
    row = figures.row
    ids = [left_key(each) for each in (*row.counted, *row.again)]
    none = figures.left is None and not row.again
    by_view = any(each.by_movements is None for each in row.counted)
    said = "" if none else ("as the subscription says" if by_view else "sum of the movements before the cut")
    minor = None if none else (figures.left or 0) + figures.again
    return Party(side="chartmogul", system="chartmogul", ids=ids, minor=minor, said=said, link=link)


def _right(figures: Figures) -> Party:
    row = figures.row
    said = "; ".join(sorted({each.status or str(each.standing) for each in row.billed}))
    link = row.billed[0].link if row.billed else ""
    ids = [each.id for each in row.billed]
    return Party(side="billing", system=row.source.system, ids=ids, minor=figures.right, said=said, link=link)


def tie_outs(rows: Sequence[Figures], findings: Sequence[Finding]) -> list[TieOut]:
    """Of each source: billing + causes + unexplained = ChartMogul."""
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for each in rows:
        total = totals[each.row.source.data_source, each.currency]
        right = each.right or 0
        total[0] += right + each.difference
        total[1] += right
        total[2] += 1
        total[3] += each.difference != 0
    causes: dict[tuple[str, str], dict[Cause, int]] = defaultdict(lambda: defaultdict(int))
    open_: dict[tuple[str, str], int] = defaultdict(int)
    for found in findings:
        open_[found.source, found.currency] += found.unexplained
        for each_cause in found.causes:
            causes[found.source, found.currency][each_cause.cause] += each_cause.minor
    return [
        TieOut(
            comparison="mrr",
            source=source,
            currency=currency,
            left=left,
            right=right,
            causes={
                code: causes[source, currency][code] for code in CODES if code in causes[source, currency]
            },
            unexplained=open_[source, currency],
            rows=count,
            differing=differing,
        )
        for (source, currency), (left, right, count, differing) in sorted(totals.items())
    ]


def sums_by_cause(findings: Iterable[Finding]) -> list[CauseSum]:
    """With what is unexplained, as a cause of its own."""
    amounts: dict[tuple[Cause, str], list[int]] = defaultdict(list)
    for found in findings:
        for each in found.causes:
            amounts[each.cause, found.currency].append(each.minor)
        if found.unexplained:
            amounts[Cause.UNEXPLAINED, found.currency].append(found.unexplained)
    return [
        CauseSum(
            cause=cause,
            currency=currency,
            rows=len(all_of_it),
            plus=sum(each for each in all_of_it if each > 0),
            minus=sum(each for each in all_of_it if each < 0),
            largest=max(all_of_it, key=abs),
        )
        for (cause, currency), all_of_it in sorted(
            amounts.items(), key=lambda item: (CODES.index(item[0][0]), item[0][1])
        )
    ]
