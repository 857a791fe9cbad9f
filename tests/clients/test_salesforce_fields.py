"""What an admin must do, in words to act on."""

from typing import Any

import pytest

from clients.salesforce_fields import to_do_in_salesforce
from models.crm import CompanyMapping

GOOD: dict[str, dict[str, Any]] = {
    "CM_UUID__c": {"type": "string", "externalId": True, "unique": True, "updateable": True},
    "CM_MRR__c": {"type": "currency", "updateable": True},
    "CM_Status__c": {"type": "picklist", "updateable": True, "restrictedPicklist": False},
    "CM_Since__c": {"type": "date", "updateable": True},
}
MAPPING = CompanyMapping.model_validate(
    {
        "key": "CM_UUID__c",
        "fields": {
            "mrr": "CM_MRR__c",
            "status": {"to": "CM_Status__c", "values": {"Past Due": "Late"}},
            "subscriber_since": "CM_Since__c",
        },
    }
)
CLOSED = {"restrictedPicklist": True, "picklistValues": [{"value": "Active", "active": True}]}


def to_do(**changes: dict[str, Any] | None) -> list[str]:
    fields = {name: field | (changes.get(name) or {}) for name, field in GOOD.items()}
    described = [
        {"name": name, **field} for name, field in fields.items() if name not in changes or changes[name]
    ]
    return to_do_in_salesforce("Account", MAPPING, {"fields": described})


def test_an_org_that_is_ready_needs_nothing() -> None:
    assert to_do() == []


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("CM_UUID__c", None, "make it, Text(64), External ID, Unique, case-sensitive"),
        ("CM_UUID__c", {"unique": False}, "tick External ID and Unique"),
        ("CM_UUID__c", {"updateable": False}, "let the integration user edit it"),
        ("CM_MRR__c", None, "make it, Currency(16, 2)"),
        ("CM_MRR__c", {"type": "string"}, "is of type string, and number is to go there"),
        ("CM_MRR__c", {"updateable": False}, "let the integration user edit it"),
        ("CM_Since__c", None, "make it, Date"),
        ("CM_Since__c", {"type": "datetime"}, "is of type datetime, and date is to go there"),
        ("CM_Status__c", CLOSED, "has no value Late; add it, or correct `values`"),
    ],
)
def test_each_gap_is_named(name: str, change: dict[str, Any] | None, told: str) -> None:
    [sentence] = to_do(**{name: change})
    assert sentence.startswith(f"Account.{name}: {told}")


def test_a_name_that_is_nearly_there_is_said() -> None:
    described = [{"name": "CM_MRR_c__c", **GOOD["CM_MRR__c"]}]
    mapping = CompanyMapping.model_validate(
        {"key": None, "match": ["domain"], "fields": {"mrr": "CM_MRR__c"}}
    )
    assert to_do_in_salesforce("Account", mapping, {"fields": described}) == [
        "Account.CM_MRR__c: make it, Currency(16, 2): did you mean CM_MRR_c__c?"
    ]
