"""Which subscription is which: by ids and terms, and never by an amount."""

from typing import Any

from domains.reconciliation.matching import (
    ALONE,
    BY_CUSTOMER,
    BY_EMAIL,
    BY_ID,
    BY_MERGE,
    BY_SET,
    Matched,
    People,
    match,
)
from models.reconciliation.books import SourceSettings
from models.reconciliation.causes import Cause
from models.reconciliation.findings import LinkProposal
from tests.reconciliation.records import Month, billing, closes, counted, customer, item, line, named


def matched(month: Month) -> Matched:
    books = month.books()
    return match(books, month.configured().sources, People(books.customers))


def steps(month: Month) -> list[tuple[int, list[str]]]:
    return sorted((row.step, row.ids) for row in matched(month).rows)


def test_the_id_is_enough() -> None:
    assert steps(Month([billing(item(1))], [counted(1)])) == [(BY_ID, ["sub_1"])]


def test_two_subscriptions_of_billing_are_one_that_was_connected() -> None:
    subs = [billing(item(3000)), billing(item(2000, plan="more"), id="sub_2")]
    lines = [
        line(3000, set_external_id="set"),
        line(2000, line="li_2", plan="more", subscription_external_id="sub_2", set_external_id="set"),
    ]
    month = Month(subs, [counted(5000, set_external_id="set")], lines)
    assert steps(month) == [(BY_SET, ["sub_1", "sub_2"])]
    assert month.judged().findings == []


def test_a_set_is_compared_as_a_group() -> None:
    month = Month(
        [billing(item(3000), id="a"), billing(item(2500), id="b")],
        [counted(5000, subscription_external_id="s", set_external_id="s")],
        [
            line(3000, subscription_external_id="a", set_external_id="s"),
            line(2000, line="li_2", subscription_external_id="b", set_external_id="s"),
        ],
    )
    judgement = month.judged()
    assert [each.difference for each in judgement.findings] == [-500]
    assert closes(judgement)


def test_several_on_both_sides_go_to_a_person() -> None:
    found = matched(
        Month(
            [billing(item(1), id="a"), billing(item(1), id="b")],
            [
                counted(1, subscription_external_id="x", set_external_id="s"),
                counted(1, subscription_external_id="y", set_external_id="s"),
            ],
            [line(1, subscription_external_id=id, set_external_id="s") for id in ("a", "b")],
            customers=[],
        )
    )
    assert {row.step for row in found.rows} == {ALONE}
    assert len(found.proposals) == 4


def test_customer_and_plan_link_once_and_are_to_be_confirmed() -> None:
    month = Month([billing(item(5000), id="new")], [counted(4000)], [])
    found = matched(month)
    assert [(row.step, row.confirmed) for row in found.rows] == [(BY_CUSTOMER, False)]
    assert [each.step for each in found.proposals] == [BY_CUSTOMER]
    month.more = {"confirmed": found.proposals}
    again = matched(month)
    assert ([row.confirmed for row in again.rows], again.proposals) == ([True], [])


def test_another_plan_and_two_of_a_plan_are_no_link() -> None:
    assert steps(Month([billing(item(1, plan="pro"), id="n")], [counted(1)])) == [
        (ALONE, ["n"]),
        (ALONE, ["sub_1"]),
    ]
    two = Month([billing(item(1), id="n"), billing(item(1), id="m")], [counted(1)])
    assert {step for step, _ in steps(two)} == {ALONE}


def test_an_amount_links_nothing() -> None:
    month = Month([billing(item(4711), id="n", customer_id="x")], [counted(4711)], customers=[])
    assert {step for step, _ in steps(month)} == {ALONE}


def test_merged_customers() -> None:
    people = [
        customer(external_ids=["cust_1"], merged_from=["cus_0"]),
        customer(uuid="cus_0", external_ids=["b"]),
    ]
    month = Month([billing(item(1), id="n", customer_id="b")], [counted(1)], customers=people)
    assert steps(month) == [(BY_MERGE, ["n", "sub_1"])]


def test_an_e_mail_only_proposes_and_is_not_told() -> None:
    people = [customer(external_ids=[], email="Ada@example.com")]
    found = matched(
        Month([billing(item(1), id="n", email="ada@example.com")], [counted(1)], customers=people)
    )
    assert {row.step for row in found.rows} == {ALONE}
    assert [each.step for each in found.proposals] == [BY_EMAIL]
    assert "example" not in found.proposals[0].model_dump_json()


def test_a_second_source_that_is_another_sites_is_no_duplicate() -> None:
    other: dict[str, Any] = {"source": "ds_2", "customer": "cus_2"}
    month = Month(
        [billing(item(9900))],
        [counted(9900), counted(9900, **other)],
        customers=[customer(), customer(uuid="cus_2", external_ids=["somebody"])],
        sources=[SourceSettings(uuid="ds_2", name="Other", system="stripe")],
    )
    judgement = month.judged()
    assert named(judgement) == []
    assert judgement.warnings == ["1 subscriptions of data source ds_2 are not compared"]


def test_what_a_named_duplicate_counts_alone_is_shown() -> None:
    month = Month([], [counted(9900, source="ds_2")], source={"also": ["ds_2"]})
    judgement = month.judged()
    assert [(each.difference, each.match) for each in judgement.findings] == [(9900, ALONE)]
    assert Cause.DUPLICATE_SOURCE not in {cause for cause, _ in named(judgement)}


def test_subscriptions_of_a_site_without_a_source_are_told() -> None:
    found = matched(Month([billing(item(1), site="other")]))
    assert found.warnings == ["1 subscriptions of stripe/other belong to no source"]
    assert found.rows == []


def test_a_link_that_was_confirmed_goes_before_the_plan() -> None:
    link = LinkProposal(
        comparison="mrr", left="ds_1/sub_1", right="stripe/default/b", step=BY_EMAIL, why="confirmed"
    )
    month = Month(
        [billing(item(1, plan="pro"), id="b", customer_id="x")], [counted(1)], more={"confirmed": [link]}
    )
    assert steps(month) == [(BY_CUSTOMER, ["b", "sub_1"])]
