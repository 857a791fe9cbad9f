"""Why cash differs: each cause only where the records show it, in the order tried."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domains.reconciliation.documents.cash.matching import BACK, Flow
from domains.reconciliation.documents.choosing import Candidate, closing
from domains.reconciliation.documents.given import key, place
from domains.reconciliation.documents.month import Month
from domains.reconciliation.documents.payouts import Paid
from domains.reconciliation.documents.rows import Row
from domains.reconciliation.documents.scene import NAMES
from models.minor_units import said
from models.reconciliation.books import CashEntry, CashKind, Document
from models.reconciliation.causes import Cause

CLOSE = timedelta(days=3)


@dataclass(frozen=True)
class Till:
    """What the causes of one comparison look things up in. `summed` are places whose payouts are posted, and
    no payments; `paid_for` are billing's documents of an entry."""

    side: str
    month: Month
    payouts: Mapping[tuple[str, str], Paid]
    summed: frozenset[str]
    paid_for: Mapping[str, Sequence[Document]]
    in_doubt: frozenset[str]

    @property
    def said(self) -> str:
        return NAMES[self.side]

    def payout_of(self, entry: CashEntry) -> Paid | None:
        return self.payouts.get((place(entry), entry.payout)) if entry.payout else None


def value(entry: CashEntry) -> int:
    if entry.failed or entry.voided:
        return 0
    return -entry.amount if entry.kind in BACK else entry.amount


def explain(row: Row, flow: Flow, till: Till) -> None:
    if not row.rest:
        return
    if flow.rights and not flow.lefts:
        _missing(row, flow.rights[0], till)
    elif flow.lefts and not flow.rights:
        _unapplied(row, flow.lefts[0], till)
    else:
        _apart(row, flow, till)
    if row.rest:
        _close(row, list(_candidates(row, flow, till)))


# -- on one side alone


def _missing(row: Row, entry: CashEntry, till: Till) -> None:
    if place(entry) in till.summed:
        _summed(row, entry, till)
        return
    row.rule_out(Cause.SUMMARY_POSTING, "the books hold its payments one by one")
    if key(entry) in till.in_doubt:
        row.rule_out(Cause.MISSING_DOCUMENT, "another entry may be it: see the proposals")
        return
    why = f"{entry.id} is in no month of {till.said} that was read"
    row.explain(Cause.MISSING_DOCUMENT, -value(entry), why, (key(entry),))


def _summed(row: Row, entry: CashEntry, till: Till) -> None:
    paid = till.payout_of(entry)
    if (paid is None and till.payouts) or (paid is not None and not till.month.has(paid.payout)):
        why = "charged, and paid out after the month: in the clearing account"
        row.explain(Cause.PAYMENT_TIMING, -value(entry), why, (key(entry),))
    elif paid is not None and paid.posting is not None:
        why = f"posted in the sum of payout {paid.payout.id}"
        row.explain(Cause.SUMMARY_POSTING, -value(entry), why, (key(entry), key(paid.posting.record)))
    else:
        which = f"payout {paid.payout.id} is not posted" if paid is not None else "no payout is known"
        row.rule_out(Cause.SUMMARY_POSTING, which)


def _unapplied(row: Row, entry: CashEntry, till: Till) -> None:
    row.rule_out(Cause.MISSING_DOCUMENT, "billing has no such entry")
    if till.side == "accounting" and entry.unapplied and not entry.documents and value(entry):
        why = f"{said(entry.unapplied, entry.currency)} are applied to no document"
        row.explain(Cause.UNAPPLIED_CASH, min(entry.unapplied, value(entry)), why, (key(entry),))
    else:
        row.rule_out(Cause.UNAPPLIED_CASH, "it is applied to documents")


# -- on both sides


def _apart(row: Row, flow: Flow, till: Till) -> None:
    has = till.month.has
    for left in flow.lefts:
        for right in flow.rights:
            if has(left) != has(right):
                moved = value(left if len(flow.lefts) > 1 else right)
                _date(row, left, right, moved if has(left) else -moved, till)
    lefts = [each for each in flow.lefts if has(each)]
    if row.rest and len(flow.rights) == 1:
        lefts = _once(row, lefts, flow.rights[0], till)
    if row.rest and len(lefts) == len(flow.rights) == 1:
        _void(row, lefts[0], flow.rights[0], till)


def _date(row: Row, left: CashEntry, right: CashEntry, moved: int, till: Till) -> None:
    theirs, ours = till.month.day(left), till.month.day(right)
    if theirs is None or ours is None:
        row.rule_out(Cause.DATE_EDGE, "one has no date")
        return
    both = f"{till.said}: {theirs}, billing: {ours} in {till.month.zone}"
    if till.month.edge(theirs, ours):
        row.explain(Cause.DATE_EDGE, moved, f"two sides of the month's end; {both}", (key(left), key(right)))
        return
    row.rule_out(Cause.DATE_EDGE, f"not within a day of the month's end; {both}")
    paid = till.payout_of(right)
    day = till.month.paid_on(paid.payout) if paid is not None else None
    if paid is not None and day is not None and abs(day - theirs) <= CLOSE:
        why = f"booked when it was paid out, in {paid.payout.id} of {day}; {both}"
        row.explain(Cause.PAYMENT_TIMING, moved, why, (key(left), key(right), key(paid.payout)))
    else:
        row.rule_out(Cause.PAYMENT_TIMING, "no payout of that day holds it")


def _once(row: Row, lefts: Sequence[CashEntry], right: CashEntry, till: Till) -> list[CashEntry]:
    """Without what is there again."""
    rest = sorted(lefts, key=lambda it: (value(it) != value(right), key(it)))
    for each in rest[1:]:
        if value(each) and value(each) in (value(rest[0]), value(right)):
            why = f"{right.id} is in {till.said} again"
            row.explain(Cause.DUPLICATE_DOCUMENT, value(each), why, (key(each), key(rest[0]), key(right)))
            rest = [it for it in rest if it is not each]
    return rest


def _void(row: Row, left: CashEntry, right: CashEntry, till: Till) -> None:
    dead = left.failed or left.voided, right.failed or right.voided
    records = (key(left), key(right))
    if dead == (True, False):
        why = f"void in {till.said}, in force in billing"
        row.explain(Cause.VOIDED_ONE_SIDE, -value(right), why, records)
    elif dead == (False, True):
        stated = -right.amount if right.kind in BACK else right.amount
        word = "failed" if right.failed else "void"
        why = f"{word} in billing, in force in {till.said}"
        row.explain(Cause.VOIDED_ONE_SIDE, stated or value(left), why, records)
    else:
        row.rule_out(Cause.VOIDED_ONE_SIDE, "neither is void alone")


# -- what they allow


def _candidates(row: Row, flow: Flow, till: Till) -> Iterator[Candidate]:
    one_each = len(flow.lefts) == len(flow.rights) == 1
    if one_each:
        left, right = flow.lefts[0], flow.rights[0]
        if right.fee and till.side == "accounting":
            back = right.kind in BACK
            why = f"booked without the fee of {said(right.fee, row.currency)}"
            minor = right.fee if back else -right.fee
            yield Candidate(Cause.FEES_NETTED, minor, why, (key(left), key(right)))
        if left.unapplied:
            why = f"{said(left.unapplied, row.currency)} of it are applied to no document"
            yield Candidate(Cause.UNAPPLIED_CASH, left.unapplied, why, (key(left),))
    if flow.lefts and len(flow.rights) <= 1:
        yield from _balance(row, flow, till)


def _balance(row: Row, flow: Flow, till: Till) -> Iterator[Candidate]:
    """What was paid from a balance came in before, or never: it is no cash of this month."""
    left = flow.lefts[0]
    balance = sum(each.from_balance for each in till.paid_for.get(key(left), ()))
    if balance and left.kind == CashKind.PAYMENT:
        amount = said(balance, row.currency)
        why = f"{amount} were paid from the customer's balance, and {till.said} counts them"
        yield Candidate(Cause.BALANCE_CREDIT, balance, why, (key(left), *map(key, flow.rights)))


def _close(row: Row, candidates: Sequence[Candidate]) -> None:
    if not candidates:
        row.rule_out(Cause.FEES_NETTED, "the records have no fee, no balance and nothing unapplied of it")
    chosen = closing(candidates, row.rest)
    for each in chosen:
        row.explain(*each)
    for each in candidates if not chosen else ():
        allowed, left = said(each.minor, row.currency), said(row.rest, row.currency)
        row.rule_out(each.cause, f"the records allow {allowed}, and {left} is to explain")
