"""What findings call for in ChartMogul, of what may be corrected there at all: who decides on it is a person.

| cause | correction |
|---|---|
| TAX_INCLUDED | the tax that billing's price has in it |
| ONE_TIME_AS_RECURRING | the line's type |
| PRORATION_FLAG | the line's mark |
| DUPLICATE_SOURCE | the invoices of the second source that cover the month's end, disabled |

Nothing else is ever proposed. No amount is changed, so that no difference vanishes by a sum.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Literal

from domains.reconciliation.causes.case import Case
from domains.reconciliation.causes.terms import Pair, is_part, pairs
from domains.reconciliation.figures.rounding import half_away
from models.changes import MOST_CORRECTIONS, Correction, InvoiceSwitch, LineEdit, LineFields
from models.minor_units import minor_text
from models.reconciliation.books import CountedLine, ItemKind
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Finding

Edit = LineEdit | InvoiceSwitch
MOST_ROW_IDS = 40


def correctable(finding: Finding) -> bool:
    return finding.comparison == "mrr" and any(each.cause in _WAYS for each in finding.causes)


def corrections_of(finding: Finding, case: Case, lines: Sequence[CountedLine]) -> list[Correction]:
    """Step by step; none where the records do not say what to write. `lines` are ChartMogul's, of all."""
    found = [
        (each.cause, list(_WAYS[each.cause](case, lines))) for each in finding.causes if each.cause in _WAYS
    ]
    causes = {cause for cause, edits in found if edits}
    edits = [edit for _, some in found for edit in some][:MOST_CORRECTIONS]
    if not finding.customer.startswith("cus_"):
        return []
    explained = sum(each.minor for each in finding.causes if each.cause in causes)
    predicted = finding.difference - explained
    return [_correction(finding, number, edit, predicted, len(edits)) for number, edit in enumerate(edits, 1)]


def why_none(finding: Finding) -> str:
    if finding.comparison != "mrr":
        return "documents and payments are corrected in billing or in the books, by a person"
    if finding.causes and not correctable(finding):
        return f"{finding.causes[0].cause} is nothing that a correction in ChartMogul mends"
    return "the records do not show what would be right" if finding.causes else "nothing explains it"


def _correction(finding: Finding, number: int, edit: Edit, predicted: int, steps: int) -> Correction:
    return Correction(
        finding=finding.id,
        step=number,
        customer_uuid=finding.customer,
        row=[*finding.left.ids, *finding.right.ids][:MOST_ROW_IDS],
        currency=finding.currency,
        difference=finding.difference,
        predicted=predicted if number == steps else None,
        edit=edit,
        said=_said(finding, predicted),
    )


def _said(finding: Finding, predicted: int) -> str:
    before, after = (minor_text(each, finding.currency) for each in (finding.difference, predicted))
    return f"{finding.subject[:120]}: difference {before}, then {after}"


# -- by cause


def _tax(case: Case, _: Sequence[CountedLine]) -> Iterator[Edit]:
    for line, item in _pairs(case):
        percent = item.tax_included or item.tax_on_top
        if percent and not line.tax:
            tax = half_away(Fraction(line.amount) * Fraction(percent) / (100 + Fraction(percent)))
            yield _edit(line, LineFields(tax_amount_in_cents=tax))


def _one_time(case: Case, _: Sequence[CountedLine]) -> Iterator[Edit]:
    for member in case.members:
        for line in member.in_force:
            item = member.items.get(line.line)
            if item is not None and item.kind is ItemKind.ONE_TIME:
                yield _edit(line, LineFields(type="one_time"))


def _proration(case: Case, _: Sequence[CountedLine]) -> Iterator[Edit]:
    """With what the same invoice credits for the terms before: then the charge is a difference."""
    for member in case.members:
        parts = [line for line, item in pairs(member) if is_part(member, line, item)]
        invoices = {each.invoice for each in parts}
        credits = [each for each in member.lines if _is_credit(each) and each.invoice in invoices]
        for line in [*parts, *credits]:
            kind: Literal["differential", "full"] = (
                "differential" if any(each.invoice == line.invoice for each in credits) else "full"
            )
            yield _edit(line, LineFields(prorated=True, proration_type=kind))


def _is_credit(line: CountedLine) -> bool:
    return line.amount < 0 and not line.prorated and not line.disabled and line.kind == "subscription"


def _second_source(case: Case, lines: Sequence[CountedLine]) -> Iterator[Edit]:
    again = {(each.source, each.subscription_external_id) for each in case.row.again}
    own = (each for each in lines if (each.source, each.subscription_external_id) in again)
    invoices = [each.invoice for each in own if not each.disabled and _covers(each, case)]
    yield from (InvoiceSwitch(invoice_uuid=each) for each in dict.fromkeys(sorted(invoices)))


def _covers(line: CountedLine, case: Case) -> bool:
    end = case.around.cut.end
    return line.starts_at is not None and line.ends_at is not None and line.starts_at < end <= line.ends_at


def _pairs(case: Case) -> Iterator[Pair]:
    for member in case.members:
        yield from pairs(member)


def _edit(line: CountedLine, fields: LineFields) -> LineEdit:
    return LineEdit(line_uuid=line.line, fields=fields)


_WAYS: Mapping[Cause, Callable[[Case, Sequence[CountedLine]], Iterator[Edit]]] = {
    Cause.TAX_INCLUDED: _tax,
    Cause.ONE_TIME_AS_RECURRING: _one_time,
    Cause.PRORATION_FLAG: _proration,
    Cause.DUPLICATE_SOURCE: _second_source,
}
