"""What billing's invoice says of a line decides what ChartMogul's of that id is, and nothing else does."""

from decimal import Decimal
from typing import Any

import pytest

from domains.reconciliation.corrections import corrections_of
from domains.reconciliation.judge import cases_of
from models.changes import LineEdit, LineFields
from models.reconciliation.books import DocumentLine, ItemKind
from models.reconciliation.causes import Cause
from tests.reconciliation.records import (
    CUT,
    Month,
    at,
    billed,
    billing,
    counted,
    item,
    line,
    named,
    unexplained,
)

FEE = DocumentLine(net=Decimal(50_000), id="il_2", subscription="sub_1", kind=ItemKind.ONE_TIME)


def month(of_billing: DocumentLine, there: dict[str, Any] | None = None, **fields: Any) -> Month:
    """49.00 a month, and a line of 500.00 beside it that counts as a subscription's."""
    second = {"line": "li_2", "line_external_id": "il_2", **(there or {})}
    return Month(
        [billing(item(4_900))],
        [counted(54_900)],
        [line(4_900, line_external_id="il_1"), line(50_000, **second)],
        more={"documents": [billed(of_billing, **fields)]},
    )


def test_what_billing_bills_once_is_no_subscription_s() -> None:
    judgement = month(FEE).judged()
    assert named(judgement) == [(Cause.ONE_TIME_AS_RECURRING, 50_000)]
    assert unexplained(judgement) == 0


def test_a_fee_of_a_yearly_subscription_counts_by_its_own_period() -> None:
    yearly = {"starts_at": at("2026-10-05"), "ends_at": at("2027-10-05")}
    found = month(FEE, yearly)
    found.subscriptions = [billing(item(58_800, interval="year"), period_end=at("2027-10-05"))]
    found.lines = [line(58_800, **yearly), found.lines[1]]
    found.counted = [counted(4_900 + 4_167)]
    assert named(found.judged()) == [(Cause.ONE_TIME_AS_RECURRING, 4_167)]


@pytest.mark.parametrize(
    ("of_billing", "fields"),
    [
        (FEE.model_copy(update={"id": "il_3"}), {}),
        (FEE.model_copy(update={"subscription": "sub_2"}), {}),
        (FEE.model_copy(update={"kind": None}), {}),
        (FEE, {"site": "emea"}),
        (FEE, {"system": "recurly"}),
        (FEE, {"side": "accounting", "system": "xero"}),
    ],
)
def test_a_line_of_something_else_shows_nothing(of_billing: DocumentLine, fields: dict[str, Any]) -> None:
    judgement = month(of_billing, **fields).judged()
    assert (named(judgement), unexplained(judgement)) == ([], 50_000)


def test_a_part_of_a_period_that_was_billed_is_no_change_that_was_not() -> None:
    """From 100.00 to 160.00 on the 16th, marked as such: the line of before covers the month's end, too."""
    dates = {"starts_at": at("2026-10-16"), "ends_at": at("2026-11-05"), "invoice_at": at("2026-10-16")}
    part = {**dates, "prorated": True}
    lines = [
        line(10_000, plan="old", line_external_id="il_1"),
        line(-6_452, line="li_2", plan="old", line_external_id="il_2", **part),
        line(10_323, line="li_3", plan="new", line_external_id="il_3", **part),
    ]
    of_item = [DocumentLine(net=each.amount, id=each.line_external_id, item="it_1") for each in lines]
    documents = {"documents": [billed(*of_item)]}
    agreed = billing(item(16_000, plan="new"))
    assert Month([agreed], [counted(16_000)], lines, more=documents).judged().findings == []
    wrong = [lines[0].model_copy(update={"amount": 9_300}), *lines[1:]]
    judgement = Month([agreed], [counted(15_300)], wrong, more=documents).judged()
    assert (named(judgement), unexplained(judgement)) == ([], -700)


def test_a_tax_that_the_invoice_tells_is_the_price_s() -> None:
    """Chargebee's subscriptions do not."""
    of_it = DocumentLine(
        net=Decimal(10_000),
        tax=Decimal(1_900),
        tax_percent=Decimal(19),
        tax_inside=True,
        id="il_1",
        subscription="sub_1",
        item="it_1",
    )
    documents = {"documents": [billed(of_it, system="chargebee")]}
    sub, taxed = billing(item(11_900), system="chargebee"), line(11_900, tax=1_900)
    assert (
        Month([sub], [counted(10_000)], [taxed], system="chargebee", more=documents).judged().findings == []
    )
    untaxed = Month(
        [sub],
        [counted(11_900, customer="cus_1")],
        [line(11_900, line="li_1", customer="cus_1")],
        system="chargebee",
        more=documents,
    )
    judgement = untaxed.judged()
    assert named(judgement) == [(Cause.TAX_INCLUDED, 1_900)]
    [finding] = judgement.findings
    case = cases_of(untaxed.books(), untaxed.configured(), CUT, [finding.id])[finding.id]
    [correction] = corrections_of(finding, case, untaxed.lines)
    assert correction.predicted == 0
    assert correction.edit == LineEdit(line_uuid="li_1", fields=LineFields(tax_amount_in_cents=1_900))
