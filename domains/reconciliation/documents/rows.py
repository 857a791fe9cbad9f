"""A row of a comparison while its difference is being explained, and what all rows come to."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from models.reconciliation.causes import Cause
from models.reconciliation.findings import Comparison, Explained, Finding, Party, RuledOut, TieOut

MOST_RECORDS = 20
"""That a cause names."""


@dataclass
class Row:
    """`key` says which row it is, from run to run, besides sides, source and currency. `documents` are keys
    of what stands on the right, all of them."""

    comparison: Comparison
    source: str
    key: str
    match: int
    subject: str
    currency: str
    left: Party
    right: Party
    customer: str = ""
    customer_name: str = ""
    third: Party | None = None
    documents: tuple[str, ...] = ()
    causes: list[Explained] = field(default_factory=list)
    ruled_out: list[RuledOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def difference(self) -> int:
        return (self.left.minor or 0) - (self.right.minor or 0)

    @property
    def rest(self) -> int:
        return self.difference - sum(each.minor for each in self.causes)

    def explain(self, cause: Cause, minor: int, why: str, records: Iterable[str] = ()) -> None:
        kept = list(dict.fromkeys(records))[:MOST_RECORDS]
        self.causes.append(Explained(cause=cause, minor=minor, why=why, records=kept))

    def rule_out(self, cause: Cause, why: str) -> None:
        self.ruled_out.append(RuledOut(cause=cause, why=why))

    def finding(self) -> Finding:
        rest = self.rest
        return Finding(
            id=_digest(self),
            comparison=self.comparison,
            source=self.source,
            match=self.match,
            customer=self.customer,
            customer_name=self.customer_name,
            subject=self.subject,
            currency=self.currency,
            left=self.left,
            right=self.right,
            third=self.third,
            difference=self.difference,
            causes=self.causes,
            unexplained=rest,
            ruled_out=self.ruled_out if rest else [],
            notes=self.notes,
        )


def _digest(row: Row) -> str:
    parts = (row.comparison, row.left.side, row.right.side, row.source, row.currency, row.key)
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


def in_order(rows: Iterable[Row]) -> list[Finding]:
    found = [each.finding() for each in rows]
    return sorted(found, key=lambda it: (it.source, it.currency, it.subject, it.id))


@dataclass
class _Sums:
    left: int = 0
    right: int = 0
    causes: dict[Cause, int] = field(default_factory=lambda: defaultdict(int))
    unexplained: int = 0
    rows: int = 0
    differing: int = 0


def tie_outs(rows: Iterable[Row]) -> list[TieOut]:
    sums: dict[tuple[Comparison, str, str], _Sums] = defaultdict(_Sums)
    for row in rows:
        it = sums[row.comparison, row.source, row.currency]
        it.left += row.left.minor or 0
        it.right += row.right.minor or 0
        for each in row.causes:
            it.causes[each.cause] += each.minor
        it.unexplained += row.rest
        it.rows += 1
        it.differing += row.difference != 0
    return [_tie_out(*where, sums[where]) for where in sorted(sums)]


def _tie_out(comparison: Comparison, source: str, currency: str, sums: _Sums) -> TieOut:
    return TieOut(
        comparison=comparison,
        source=source,
        currency=currency,
        left=sums.left,
        right=sums.right,
        causes={cause: sums.causes[cause] for cause in Cause if cause in sums.causes},
        unexplained=sums.unexplained,
        rows=sums.rows,
        differing=sums.differing,
    )
