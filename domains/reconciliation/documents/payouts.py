"""Payouts against what the books hold of them: a journal or a deposit each, to the cent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from domains.reconciliation.documents.given import key, place
from domains.reconciliation.documents.month import Month
from domains.reconciliation.documents.numbers import words
from models.reconciliation.books import CashEntry, CashKind, Document

CENT = 1
"""Minor unit that a posting may differ by."""

CLOSE = timedelta(days=3)


class Posting(NamedTuple):
    """A journal or a deposit. `minor` is what it counts for; `parts` are the amounts by which it may be that
    of a payout: a journal of gross sales has what arrived at the bank as one of its lines."""

    record: Document | CashEntry
    currency: str
    minor: int
    parts: frozenset[int]
    day: date | None


def posting(record: Document | CashEntry, month: Month) -> Posting:
    if not isinstance(record, Document):
        return Posting(record, record.currency, record.amount, frozenset({record.amount}), month.day(record))
    lines = {int(each.net) for each in record.lines if each.net > 0 and each.net == int(each.net)}
    parts = frozenset({record.total, *lines})
    return Posting(record, record.currency, record.total, parts, month.day(record))


@dataclass(frozen=True)
class Paid:
    """A payout, what the books hold of it, and by which step that was found."""

    payout: CashEntry
    posting: Posting | None
    step: int = 0


def paid_out(payouts: Iterable[CashEntry], postings: Sequence[Posting], month: Month) -> list[Paid]:
    """By the payout's id in a reference; else by amount and day, where each has the other one only."""
    outs = sorted((it for it in payouts if not (it.failed or it.voided)), key=key)
    ids = {each.id: each for each in outs}
    found: dict[str, tuple[Posting, int]] = {}
    used: set[int] = set()
    for place_, each in enumerate(postings):
        named = next((word for word in _ids(each.record) if word in ids and word not in found), None)
        if named is not None:
            found[named] = each, 2
            used.add(place_)
    rest = [each for place_, each in enumerate(postings) if place_ not in used]
    found |= _by_amount([each for each in outs if each.id not in found], rest, month)
    return [Paid(each, *found.get(each.id, (None, 0))) for each in outs]


def _ids(record: Document | CashEntry) -> Iterable[str]:
    yield from ([record.payout] if isinstance(record, CashEntry) and record.payout else [])
    for text in record.references:
        yield from words(text)


def _by_amount(
    outs: Sequence[CashEntry], postings: Sequence[Posting], month: Month
) -> dict[str, tuple[Posting, int]]:
    of_amount: dict[tuple[str, int], list[Posting]] = defaultdict(list)
    for each in postings:
        for minor in each.parts:
            of_amount[each.currency, minor].append(each)
    near = {each.id: _near(each, of_amount, month) for each in outs}
    claims: dict[str, int] = defaultdict(int)
    for found in near.values():
        for each in found:
            claims[key(each.record)] += 1
    return {
        name: (found[0], 5)
        for name, found in near.items()
        if len(found) == 1 and claims[key(found[0].record)] == 1
    }


def _near(
    out: CashEntry, of_amount: Mapping[tuple[str, int], Sequence[Posting]], month: Month
) -> list[Posting]:
    day = month.paid_on(out)
    amounts = range(out.amount - CENT, out.amount + CENT + 1)
    found = {key(each.record): each for minor in amounts for each in of_amount.get((out.currency, minor), ())}
    return [it for it in found.values() if day and it.day and abs(it.day - day) <= CLOSE]


class Contents(NamedTuple):
    """What a payout is made of."""

    payments: list[CashEntry]
    refunds: list[CashEntry]

    @property
    def gross(self) -> int:
        return sum(each.amount for each in self.payments)

    @property
    def refunded(self) -> int:
        return sum(each.amount for each in self.refunds)

    @property
    def fees(self) -> int | None:
        """None where a payment's is not known."""
        known = [each.fee for each in self.payments]
        if any(each is None for each in known):
            return None
        return sum(each.fee or 0 for each in (*self.payments, *self.refunds))


def contents(cash: Iterable[CashEntry]) -> dict[tuple[str, str], Contents]:
    """By place and payout."""
    found: dict[tuple[str, str], Contents] = defaultdict(lambda: Contents([], []))
    for each in cash:
        if each.side == "billing" and each.payout and not (each.failed or each.voided):
            held = found[place(each), each.payout]
            if each.kind == CashKind.PAYMENT:
                held.payments.append(each)
            elif each.kind in (CashKind.REFUND, CashKind.DISPUTE):
                held.refunds.append(each)
    return found
