"""The worked figures of invoices and cash, one by one."""

from datetime import date
from decimal import Decimal
from typing import Any

from domains.reconciliation.documents.cash.judge import judge_cash
from domains.reconciliation.documents.given import DocumentBooks
from domains.reconciliation.documents.judge import judge_documents
from models.reconciliation.books import CashKind, Document, DocumentKind, DocumentLine, DocumentStatus
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Finding
from models.reconciliation.rules import ReconciliationRules
from tests.reconciliation.documents.writing import (
    ALONE,
    at,
    cash,
    cut,
    in_billing,
    in_books,
    in_mogul,
    lines,
    rules,
)


def only(findings: list[Finding]) -> Finding:
    differing = [each for each in findings if each.difference or each.causes]
    assert len(differing) == 1
    return differing[0]


def of(finding: Finding) -> tuple[Cause, int]:
    assert finding.unexplained == 0
    assert len(finding.causes) == 1
    assert finding.difference == finding.causes[0].minor
    return finding.causes[0].cause, finding.causes[0].minor


def pair(left: Document, right: Document, given: ReconciliationRules | None = None) -> Finding:
    books = DocumentBooks(billing=[right], accounting=[left])
    return only(judge_documents(books, given or rules(), cut()).findings)


def test_a1_charges_less_fees_are_the_deposit() -> None:
    charge: dict[str, Any] = {"fee": 32_000, "payout": "po_1", "documents": ["in_1"]}
    books = DocumentBooks(
        billing=[in_billing(1, 1_000_000)],
        accounting=[],
        cash=[
            cash("billing", "ch_1", 1_000_000, **charge),
            cash("billing", "po_1", 968_000, CashKind.PAYOUT),
            cash("accounting", "D1", 968_000, CashKind.DEPOSIT),
        ],
    )
    found = only(judge_documents(books, rules(), cut()).findings)
    assert of(found) == (Cause.SUMMARY_POSTING, -32_000)
    assert "charges 10,000.00 − fees 320.00 = 9,680.00" in found.causes[0].why
    in_cash = judge_cash(books, rules(), cut())
    assert [(it.source, it.difference) for it in in_cash.findings] == [
        ("stripe/default", -1_000_000),
        ("stripe/default/payouts", 0),
    ]
    assert of(in_cash.findings[0]) == (Cause.SUMMARY_POSTING, -1_000_000)


def test_a1_a_journal_of_gross_sales_is_found_by_what_arrived_at_the_bank() -> None:
    nets = [("9680", 968_000), ("320", 32_000), ("sales", -1_000_000)]
    journal = in_books(7, 1_000_000, kind=DocumentKind.JOURNAL, number="JE-7")
    journal = journal.model_copy(update={"lines": lines([net for _, net in nets], Decimal(0))})
    charge: dict[str, Any] = {"fee": 32_000, "payout": "po_1", "documents": ["in_1"]}
    books = DocumentBooks(
        billing=[in_billing(1, 1_000_000)],
        accounting=[journal],
        cash=[
            cash("billing", "ch_1", 1_000_000, **charge),
            cash("billing", "po_1", 968_000, CashKind.PAYOUT),
        ],
    )
    (found,) = judge_documents(books, rules(), cut()).findings
    assert (found.left.minor, found.right.minor, found.difference) == (1_000_000, 1_000_000, 0)


def test_a1_not_yet_paid_out_is_in_the_clearing_account() -> None:
    books = DocumentBooks(
        billing=[in_billing(1, 10_000), in_billing(2, 5_000, status=DocumentStatus.OPEN)],
        accounting=[],
        cash=[
            cash("billing", "ch_1", 10_000, fee=320, payout="po_1", documents=["in_1"], at=at(30)),
            cash("billing", "po_1", 9_680, CashKind.PAYOUT, at=at(3, month=11)),
        ],
    )
    found = judge_documents(books, rules(summaries=True), cut()).findings
    assert [of(each) for each in found] == [
        (Cause.PAYMENT_TIMING, -10_000),
        (Cause.SUMMARY_POSTING, -5_000),
    ]


def test_a2_an_invoice_at_half_past_eleven_is_of_two_months() -> None:
    late = in_billing(1, 120_000, at=at(31, 23, 30))
    printed = in_books(1, 120_000, dated=date(2026, 11, 1))
    assert of(pair(printed, late, rules("Europe/Berlin"))) == (Cause.DATE_EDGE, -120_000)
    november = judge_documents(
        DocumentBooks(billing=[late], accounting=[printed]),
        rules("Europe/Berlin"),
        cut(period="2026-11"),
    )
    assert of(only(november.findings)) == (Cause.DATE_EDGE, 120_000)


def test_a3_a_number_in_no_month() -> None:
    books = DocumentBooks(billing=[in_billing(1, 8_900)], accounting=[])
    found = only(judge_documents(books, rules(), cut()).findings)
    assert of(found) == (Cause.MISSING_DOCUMENT, -8_900)
    assert (found.match, found.left.minor) == (0, None)


def test_a3_a_document_that_was_made_just_before_the_books_were_read_says_so() -> None:
    made, read = at(31, 23), at(1, 0, 10, month=11)
    late = in_billing(1, 8_900, created_at=made)
    books = DocumentBooks(billing=[late], accounting=[], accounting_read_at=read)
    found = only(judge_documents(books, rules(), cut()).findings)
    assert "made 2026-10-31 23:00Z, and the books were read 2026-11-01 00:10Z" in found.causes[0].why


def test_a3_a_draft_in_the_books_is_none_and_is_said() -> None:
    draft = in_books(1, 8_900, status=DocumentStatus.DRAFT)
    found = pair(draft, in_billing(1, 8_900))
    assert of(found) == (Cause.MISSING_DOCUMENT, -8_900)
    assert "have a draft of that number" in found.causes[0].why


def test_a_refund_receipt_without_a_credit_note_is_open_and_names_the_refund() -> None:
    receipt = in_books(1, 700, kind=DocumentKind.REFUND_RECEIPT, number="9", references=["re_1"])
    refund = cash("billing", "re_1", 700, CashKind.REFUND)
    found = only(judge_documents(DocumentBooks(accounting=[receipt], cash=[refund]), rules(), cut()).findings)
    assert (found.unexplained, found.notes) == (-700, ["billing has refund re_1, and no credit note of it"])


def test_a4_an_invoice_and_a_sales_receipt() -> None:
    receipt = in_books(2, 8_900, kind=DocumentKind.SALES_RECEIPT, number="", customer_id="1")
    books = DocumentBooks(billing=[in_billing(1, 8_900)], accounting=[in_books(1, 8_900), receipt])
    found = only(judge_documents(books, rules(), cut()).findings)
    assert of(found) == (Cause.DUPLICATE_DOCUMENT, 8_900)


def test_a4_two_parts_of_one_invoice_are_no_duplicate() -> None:
    parts = [in_books(1, 6_000), in_books(2, 2_900)]
    parts[1] = parts[1].model_copy(update={"number": "INV-00001"})
    books = DocumentBooks(billing=[in_billing(1, 8_900)], accounting=parts)
    (found,) = judge_documents(books, rules(), cut()).findings
    assert (found.difference, found.causes, found.left.minor) == (0, [], 8_900)


def test_a5_void_in_the_books_and_open_in_billing() -> None:
    void = in_books(1, 0, status=DocumentStatus.VOIDED)
    assert of(pair(void, in_billing(1, 24_000))) == (Cause.VOIDED_ONE_SIDE, -24_000)


def test_a5_a_void_copy_beside_the_one_in_force_changes_nothing() -> None:
    void = in_books(2, 0, number="INV-00001", status=DocumentStatus.VOIDED)
    books = DocumentBooks(billing=[in_billing(1, 119, tax=19)], accounting=[void, in_books(1, 100)])
    found = only(judge_documents(books, rules(), cut()).findings)
    assert of(found) == (Cause.GROSS_NET_TAX, -19)


def test_a_failed_charge_that_nobody_booked_is_no_row() -> None:
    books = DocumentBooks(accounting=[], cash=[cash("billing", "ch_1", 100, failed=True)])
    assert judge_cash(books, rules(), cut()).findings == []


def test_a6_a_credit_of_november_for_october() -> None:
    note: dict[str, Any] = {"kind": DocumentKind.CREDIT_NOTE, "number": "CN-1"}
    books = DocumentBooks(
        billing=[in_billing(1, 50_000), in_billing(2, 3_000, links=["in_1"], at=at(20), **note)],
        accounting=[in_books(1, 50_000), in_books(2, 3_000, links=["1"], dated=date(2026, 11, 3), **note)],
    )
    found = only(judge_documents(books, rules(), cut(period="2026-11")).findings)
    assert of(found) == (Cause.CREDIT_NOTE_OTHER_MONTH, -3_000)


def test_a6_a_credit_that_billing_took_off_the_invoice_itself() -> None:
    note: dict[str, Any] = {"kind": DocumentKind.CREDIT_NOTE, "number": "77", "links": ["1"]}
    books = DocumentBooks(
        billing=[in_billing(1, 50_000, from_balance=3_000)],
        accounting=[in_books(1, 50_000), in_books(2, 3_000, dated=date(2026, 11, 3), **note)],
    )
    october = judge_documents(books, rules(), cut())
    assert [each.difference for each in october.findings] == [0]
    found = only(judge_documents(books, rules(), cut(period="2026-11")).findings)
    assert of(found) == (Cause.CREDIT_NOTE_OTHER_MONTH, -3_000)


def test_a7_gross_against_net() -> None:
    gross = in_books(1, 11_900, tax=1_900)
    assert of(pair(gross, in_billing(1, 10_000, tax=0))) == (Cause.GROSS_NET_TAX, 1_900)


def test_a8_five_lines_of_nine_ninety_nine() -> None:
    held = lines([999] * 5, Decimal(19))
    found = pair(in_books(1, 4_995 + 950, tax=950), in_billing(1, 4_995 + 949, tax=949, lines=held))
    assert of(found) == (Cause.TAX_ROUNDING, 1)
    assert "9.50" in found.causes[0].why
    assert "9.49" in found.causes[0].why


def test_a8_three_lines_of_ten_ten() -> None:
    held = lines([1_010] * 3, Decimal("7.7"))
    found = pair(in_books(1, 3_030 + 234, tax=234), in_billing(1, 3_030 + 233, tax=233, lines=held))
    assert of(found) == (Cause.TAX_ROUNDING, 1)


def test_a8_lines_that_tell_their_tax_and_no_rate() -> None:
    """As Stripe and Xero have them: 1.90 of 9.99 is 19 %, and nothing else in tenths."""
    held = [DocumentLine(net=Decimal(999), tax=Decimal(190))] * 5
    found = pair(in_books(1, 4_995 + 949, tax=949), in_billing(1, 4_995 + 950, tax=950, lines=held))
    assert of(found) == (Cause.TAX_ROUNDING, -1)
    cheap = [DocumentLine(net=Decimal(99), tax=Decimal(19))] * 5  # 19 % or 19.1 %
    found = pair(in_books(1, 495 + 94, tax=94), in_billing(1, 495 + 95, tax=95, lines=cheap))
    assert (found.causes, found.unexplained) == ([], -1)


def test_a9_paid_at_another_rate_is_a_loss_of_exchange() -> None:
    home: dict[str, Any] = {"home_currency": "USD"}
    books = DocumentBooks(
        billing=[in_billing(1, 120_000)],
        accounting=[in_books(1, 120_000, home_total=130_200, rate=Decimal("1.0850"), **home)],
        cash=[
            cash("billing", "ch_1", 120_000, documents=["in_1"]),
            cash("accounting", "P1", 120_000, documents=["1"], home_amount=128_400, **home),
        ],
    )
    found = only(judge_cash(books, rules(), cut()).findings)
    assert of(found) == (Cause.FX_DOCUMENT_RATE, -1_800)
    assert (found.currency, found.source) == ("USD", "stripe/default/home")


def test_a9_a_rate_alone_makes_the_home_amount() -> None:
    """As Xero has it."""
    books = DocumentBooks(
        billing=[in_billing(1, 120_000)],
        accounting=[in_books(1, 120_000, home_currency="USD", rate=Decimal("1.0850"))],
        cash=[
            cash("billing", "ch_1", 120_000, documents=["in_1"]),
            cash("accounting", "P1", 120_000, documents=["1"], home_currency="USD", rate=Decimal("1.07")),
        ],
    )
    assert of(only(judge_cash(books, rules(), cut()).findings)) == (Cause.FX_DOCUMENT_RATE, -1_800)


def test_a10_the_fee_is_taken_off_the_payment() -> None:
    books = DocumentBooks(
        billing=[in_billing(1, 10_000)],
        accounting=[in_books(1, 10_000)],
        cash=[
            cash("billing", "ch_1", 10_000, fee=320, documents=["in_1"]),
            cash("accounting", "P1", 9_680, references=["ch_1"]),
        ],
    )
    assert of(only(judge_cash(books, rules(), cut()).findings)) == (Cause.FEES_NETTED, -320)


def test_a11_charged_in_october_and_booked_when_paid_out_in_november() -> None:
    books = DocumentBooks(
        accounting=[],
        cash=[
            cash("billing", "ch_1", 10_000, at=at(29), payout="po_1"),
            cash("billing", "po_1", 10_000, CashKind.PAYOUT, at=at(3, month=11), dated=date(2026, 11, 3)),
            cash("accounting", "P1", 10_000, dated=date(2026, 11, 3), references=["ch_1"]),
        ],
    )
    assert of(only(judge_cash(books, rules(), cut()).findings)) == (Cause.PAYMENT_TIMING, -10_000)


def test_a12_cash_that_is_applied_to_nothing() -> None:
    more = cash("accounting", "P1", 1_500, unapplied=1_500)
    found = only(judge_cash(DocumentBooks(accounting=[], cash=[more]), rules(), cut()).findings)
    assert of(found) == (Cause.UNAPPLIED_CASH, 1_500)


def test_a13_a_bad_debt_of_the_books() -> None:
    books = DocumentBooks(
        billing=[in_billing(1, 5_900, status=DocumentStatus.WRITTEN_OFF)],
        accounting=[
            in_books(1, 5_900, due=0),
            in_books(2, 5_900, kind=DocumentKind.CREDIT_NOTE, links=["1"]),
        ],
    )
    assert of(only(judge_documents(books, rules(), cut()).findings)) == (Cause.WRITE_OFF, -5_900)


def test_a13_written_off_in_billing_and_open_in_the_books_is_said_where_no_amount_differs() -> None:
    found = pair(in_books(1, 5_900, due=5_900), in_billing(1, 5_900, status=DocumentStatus.WRITTEN_OFF))
    assert of(found) == (Cause.WRITE_OFF, 0)
    assert "59.00 are open" in found.causes[0].why


def test_a14_paid_from_a_balance_is_no_cash() -> None:
    books = DocumentBooks(
        billing=[in_billing(1, 10_000, from_balance=3_000)],
        cash=[
            cash("billing", "ch_1", 7_000, documents=["in_1"]),
            cash("chartmogul", "ch_1", 10_000, documents=["in_1"], references=["ds_1"]),
        ],
    )
    found = only(judge_cash(books, ALONE, cut()).findings)
    assert of(found) == (Cause.BALANCE_CREDIT, 3_000)
    assert (found.source, found.left.side) == ("ds_1", "chartmogul")


def test_a14_a_balance_that_the_books_hold_as_a_credit() -> None:
    note = in_books(2, 3_000, kind=DocumentKind.CREDIT_NOTE, number="77", links=["1"])
    books = DocumentBooks(
        billing=[in_billing(1, 50_000, from_balance=3_000)], accounting=[in_books(1, 50_000), note]
    )
    found = only(judge_documents(books, rules(), cut()).findings)
    assert of(found) == (Cause.BALANCE_CREDIT, -3_000)


# -- what looks like a cause, and is none


def test_a_difference_like_the_tax_that_both_have_is_open() -> None:
    found = pair(in_books(1, 10_000, tax=1_900), in_billing(1, 11_900, tax=1_900))
    assert (found.causes, found.unexplained) == ([], -1_900)


def test_several_of_other_amounts_that_name_one_invoice_are_no_duplicates() -> None:
    left = [in_books(it, 4_000 + it, number=str(900 + it), references=["INV-1"]) for it in (1, 2, 3)]
    books = DocumentBooks(billing=[in_billing(1, 8_900)], accounting=left)
    found = only(judge_documents(books, rules(), cut()).findings)
    assert (found.causes, found.unexplained) == ([], 12_006 - 8_900)


def test_a_deposit_that_is_thirty_cents_off_is_no_payouts() -> None:
    books = DocumentBooks(
        accounting=[],
        cash=[
            cash("billing", "po_1", 968_000, CashKind.PAYOUT),
            cash("accounting", "D1", 968_030, CashKind.DEPOSIT),
        ],
    )
    compared = judge_cash(books, rules(), cut())
    assert of(only(compared.findings)) == (Cause.MISSING_DOCUMENT, -968_000)
    assert compared.warnings == ["1 deposits in the books belong to no payout: they are not compared"]


def test_a_deposit_that_is_a_cent_off_and_names_its_payout_is_rounding() -> None:
    books = DocumentBooks(
        accounting=[],
        cash=[
            cash("billing", "po_1", 968_000, CashKind.PAYOUT),
            cash("accounting", "D1", 967_999, CashKind.DEPOSIT, references=["po_1"]),
        ],
    )
    assert of(only(judge_cash(books, rules(), cut()).findings)) == (Cause.ROUNDING, -1)


def test_an_invoice_that_is_the_fee_short_is_open() -> None:
    """Only what was paid at the sale is booked net."""
    books = DocumentBooks(
        billing=[in_billing(1, 10_000)],
        accounting=[in_books(1, 9_680)],
        cash=[cash("billing", "ch_1", 10_000, fee=320, documents=["in_1"])],
    )
    found = only(judge_documents(books, rules(), cut()).findings)
    assert (found.causes, found.unexplained) == ([], -320)


def test_two_deposits_of_one_amount_are_nobodys_payout() -> None:
    deposits = [cash("accounting", name, 968_000, CashKind.DEPOSIT) for name in ("D1", "D2")]
    books = DocumentBooks(accounting=[], cash=[cash("billing", "po_1", 968_000, CashKind.PAYOUT), *deposits])
    found = only(judge_cash(books, rules(), cut()).findings)
    assert found.left.minor is None


def test_two_payments_of_other_amounts_for_one_charge_are_no_duplicates() -> None:
    booked = [cash("accounting", f"P{it}", 4_000 + it, references=["ch_1"]) for it in (1, 2)]
    books = DocumentBooks(accounting=[], cash=[cash("billing", "ch_1", 7_000), *booked])
    found = only(judge_cash(books, rules(), cut()).findings)
    assert (found.causes, found.unexplained) == ([], 1_003)


def test_without_any_payout_nobody_knows_what_is_in_the_clearing_account() -> None:
    """Chargebee and Recurly tell none."""
    books = DocumentBooks(
        billing=[in_billing(1, 10_000)],
        accounting=[],
        cash=[cash("billing", "ch_1", 10_000, documents=["in_1"])],
    )
    found = only(judge_documents(books, rules(summaries=True), cut()).findings)
    assert Cause.PAYMENT_TIMING not in {each.cause for each in found.causes}
    in_cash = only(judge_cash(books, rules(summaries=True), cut()).findings)
    assert (in_cash.causes, in_cash.unexplained) == ([], -10_000)


def test_a_payment_in_another_currency_than_its_document_has_no_loss_of_exchange() -> None:
    home: dict[str, Any] = {"home_currency": "USD", "documents": ["1"], "home_amount": 128_400}
    books = DocumentBooks(
        accounting=[in_books(1, 120_000, home_total=130_200, home_currency="USD")],
        cash=[cash("accounting", "P1", 100_000, currency="GBP", **home)],
    )
    compared = judge_cash(books, rules(), cut())
    assert [each.source for each in compared.findings] == ["quickbooks/default"]


def test_three_ways_read_differently() -> None:
    """Who stands alone, and by how much."""
    sums = {1: (100, 100, 100), 2: (100, 100, 80), 3: (90, 100, 100), 4: (80, 100, 80), 5: (1, 2, 3)}
    books = DocumentBooks(
        billing=[*(in_billing(number, it[1]) for number, it in sums.items()), in_billing(6, 7)],
        accounting=[in_books(number, it[0]) for number, it in sums.items()],
        chartmogul=[in_mogul(number, it[2]) for number, it in sums.items()],
    )
    compared = judge_documents(books, rules(), cut())
    rows = [each for each in compared.findings if each.left.side == "accounting"]
    assert [(it.left.minor, it.right.minor, it.third and it.third.minor) for it in rows] == [
        *sums.values(),
        (None, 7, None),
    ]
    assert [" ".join(it.notes) for it in rows] == [
        "",
        "billing and the books agree, ChartMogul differs",
        "billing and ChartMogul agree, the books differ",
        "the books and ChartMogul agree, billing differs",
        "all three differ",
        "in billing alone",
    ]
    against = [(it.subject, it.difference) for it in compared.findings if it.left.side == "chartmogul"]
    assert len({it.id for it in compared.findings}) == len(compared.findings)
    assert against == [("INV-00002", -20), ("INV-00004", -20), ("INV-00005", 1), ("INV-00006", -7)]
