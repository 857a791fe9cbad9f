"""Books that hold a posting per payout, and no invoices: compared by payout."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from domains.reconciliation.documents.choosing import Candidate, closing
from domains.reconciliation.documents.given import key, place
from domains.reconciliation.documents.matching import Group
from domains.reconciliation.documents.month import Month
from domains.reconciliation.documents.payouts import CENT, Contents, Paid, contents, paid_out, posting
from domains.reconciliation.documents.rows import Row
from domains.reconciliation.documents.scene import Scene
from domains.reconciliation.documents.values import value, worth
from models.minor_units import said
from models.reconciliation.books import CashEntry, CashKind, Document, DocumentKind
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Party

MOST_IDS = 20
"""Of the documents of a payout that a row names."""


def payouts_of(scene: Scene) -> list[Paid]:
    """Billing's, with a journal of the books each, or else a deposit: where both are there, the journal has
    what was sold."""
    given, month = scene.given, scene.month
    journals = [it for it in given.accounting or () if it.kind == DocumentKind.JOURNAL]
    cash = [it for it in given.cash if not (it.failed or it.voided)]
    deposits = [it for it in cash if it.side == "accounting" and it.kind == CashKind.DEPOSIT]
    outs = [it for it in cash if it.side == "billing" and it.kind == CashKind.PAYOUT]
    found = paid_out(outs, [posting(it, month) for it in sorted(journals, key=key)], month)
    rest = [each.payout for each in found if each.posting is None]
    others = paid_out(rest, [posting(it, month) for it in sorted(deposits, key=key)], month)
    return sorted((*(it for it in found if it.posting is not None), *others), key=lambda it: key(it.payout))


def summed_up(scene: Scene, paid: Sequence[Paid]) -> set[str]:
    """Places whose payouts are posted, and none of whose documents is."""
    if scene.rules.accounting is not None and scene.rules.accounting.summaries:
        return {place(each.payout) for each in paid} | {place(each) for each in scene.given.billing}
    linked = {place(right) for group in scene.matched.groups if group.lefts for right in group.rights}
    return {place(each.payout) for each in paid if each.posting is not None} - linked


def summary_rows(scene: Scene, paid: Sequence[Paid], places: set[str]) -> tuple[list[Row], set[str]]:
    """One row for each posted payout, and the keys of the documents that are in them."""
    within = contents(scene.given.cash)
    invoices = _by_payout(scene, places)
    rows: list[Row] = []
    taken: set[str] = set()
    for each in paid:
        out = each.payout
        held = invoices.get((place(out), out.id, out.currency), [])
        if (
            place(out) in places
            and each.posting is not None
            and (held or scene.month.has(each.posting.record))
        ):
            rows.append(_row(each, held, within[place(out), out.id], scene.month))
            taken |= {key(it) for it in held}
    return [it for it in rows if it.left.minor or it.right.minor], taken


def _by_payout(scene: Scene, places: set[str]) -> dict[tuple[str, str, str], list[Document]]:
    """Documents of this month, all of whose payments went into one payout."""
    found: dict[tuple[str, str, str], list[Document]] = defaultdict(list)
    for document in scene.given.billing:
        if place(document) in places and scene.month.has(document) and value(document):
            outs = {each.payout for each in scene.payments_of(document)}
            if len(outs) == 1 and (out := outs.pop()):
                found[place(document), out, document.currency].append(document)
    return found


def _row(paid: Paid, held: Sequence[Document], within: Contents, month: Month) -> Row:
    out, posted = paid.payout, paid.posting
    assert posted is not None
    minor = posted.minor if month.has(posted.record) else 0
    dated = "" if minor else f"dated {posted.day}"
    row = Row(
        comparison="documents",
        source=place(out),
        key=f"payout {out.id}",
        match=paid.step,
        subject=out.id,
        currency=out.currency,
        left=Party(
            side="accounting",
            system=posted.record.system,
            ids=[posted.record.id],
            minor=minor,
            said=dated,
            link=posted.record.link,
        ),
        right=Party(
            side="billing",
            system=out.system,
            ids=[each.id for each in held[:MOST_IDS]],
            minor=worth(held),
            said=f"{len(held)} documents that were paid out together",
            link=out.link,
        ),
    )
    row.documents = tuple(key(each) for each in held)
    if minor:
        _contents(row, paid, held, within)
    elif row.rest:
        why = f"charged in this month, paid out and posted on {posted.day}: in the clearing account"
        row.explain(Cause.PAYMENT_TIMING, row.rest, why, (key(out), key(posted.record)))
    return row


def _contents(row: Row, paid: Paid, held: Sequence[Document], within: Contents) -> None:
    candidates = list(_within(row, paid.payout, held, within))
    for off in (0, CENT, -CENT) if row.rest else ():
        chosen = closing(candidates, row.rest - off)
        if chosen or row.rest == off:
            for each in chosen:
                row.explain(*each)
            if off:
                why = "the posting is a cent off the payout"
                row.explain(Cause.ROUNDING, row.rest, why, (key(paid.payout),))
            return


def _within(row: Row, out: CashEntry, held: Sequence[Document], within: Contents) -> Iterator[Candidate]:
    """A posting is of what was sold, or without the fees, or without what was given back as well."""
    fees = within.fees
    if fees is None or any(it.currency != out.currency for it in (*within.payments, *within.refunds)):
        row.rule_out(Cause.SUMMARY_POSTING, "a fee is not known, or a payment is in another currency")
        return
    own = {name for each in held for name in (each.id, each.number)}
    others = [it for it in within.payments if not own & set(it.documents)]
    back = sum(it.amount for it in within.refunds if not own & set(it.documents))
    for minor in dict.fromkeys((fees + back, fees, back)):
        yield Candidate(Cause.SUMMARY_POSTING, -minor, _sum(out, within, fees), (key(out),))
    if others:
        why = f"{len(others)} payments in it are of documents of other months, or of none"
        amount = sum(it.amount for it in others)
        yield Candidate(Cause.PAYMENT_TIMING, amount, why, tuple(key(it) for it in others))
    if balance := sum(each.from_balance for each in held):
        why = f"{said(balance, row.currency)} of the invoices were paid from balances"
        records = tuple(key(it) for it in held if it.from_balance)
        yield Candidate(Cause.BALANCE_CREDIT, -balance, why, records)


def _sum(out: CashEntry, within: Contents, fees: int) -> str:
    """`charges 10,000.00 − fees 320.00 = 9,680.00`."""
    back = f" − refunds {said(within.refunded, out.currency)}" if within.refunded else ""
    charges = said(within.gross, out.currency)
    net = said(out.amount, out.currency)
    return f"posted by payout: charges {charges}{back} − fees {said(fees, out.currency)} = {net}"


def explain_unposted(row: Row, group: Group, scene: Scene, paid: Sequence[Paid]) -> None:
    """A document of a month that is posted by payout, and that is in no posting."""
    outs = {(place(each.payout), each.payout.id): each for each in paid}
    for document in group.rights:
        payments = scene.payments_of(document)
        amount = value(document) if scene.month.has(document) else 0
        if not amount:
            continue
        if not payments and document.from_balance == document.total:
            row.explain(Cause.BALANCE_CREDIT, -amount, "paid from the customer's balance", (key(document),))
        elif not payments:
            why = "the books hold what was paid out, and nothing was paid of it"
            row.explain(Cause.SUMMARY_POSTING, -amount, why, (key(document),))
        elif outs and all(_later(each, outs, scene) for each in payments):
            why = "charged, and paid out after the month: in the clearing account"
            row.explain(Cause.PAYMENT_TIMING, -amount, why, (key(document), *map(key, payments)))
        else:
            row.rule_out(Cause.SUMMARY_POSTING, "its payments are in no payout that is posted, or in several")


def _later(payment: CashEntry, outs: dict[tuple[str, str], Paid], scene: Scene) -> bool:
    if not payment.payout:
        return True
    found = outs.get((place(payment), payment.payout))
    day = scene.month.paid_on(found.payout) if found is not None else None
    return day is not None and day >= scene.month.after
