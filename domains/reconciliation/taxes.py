"""Taxes of prices, as invoices tell them: Chargebee's subscriptions do not say what is in their prices."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from models.reconciliation.books import BillingItem, BillingSubscription, Document, DocumentLine


class _Place(NamedTuple):
    system: str
    site: str
    subscription: str
    item: str


def with_taxes(
    subscriptions: Sequence[BillingSubscription], documents: Iterable[Document]
) -> Sequence[BillingSubscription]:
    """An item that tells no tax has that of the line which billed it last."""
    lines = _last_lines(documents)
    return [_with_taxes(each, lines) for each in subscriptions] if lines else subscriptions


def _last_lines(documents: Iterable[Document]) -> Mapping[_Place, DocumentLine]:
    found: dict[_Place, DocumentLine] = {}
    for document in documents:
        for line in document.lines:
            place = _Place(document.system, document.site, line.subscription, line.item)
            if line.item and line.tax_percent and line.tax_inside is not None:
                known = found.get(place)
                if known is None or _is_later(line, known):
                    found[place] = line
    return found


def _is_later(line: DocumentLine, known: DocumentLine) -> bool:
    return bool(line.starts_at and (known.starts_at is None or line.starts_at > known.starts_at))


def _with_taxes(sub: BillingSubscription, lines: Mapping[_Place, DocumentLine]) -> BillingSubscription:
    items = _taxed(sub, sub.items, lines)
    pending = None if sub.pending is None else _taxed(sub, sub.pending, lines)
    earlier = _with_taxes(sub.earlier, lines) if sub.earlier else None
    if (items, pending, earlier) == (sub.items, sub.pending, sub.earlier):
        return sub
    return sub.model_copy(update={"items": items, "pending": pending, "earlier": earlier})


def _taxed(
    sub: BillingSubscription, items: list[BillingItem], lines: Mapping[_Place, DocumentLine]
) -> list[BillingItem]:
    return [_item(each, lines.get(_Place(sub.system, sub.site, sub.id, each.id))) for each in items]


def _item(item: BillingItem, line: DocumentLine | None) -> BillingItem:
    if line is None or item.tax_included is not None or item.tax_on_top is not None:
        return item
    name = "tax_included" if line.tax_inside else "tax_on_top"
    return item.model_copy(update={name: line.tax_percent})
