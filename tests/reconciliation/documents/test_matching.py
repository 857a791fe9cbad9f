"""The ladder: what is linked, what is only proposed, and what goes to a person."""

from datetime import date
from typing import Any

import pytest

from domains.reconciliation.documents.given import Compared, DocumentBooks
from domains.reconciliation.documents.judge import judge_documents
from domains.reconciliation.documents.numbers import Named, Numbers
from models.reconciliation.books import Document, DocumentKind
from models.reconciliation.causes import Cause
from models.reconciliation.findings import LinkProposal
from models.reconciliation.rules import BillingSource, ReconciliationRules
from tests.reconciliation.documents.writing import (
    SOURCE,
    at,
    cash,
    cut,
    in_billing,
    in_books,
    in_mogul,
    rules,
)

ACME: dict[str, Any] = {"customer_name": "ACME  Ltd"}


def compared(left: list[Document], right: list[Document], **more: Any) -> Compared:
    return judge_documents(DocumentBooks(billing=right, accounting=left, **more), rules(), cut())


def steps(found: Compared) -> list[tuple[str, int]]:
    return [(each.subject, each.match) for each in found.findings]


@pytest.mark.parametrize(
    ("more", "step"),
    [
        ({"number": "inv-00001"}, 2),
        ({"number": "INV - 00001"}, 2),
        ({"number": "INV-1"}, 3),
        ({"number": "1"}, 3),
        ({"number": "1044", "references": ["Invoice INV-00001, thank you"]}, 3),
        ({"number": "1044", "references": ["inv-1."]}, 3),
        ({"number": "1044", "references": ["Stripe in_1"]}, 4),
        ({"number": "1044", "references": ["paid by ch_1"]}, 4),
        ({"number": "1044", **ACME}, 5),
        ({"number": "1044"}, 0),
    ],
)
def test_each_step_links(more: dict[str, Any], step: int) -> None:
    books = [in_books(1, 8_900, **more)]
    payment = cash("billing", "ch_1", 8_900, documents=["in_1"])
    found = compared(books, [in_billing(1, 8_900, customer_name="acme ltd")], cash=[payment])
    assert max(each.match for each in found.findings) == step
    assert len(found.findings) == (1 if step else 2)
    assert len(found.proposals) == (1 if step == 5 else 0)


def test_currency_and_type_have_to_agree() -> None:
    right = [in_billing(1, 8_900), in_billing(2, 500)]
    left = [in_books(1, 8_900, currency="USD"), in_books(2, 500, kind=DocumentKind.CREDIT_NOTE)]
    assert {each.match for each in compared(left, right).findings} == {0}


def test_a_short_number_in_a_memo_needs_the_amount_as_well() -> None:
    """2026 is a year as well."""
    right = in_billing(1, 8_900, number="2026")
    linked = compared([in_books(7, 8_900, number="", references=["2026"])], [right])
    assert [each.match for each in linked.findings] == [3]
    other = compared([in_books(7, 9_900, number="", references=["2026"])], [right])
    assert [each.match for each in other.findings] == [0, 0]


def test_one_of_the_books_for_several_of_billing_is_compared_as_a_group() -> None:
    left = in_books(1, 30_000, number="1044", references=["INV-1 INV-2", "INV-3"])
    found = compared([left], [in_billing(each, 10_000) for each in (1, 2, 3)])
    (row,) = found.findings
    assert (row.left.minor, row.right.minor, row.match) == (30_000, 30_000, 3)
    assert row.right.said == "3 documents"


def test_many_to_many_goes_to_a_person() -> None:
    left = [in_books(each, 100 * each, number="", references=["INV-1", "INV-2"]) for each in (1, 2)]
    found = compared(left, [in_billing(1, 300), in_billing(2, 50)])
    assert [each.match for each in found.findings] == [0] * 4
    assert all("a person has to link them" in each.notes[0] for each in found.findings)
    assert len(found.proposals) == 4
    assert not any(each.causes for each in found.findings)


def test_one_number_at_two_sites_is_told_apart_by_amount_and_day() -> None:
    right = [in_billing(1, 300), in_billing(1, 500, site="other", id="in_9")]
    left = [in_books(1, 300), in_books(2, 500, number="INV-00001")]
    found = compared(left, right)
    assert [(each.source, each.difference) for each in found.findings] == [
        ("stripe/default", 0),
        ("stripe/other", 0),
    ]


def test_amount_alone_never_links() -> None:
    left = in_books(1, 8_900, number="", customer_name="Beta")
    found = compared([left], [in_billing(1, 8_900, **ACME)])
    assert [each.match for each in found.findings] == [0, 0]
    assert found.proposals == []


def test_two_that_may_be_it_are_proposed_and_not_missing() -> None:
    left = [in_books(each, 8_900, number="", **ACME) for each in (1, 2)]
    found = compared(left, [in_billing(1, 8_900, **ACME)])
    alone = next(each for each in found.findings if each.right.minor is not None)
    assert (alone.match, alone.unexplained) == (0, -8_900)
    assert Cause.MISSING_DOCUMENT in {each.cause for each in alone.ruled_out}
    assert {(each.step, each.right) for each in found.proposals} == {(5, "stripe/default/in_1")}


def test_days_apart_are_too_many() -> None:
    left = in_books(1, 8_900, number="", dated=date(2026, 10, 14), **ACME)
    assert {it.match for it in compared([left], [in_billing(1, 8_900, **ACME)]).findings} == {0}


def test_within_bank_charges_is_proposed_only() -> None:
    left = in_books(1, 8_900 - 50, number="", **ACME)
    found = compared([left], [in_billing(1, 8_900, **ACME)])
    assert [each.match for each in found.findings] == [0, 0]
    assert [(each.step, each.left) for each in found.proposals] == [(6, "quickbooks/default/1")]


def test_what_a_person_confirmed_is_a_link() -> None:
    left, right = in_books(1, 8_850, number="", **ACME), in_billing(1, 8_900, **ACME)
    (asked,) = compared([left], [right]).proposals
    found = compared([left], [right], confirmed=[asked])
    (row,) = found.findings
    assert (row.match, row.difference, row.unexplained, row.notes) == (6, -50, -50, [])
    assert found.proposals == []


def test_a_confirmed_link_of_two_currencies_is_refused_and_said() -> None:
    yes = LinkProposal(
        comparison="documents", left="quickbooks/default/1", right="stripe/default/in_1", step=6, why=""
    )
    left = in_books(1, 8_900, number="", currency="USD")
    found = compared([left], [in_billing(1, 8_900)], confirmed=[yes])
    assert len(found.findings) == 2
    assert "differ in currency or type" in found.warnings[0]


def test_linked_documents_teach_whose_customer_is_whose() -> None:
    """The customer's id in the books is known from a document that has its number."""
    right = [in_billing(1, 100, customer_id="cus_a"), in_billing(2, 777, customer_id="cus_a")]
    left = [in_books(1, 100, customer_id="12"), in_books(2, 777, number="", customer_id="12")]
    assert steps(compared(left, right)) == [("INV-00001", 2), ("INV-00002", 5)]


def test_a_credit_is_found_by_the_invoice_that_it_belongs_to() -> None:
    note: dict[str, Any] = {"kind": DocumentKind.CREDIT_NOTE}
    right = [in_billing(1, 9_000), in_billing(2, 500, number="CN-9", links=["in_1"], **note)]
    left = [in_books(1, 9_000), in_books(2, 500, number="1044", references=["for INV-1"], **note)]
    assert steps(compared(left, right)) == [("CN-9", 4), ("INV-00001", 2)]


def test_the_order_of_what_is_given_changes_nothing() -> None:
    left = [in_books(each, 100 * each, **ACME) for each in range(1, 20)] + [in_books(99, 5, number="")]
    right = [in_billing(each, 100 * each + each % 3, **ACME) for each in range(2, 25)]
    one, other = compared(left, right), compared(left[::-1], right[::-1])
    assert one == other
    assert len({each.id for each in one.findings}) == len(one.findings)


def test_an_id_stays_the_same_and_names_nobody() -> None:
    before = compared([], [in_billing(1, 100, **ACME)]).findings[0]
    after = compared([in_books(1, 90)], [in_billing(1, 100, customer_name="Other")]).findings[0]
    assert before.id == after.id


def test_invoices_of_another_data_source_are_left_alone() -> None:
    mogul = [in_mogul(1, 100), in_mogul(2, 70, references=["ds_of_something_else"])]
    books = DocumentBooks(billing=[in_billing(1, 100)], accounting=[in_books(1, 100)], chartmogul=mogul)
    found = judge_documents(books, rules(), cut())
    assert [each.third and each.third.minor for each in found.findings] == [100]
    assert found.warnings == ["1 invoices of ChartMogul are of data sources that are not compared"]


def test_one_id_at_two_sites_belongs_to_the_site_that_feeds_the_source() -> None:
    other = BillingSource(system="stripe", site="other", data_source="ds_2")
    mogul = [in_mogul(1, 100), in_mogul(1, 70, id="inv_2", references=["ds_2"])]
    right = [in_billing(1, 100), in_billing(1, 70, site="other")]
    found = judge_documents(
        DocumentBooks(billing=right, chartmogul=mogul), ReconciliationRules(sources=[SOURCE, other]), cut()
    )
    assert [(it.source, it.left.minor, it.right.minor) for it in found.findings] == [
        ("ds_1", 100, 100),
        ("ds_2", 70, 70),
    ]


def test_what_changed_while_it_was_read_is_marked() -> None:
    given = DocumentBooks(
        billing=[in_billing(1, 100)],
        accounting=[in_books(1, 90, changed_at=at(2, month=11))],
        drifted=frozenset({"stripe/default/in_1"}),
    )
    (row,) = judge_documents(given, rules(), cut()).findings
    assert [each.split(":")[0] for each in row.notes] == [
        "it changed while it was read",
        "it was changed after the month's end",
    ]


def test_numbers() -> None:
    numbers = Numbers(["INV-", "CN-"])
    assert [numbers.plain(each) for each in ("INV-00012", " inv- 12", "0012", "000", "CN-INV-1")] == [
        "12",
        "12",
        "12",
        "000",
        "inv-1",
    ]
    assert list(numbers.named("INV-7 of 2026")) == [
        Named("7of2026", True),
        Named("7", True),
        Named("2026", False),
    ]
