"""The query language: what is read, and what is refused."""

import pytest

from simulators.salesforce.soql import Condition, Malformed, parse, unescape


def test_all_parts_are_read() -> None:
    query = parse(
        "select Id, Owner.Name from Account where Name = 'a' and CM_MRR__c != null "
        "and Owner.IsActive = true and Id in ('x', 'y') order by Name desc limit 5"
    )
    assert query.fields == ("Id", "Owner.Name")
    assert query.conditions == (
        Condition("Name", False, ("a",)),
        Condition("CM_MRR__c", True, (None,)),
        Condition("Owner.IsActive", False, (True,)),
        Condition("Id", False, ("x", "y")),
    )
    assert (query.order_by, query.descending, query.limit) == ("Name", True, 5)


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r"O\'Brien", "O'Brien"),
        (r"a\\b", r"a\b"),
        (r"\\\'", r"\'"),
        (r"\u00fc\n", "ü\n"),
        ("<&>", "<&>"),
    ],
)
def test_escapes_are_undone(literal: str, text: str) -> None:
    assert unescape(literal) == text
    assert parse(f"SELECT Id FROM Account WHERE Name = '{literal}'").conditions[0].values == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT FROM Account",
        "SELECT Id Account",
        "SELECT Id FROM Account WHERE Name = 'O'Brien'",
        "SELECT Id FROM Account WHERE Name = 'open",
        r"SELECT Id FROM Account WHERE Name = 'a\x'",
        "SELECT Id FROM Account WHERE Name = a",
        "SELECT Id FROM Account LIMIT many",
        "SELECT Id FROM Account; DELETE",
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)
