"""Why an invoice or credit note differs: each cause only where the records show it, in the order tried."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domains.reconciliation.documents.choosing import Candidate, closing
from domains.reconciliation.documents.given import key, place
from domains.reconciliation.documents.matching import CREDITS, Group
from domains.reconciliation.documents.numbers import printed
from domains.reconciliation.documents.rows import Row
from domains.reconciliation.documents.scene import Scene
from domains.reconciliation.documents.tax import gross_net, tax_rounding
from domains.reconciliation.documents.values import is_dead, name, sign, value, worth
from models.minor_units import decimals, said
from models.reconciliation.books import CashKind, Document, DocumentKind, DocumentLine, DocumentStatus
from models.reconciliation.causes import Cause

CLOSE = timedelta(days=3)


@dataclass
class Parts:
    """What is left to compare once each has its month, and what is there twice is gone. What is void is no
    part where something else is in force."""

    lefts: list[Document]
    rights: list[Document]

    @property
    def pair(self) -> tuple[Document, Document] | None:
        return (self.lefts[0], self.rights[0]) if len(self.lefts) == len(self.rights) == 1 else None


def explain(row: Row, group: Group, scene: Scene) -> None:
    if not row.rest:
        _written_off_in_billing(row, group)
        return
    parts = _in_one_month(row, group, scene)
    for test in TESTS:
        if row.rest:
            test(row, parts, group, scene)
    if row.rest:
        _close(row, list(_candidates(row, parts, scene)))


# -- dates


def _in_one_month(row: Row, group: Group, scene: Scene) -> Parts:
    month = scene.month
    if not (group.lefts and group.rights):
        return Parts(
            [it for it in group.lefts if month.has(it)], [it for it in group.rights if month.has(it)]
        )
    for left, right, moved in _moved(group, scene):
        _date(row, left, right, moved, scene)
    lefts = [each for each in group.lefts if month.has(each)]
    return Parts(_in_force(lefts), _in_force(group.rights) if lefts else [])


def _in_force(documents: Sequence[Document]) -> list[Document]:
    return [each for each in documents if not is_dead(each)] or list(documents)


def _moved(group: Group, scene: Scene) -> Iterator[tuple[Document, Document, int]]:
    """Pairs that lie in different months, with what this month gains by the left one's date."""
    has = scene.month.has
    for left in group.lefts:
        for right in group.rights:
            if has(left) != has(right):
                carried = value(left if len(group.lefts) > 1 else right)
                yield left, right, carried if has(left) else -carried


def _date(row: Row, left: Document, right: Document, moved: int, scene: Scene) -> None:
    printed_day, our_day = scene.month.day(left), scene.month.day(right)
    if printed_day is None or our_day is None:
        row.rule_out(Cause.DATE_EDGE, "one has no date")
        return
    both = f"{scene.said}: {printed_day}, billing: {our_day} in {scene.month.zone}"
    if scene.month.edge(printed_day, our_day):
        row.explain(Cause.DATE_EDGE, moved, f"two sides of the month's end; {both}", (key(left), key(right)))
        return
    row.rule_out(Cause.DATE_EDGE, f"not within a day of the month's end; {both}")
    if left.kind in CREDITS and (left.links or right.links):
        why = f"credit of an invoice, dated in another month; {both}"
        row.explain(Cause.CREDIT_NOTE_OTHER_MONTH, moved, why, (key(left), key(right)))


# -- what the records say outright


def _missing(row: Row, parts: Parts, group: Group, scene: Scene) -> None:
    if group.lefts or not parts.rights:
        row.rule_out(Cause.MISSING_DOCUMENT, "there is one")
        return
    for each in parts.rights:
        if key(each) in scene.matched.in_doubt:
            row.rule_out(Cause.MISSING_DOCUMENT, "another document may be it: see the proposals")
        elif scene.side == "chartmogul" and _not_imported(each):
            row.rule_out(Cause.MISSING_DOCUMENT, "ChartMogul takes no credit notes of this source")
        elif value(each):
            why = f"{name(each)} is in no month of {scene.said} that was read"
            row.explain(Cause.MISSING_DOCUMENT, -value(each), why + _hint(each, scene), (key(each),))


def _hint(document: Document, scene: Scene) -> str:
    if scene.numbers.plain(name(document)) in scene.drafts:
        return f"; {scene.said} have a draft of that number"
    made, read = document.created_at, scene.given.accounting_read_at
    if scene.side != "accounting" or made is None or read is None or read - made > timedelta(days=2):
        return ""
    return f"; it was made {made:%Y-%m-%d %H:%M}Z, and the books were read {read:%Y-%m-%d %H:%M}Z"


def _not_imported(document: Document) -> bool:
    return document.kind == DocumentKind.CREDIT_NOTE and document.system == "stripe"


def _duplicates(row: Row, parts: Parts, group: Group, scene: Scene) -> None:
    if not group.rights:
        _twin(row, parts, scene)
        return
    if len(parts.lefts) < 2 or len(parts.rights) != 1:
        row.rule_out(Cause.DUPLICATE_DOCUMENT, "there is one document of that number")
        return
    right = parts.rights[0]
    kept, *others = sorted(parts.lefts, key=lambda it: _likeness(it, right))
    for each in others:
        if value(each) and _is_again(each, kept, right):
            why = f"{name(kept)} is in {scene.said} again, as {each.kind} {name(each)}"
            row.explain(Cause.DUPLICATE_DOCUMENT, value(each), why, (key(each), key(kept), key(right)))
            parts.lefts.remove(each)
    if len(parts.lefts) > 1:
        row.rule_out(Cause.DUPLICATE_DOCUMENT, "several documents of one number, and no two are the same")


def _likeness(left: Document, right: Document) -> tuple[bool, bool, bool, str]:
    """The one that is most the right one's own comes first."""
    other_number = printed(left.number) != printed(right.number)
    return value(left) != value(right), other_number, left.kind != DocumentKind.INVOICE, key(left)


def _is_again(extra: Document, kept: Document, right: Document) -> bool:
    same_number = bool(right.number) and printed(extra.number) == printed(right.number)
    return value(extra) in (value(kept), value(right)) or (same_number and value(kept) == value(right))


def _twin(row: Row, parts: Parts, scene: Scene) -> None:
    """An invoice and a sales receipt of one customer, amount and day, of which billing knows one."""
    for each in parts.lefts:
        kinds = {DocumentKind.INVOICE, DocumentKind.SALES_RECEIPT}
        same = scene.twins.get((place(each), each.customer_id, each.currency, each.total), ())
        twins = [it for it in same if {it.kind, each.kind} == kinds and _close_days(it, each, scene)]
        if each.customer_id and len(twins) == 1 and value(each):
            why = f"the same sale is an {twins[0].kind} as well: {name(twins[0])}".replace("_", " ")
            row.explain(Cause.DUPLICATE_DOCUMENT, value(each), why, (key(each), key(twins[0])))
        else:
            row.rule_out(Cause.DUPLICATE_DOCUMENT, "nothing else in the books is the same sale")


def _close_days(one: Document, other: Document, scene: Scene) -> bool:
    days = scene.month.day(one), scene.month.day(other)
    return days[0] is not None and days[1] is not None and abs(days[0] - days[1]) <= CLOSE


def _voided(row: Row, parts: Parts, group: Group, scene: Scene) -> None:
    if parts.pair is None:
        row.rule_out(Cause.VOIDED_ONE_SIDE, "no document of each side")
        return
    left, right = parts.pair
    records = (key(left), key(right))
    if is_dead(left) == is_dead(right):
        row.rule_out(Cause.VOIDED_ONE_SIDE, "both are in force" if not is_dead(left) else "both are void")
    elif is_dead(right):
        stated = sign(right) * right.total or value(left)
        why = f"{right.status} in billing, in force in {scene.said}"
        row.explain(Cause.VOIDED_ONE_SIDE, stated, why, records)
    elif right.status == DocumentStatus.WRITTEN_OFF:
        why = f"written off in billing, {left.status} in {scene.said}"
        row.explain(Cause.WRITE_OFF, -value(right), why, records)
    else:
        why = f"{left.status} in {scene.said}, {right.status} in billing"
        row.explain(Cause.VOIDED_ONE_SIDE, -value(right), why, records)


def _user_edit(row: Row, parts: Parts, group: Group, scene: Scene) -> None:
    """Only ChartMogul tells what people did to its rows."""
    if scene.side != "chartmogul" or len(parts.lefts) != 1 or is_dead(parts.lefts[0]):
        return
    left = parts.lefts[0]
    edited = {each.id: by for each in left.lines if (by := _by_hand(each))}
    if not edited:
        row.rule_out(Cause.USER_EDIT, "no person made or edited a line")
    elif moved := sum(edited.values()):
        why = f"a person made or edited {len(edited)} of its lines in ChartMogul"
        row.explain(Cause.USER_EDIT, moved, why, (*map(key, (left, *parts.rights)), *edited))


def _by_hand(line: DocumentLine) -> int:
    """What it is more than it was, in whole units as documents have them."""
    if line.before_edit is None and not line.by_hand:
        return 0
    return int(line.net + (line.tax or 0) - (line.before_edit or 0))


def _credit_elsewhere(row: Row, parts: Parts, group: Group, scene: Scene) -> None:
    """A credit of the books of which billing has no document: it has it on an invoice, of another month or
    of this one."""
    for each in parts.lefts if not group.rights and scene.side == "accounting" else ():
        invoices = scene.invoices_of(each) if each.kind in CREDITS else []
        older = [it for it in invoices if not scene.month.has(it)]
        if older and sum(it.from_balance for it in older) >= each.total > 0:
            why = f"billing has the credit on {name(older[0])}, an invoice of another month"
            row.explain(Cause.CREDIT_NOTE_OTHER_MONTH, value(each), why, (key(each), key(older[0])))
        elif not older and sum(it.from_balance for it in invoices) >= each.total > 0:
            why = f"billing took it off the customer's balance, on {name(invoices[0])}"
            row.explain(Cause.BALANCE_CREDIT, value(each), why, (key(each), key(invoices[0])))
        elif each.kind in CREDITS:
            row.rule_out(
                Cause.CREDIT_NOTE_OTHER_MONTH,
                "billing shows no credit of that amount on an invoice of another month",
            )


def _bad_debt(row: Row, parts: Parts, group: Group, scene: Scene) -> None:
    """A credit of the books alone, on an invoice that billing has written off."""
    for each in parts.lefts if not group.rights and scene.side == "accounting" else ():
        gone = [it for it in scene.invoices_of(each) if it.status == DocumentStatus.WRITTEN_OFF]
        if each.kind not in CREDITS or not gone:
            row.rule_out(Cause.WRITE_OFF, "it is of nothing that billing has written off")
            if refunds := scene.refunds_of(each):
                row.notes.append(f"billing has refund {refunds[0].id}, and no credit note of it")
        elif value(each):
            why = f"bad debt of {name(gone[0])}, written off in billing"
            row.explain(Cause.WRITE_OFF, value(each), why, (key(each), *(key(it) for it in gone)))


def _balance_not_taken(row: Row, parts: Parts, group: Group, scene: Scene) -> None:
    for each in parts.rights if not group.lefts and scene.side == "chartmogul" else ():
        if _not_imported(each) and value(each):
            why = "ChartMogul leaves out credit that comes from credit notes of this source"
            row.explain(Cause.BALANCE_CREDIT, -value(each), why, (key(each),))


def _written_off_in_billing(row: Row, group: Group) -> None:
    """Of the same amount on both sides: what differs is whether it is owed."""
    for right in group.rights if len(group.rights) == 1 else ():
        for left in group.lefts:
            if right.status == DocumentStatus.WRITTEN_OFF and left.status == DocumentStatus.OPEN and left.due:
                why = f"written off in billing, and {said(left.due, left.currency)} are open in the books"
                row.explain(Cause.WRITE_OFF, 0, why, (key(left), key(right)))


Test = Callable[[Row, Parts, Group, Scene], None]
TESTS: Sequence[Test] = (
    _missing,
    _duplicates,
    _voided,
    _user_edit,
    _credit_elsewhere,
    _bad_debt,
    _balance_not_taken,
)


# -- what they allow


def _candidates(row: Row, parts: Parts, scene: Scene) -> Iterator[Candidate]:
    if parts.pair is None:
        return
    left, right = parts.pair
    for found in (
        _unit(left, right, row.rest) if scene.side == "chartmogul" else "",
        gross_net(left, right),
        tax_rounding(left, right),
        _fees(left, right, scene),
        _from_balance(left, right, scene),
    ):
        if isinstance(found, Candidate):
            yield found
    if isinstance(why := gross_net(left, right), str):
        row.rule_out(Cause.GROSS_NET_TAX, why)
    if isinstance(why := tax_rounding(left, right), str):
        row.rule_out(Cause.TAX_ROUNDING, why)


def _unit(left: Document, right: Document, rest: int) -> Candidate | str:
    """ChartMogul's unit of a currency with none or three decimals is documented nowhere."""
    if decimals(right.currency) == 2 or not left.total or not right.total:
        return ""
    big, small = sorted((abs(left.total), abs(right.total)), reverse=True)
    if big not in (small * 10, small * 100, small * 1000):
        return ""
    why = f"one amount is exactly {big // small} times the other one, in a currency without hundredths"
    return Candidate(Cause.UNIT_EXPONENT, value(left) - value(right), why, (key(left), key(right)))


def _fees(left: Document, right: Document, scene: Scene) -> Candidate | str:
    paid = [it for it in scene.payments_of(right) if it.kind == CashKind.PAYMENT]
    fee = sum(each.fee or 0 for each in paid)
    if left.kind != DocumentKind.SALES_RECEIPT or not fee:
        return ""
    why = f"booked without the fee of {said(fee, right.currency)}"
    return Candidate(Cause.FEES_NETTED, -fee, why, (key(left), *(key(each) for each in paid)))


def _from_balance(left: Document, right: Document, scene: Scene) -> Candidate | str:
    """Only what was received is booked."""
    if not right.from_balance or scene.side != "accounting":
        return ""
    why = f"{said(right.from_balance, right.currency)} were paid from the customer's balance"
    return Candidate(Cause.BALANCE_CREDIT, -sign(right) * right.from_balance, why, (key(left), key(right)))


def _close(row: Row, candidates: Sequence[Candidate]) -> None:
    chosen = closing(candidates, row.rest)
    for each in chosen:
        row.explain(*each)
    for each in candidates if not chosen else ():
        allowed, left = said(each.minor, row.currency), said(row.rest, row.currency)
        row.rule_out(each.cause, f"the records allow {allowed}, and {left} is to explain")


def total_of(documents: Sequence[Document], scene: Scene) -> int | None:
    """In this month; None where there is no such record in any."""
    if not documents:
        return None
    return worth(each for each in documents if scene.month.has(each))
