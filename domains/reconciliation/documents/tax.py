"""Tax of a document: in its total or not, and rounded by line or once."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from domains.reconciliation.documents.choosing import Candidate
from domains.reconciliation.documents.given import key
from domains.reconciliation.documents.values import sign
from domains.reconciliation.figures.rounding import half_away
from models.minor_units import said
from models.reconciliation.books import Document, DocumentLine
from models.reconciliation.causes import Cause


def by_line(lines: list[DocumentLine]) -> int:
    """Each line's tax rounded, in minor units. Each line has to have a rate."""
    return sum(half_away(_exact(each.net, each.tax_percent)) for each in lines)


def by_document(lines: list[DocumentLine]) -> int:
    """One rounding for each rate."""
    net: dict[Decimal | None, Decimal] = defaultdict(Decimal)
    for each in lines:
        net[each.tax_percent] += each.net
    return sum(half_away(_exact(amount, percent)) for percent, amount in net.items())


def _exact(net: Decimal, percent: Decimal | None) -> Fraction:
    return Fraction(net) * Fraction(percent or 0) / 100


def gross_net(left: Document, right: Document) -> Candidate | str:
    """One has the tax in its total, and the other one says none, or shows that its total is that of its
    lines before tax."""
    if right.tax and _has_none(left):
        why = f"{said(right.tax, right.currency)} of tax is in the total of billing alone"
        return Candidate(Cause.GROSS_NET_TAX, -sign(right) * right.tax, why, (key(left), key(right)))
    if left.tax and _has_none(right):
        why = f"billing's total is without the tax of {said(left.tax, left.currency)}"
        return Candidate(Cause.GROSS_NET_TAX, sign(left) * left.tax, why, (key(left), key(right)))
    return "neither has tax that the other one leaves out"


def _has_none(document: Document) -> bool:
    return not document.tax or (
        bool(document.lines) and sum(each.net for each in document.lines) == document.total
    )


def tax_rounding(left: Document, right: Document) -> Candidate | str:
    """One's tax is that of its lines, each rounded, the other one's that of their sum."""
    if left.tax is None or right.tax is None:
        return "the tax of one is not known"
    if left.tax == right.tax:
        return "both have the same tax"
    for document in (right, left):
        lines = _with_rates(document.lines)
        if lines:
            two = by_line(lines), by_document(lines)
            if {left.tax, right.tax} == set(two):
                return _rounded_apart(left, right, left.tax - right.tax, two)
    return "rounding by line or by document does not give both taxes"


def _with_rates(lines: list[DocumentLine]) -> list[DocumentLine]:
    """None where a rate is neither told nor certain. Stripe and Xero tell a line's tax without its rate: it
    is the one tenth of a per cent that makes the tax of every line, if no other does."""
    if all(each.tax_percent is not None for each in lines):
        return lines
    taxed = [(Fraction(it.net), Fraction(it.tax)) for it in lines if it.tax is not None and it.net]
    if not taxed or len(taxed) < len(lines) or any(each.tax_percent is not None for each in lines):
        return []
    half = Fraction(1, 2)
    least = max((abs(tax) - half) / abs(net) for net, tax in taxed) * 1000
    most = min((abs(tax) + half) / abs(net) for net, tax in taxed) * 1000
    if ceil(least) != floor(most):
        return []
    percent = Decimal(ceil(least)) / 10
    return [each.model_copy(update={"tax_percent": percent}) for each in lines]


def _rounded_apart(left: Document, right: Document, apart: int, two: tuple[int, int]) -> Candidate:
    lines, document = (said(each, right.currency) for each in two)
    why = f"tax is {lines} rounded line by line and {document} rounded once"
    return Candidate(Cause.TAX_ROUNDING, sign(right) * apart, why, (key(left), key(right)))
