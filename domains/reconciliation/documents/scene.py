"""What the causes of one comparison look things up in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domains.reconciliation.documents.given import DocumentBooks, key, place
from domains.reconciliation.documents.matching import CREDITS, Group, Matched
from domains.reconciliation.documents.month import Month
from domains.reconciliation.documents.numbers import Numbers, words
from models.reconciliation.books import CashEntry, CashKind, Document, DocumentStatus
from models.reconciliation.rules import ReconciliationRules

NAMES: Mapping[str, str] = {"accounting": "the books", "chartmogul": "ChartMogul"}


@dataclass(frozen=True)
class Scene:
    """`side` is what stands on the left. `payments` are billing's, by a document's id and its number, with
    the place before it."""

    side: str
    month: Month
    rules: ReconciliationRules
    given: DocumentBooks
    matched: Matched
    numbers: Numbers
    by_number: Mapping[str, Document]
    """Billing's invoices."""
    payments: Mapping[tuple[str, str], Sequence[CashEntry]]
    billed: Mapping[tuple[str, str], Sequence[Document]]
    """Billing's documents of a left one's id."""
    drafts: frozenset[str] = frozenset()
    """Plain numbers of what the left side has as a draft alone."""
    twins: Mapping[tuple[str, str, str, int], Sequence[Document]] = field(default_factory=dict)
    """Left documents that are linked, by place, customer, currency and amount."""

    @property
    def said(self) -> str:
        return NAMES[self.side]

    def payments_of(self, document: Document) -> list[CashEntry]:
        where = place(document)
        found = [*self.payments.get((where, document.id), ())]
        if document.number and document.number != document.id:
            found += self.payments.get((where, document.number), ())
        return list({each.id: each for each in found}.values())

    def refunds_of(self, receipt: Document) -> list[CashEntry]:
        """Billing's refunds whose ids a left document names."""
        named = {word for text in receipt.references for word in words(text)}
        return [it for it in self.given.cash if it.kind == CashKind.REFUND and it.id in named]

    def invoices_of(self, credit: Document) -> list[Document]:
        """Billing's documents of those that a left credit is applied to, or whose number it names."""
        where, by_number = place(credit), self.by_number
        found = [each for link in credit.links for each in self.billed.get((where, link), ())]
        named = (it for text in credit.references for it in self.numbers.named(text) if it.sure)
        found += (by_number[it.plain] for it in named if it.plain in by_number)
        return list({key(each): each for each in found}.values())


def scene_of(
    side: str,
    month: Month,
    rules: ReconciliationRules,
    given: DocumentBooks,
    matched: Matched,
    numbers: Numbers,
) -> Scene:
    billed: dict[tuple[str, str], list[Document]] = defaultdict(list)
    twins: dict[tuple[str, str, str, int], list[Document]] = defaultdict(list)
    for group in matched.groups:
        for left in group.lefts if group.rights else ():
            billed[place(left), left.id] += group.rights
            twins[place(left), left.customer_id, left.currency, left.total].append(left)
    invoices = (it for it in given.billing if it.number and it.kind not in CREDITS)
    by_number = {numbers.plain(each.number): each for each in invoices}
    payments = payments_by_document(given.cash)
    return Scene(
        side,
        month,
        rules,
        given,
        matched,
        numbers,
        by_number,
        payments,
        billed,
        _drafts(side, given, numbers),
        twins,
    )


def _drafts(side: str, given: DocumentBooks, numbers: Numbers) -> frozenset[str]:
    documents = given.accounting if side == "accounting" else None
    drafts = (it for it in documents or () if it.status == DocumentStatus.DRAFT and it.number)
    return frozenset(numbers.plain(each.number) for each in drafts)


def payments_by_document(cash: Sequence[CashEntry]) -> dict[tuple[str, str], list[CashEntry]]:
    found: dict[tuple[str, str], list[CashEntry]] = defaultdict(list)
    for entry in cash:
        if entry.side == "billing" and entry.kind in (CashKind.PAYMENT, CashKind.REFUND):
            for each in entry.documents if not (entry.failed or entry.voided) else ():
                found[place(entry), each].append(entry)
    return found


def is_alone(group: Group) -> bool:
    return not (group.lefts and group.rights)
