"""Which record is the customer's: one, several, or none, and why."""

from decimal import Decimal
from typing import Any

import pytest

from domains.crm.match import (
    Ambiguous,
    Candidate,
    Census,
    Found,
    Matched,
    NotFound,
    candidate,
    match,
    value_for,
)
from models.crm import Way
from models.crm_facts import CustomerFacts

WAYS: list[Way] = ["key", "contact", "email", "domain"]


def facts(uuid: str = "cus_1", **changes: Any) -> CustomerFacts:
    given = {"email": "a@acme.example", "domain": "acme.example", **changes}
    return CustomerFacts(uuid=uuid, mrr=Decimal(0), arr=Decimal(0), currency="USD", **given)


def record(id: str, key: str | None = None) -> Candidate:
    return Candidate(id, key)


def census_of(*customers: CustomerFacts) -> Census:
    census = Census()
    for each in customers:
        census.add(each)
    return census


def test_our_key_comes_first() -> None:
    mine, other = record("1", "cus_1"), record("2")
    found = match(facts(), {"key": {"cus_1": [mine]}, "email": {"a@acme.example": [other]}}, WAYS)
    assert found == Matched(mine, "key")


@pytest.mark.parametrize(
    ("way", "value"), [("email", "a@acme.example"), ("contact", "a@acme.example"), ("domain", "acme.example")]
)
def test_else_another_way_finds(way: Way, value: str) -> None:
    assert match(facts(), {way: {value: [record("1")]}}, WAYS) == Matched(record("1"), way)


def test_ways_that_the_mapping_leaves_out_do_not_count() -> None:
    found = match(facts(), {"domain": {"acme.example": [record("1")]}}, ["key", "email"])
    assert found == NotFound("no record found by key, email")


def test_several_are_none() -> None:
    twins = [record("1"), record("2"), record("1")]
    found = match(facts(), {"email": {"a@acme.example": twins}, "domain": {"acme.example": twins[:1]}}, WAYS)
    assert found == Ambiguous("2 records have this customer's e-mail", ("1", "2"))


def test_the_same_record_found_twice_is_one() -> None:
    found = match(facts(), {"contact": {"a@acme.example": [record("1"), record("1")]}}, WAYS)
    assert found == Matched(record("1"), "contact")


def test_a_record_of_another_customer_is_not_taken() -> None:
    found: Found = {"email": {"a@acme.example": [record("1", "cus_2")]}}
    reason = "the record found by email carries another customer's id"
    assert match(facts(), found, ["email"]) == Ambiguous(reason, ("1",))
    everybody = census_of(facts(), facts("cus_2", email=None, domain=None))
    assert match(facts(), found, ["email"], everybody) == Ambiguous(reason, ("1",))


def test_a_record_of_a_customer_who_is_no_more_is_taken_over() -> None:
    merged = record("1", "cus_merged")
    found = match(facts(), {"email": {"a@acme.example": [merged]}}, ["key", "email"], census_of(facts()))
    assert found == Matched(merged, "email")


@pytest.mark.parametrize(
    ("way", "value", "what"),
    [
        ("email", "a@acme.example", "e-mail"),
        ("contact", "a@acme.example", "e-mail"),
        ("domain", "acme.example", "domain"),
    ],
)
def test_what_several_customers_share_names_none_of_them(way: Way, value: str, what: str) -> None:
    census = census_of(facts(), facts("cus_2"))
    found = match(facts(), {way: {value: [record("1")]}}, WAYS, census)
    assert found == Ambiguous(f"2 customers have the same {what}", ("1",))
    keyed = match(facts(), {way: {value: [record("1", "cus_1")]}}, WAYS, census)
    assert keyed == Matched(record("1", "cus_1"), way)


def test_who_has_nothing_to_look_up_by_is_told() -> None:
    alone = facts(email=None, domain=None)
    assert match(alone, {"email": {"": [record("1")]}}, ["email", "domain"]) == NotFound(
        "no record found by any way; the customer has nothing to look up by email, domain"
    )
    assert [value_for(alone, way) for way in WAYS] == ["cus_1", None, None, None]


def test_a_plain_record_becomes_a_candidate() -> None:
    row = {"Id": "001", "CM__c": " cus_1 ", "Name": "Acme"}
    assert candidate(row, "Id", "CM__c") == Candidate("001", "cus_1", row)
    assert candidate({"id": 7, "cm": ""}, "id", "cm").key is None
    assert candidate({"id": 7}, "id", None) == Candidate("7", None, {"id": 7})
