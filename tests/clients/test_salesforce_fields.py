"""What an admin must do, in words to act on."""

from typing import Any
from xml.etree import ElementTree

import pytest

from clients.salesforce.fields import refused_values, to_do_in_salesforce
from clients.salesforce.package import NAMESPACE, package
from models.crm import CompanyMapping, CrmMapping

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


def test_fields_of_custom_attributes_are_made_as_what_they_hold() -> None:
    fields: dict[str, Any] = {
        "custom.tier": "Tier__c",
        "custom.seats": {"to": "Seats__c", "format": "number"},
        "custom.is partner & more": {"to": "Partner__c", "format": "boolean"},
    }
    mapping = CompanyMapping.model_validate({"key": None, "match": ["domain"], "fields": fields})
    assert to_do_in_salesforce("Account", mapping, {"fields": []}) == [
        "Account.Tier__c: make it, Text(255)",
        "Account.Seats__c: make it, Number(16, 2)",
        "Account.Partner__c: make it, Checkbox",
    ]
    account = package(CrmMapping.model_validate({"salesforce": {"Account": mapping}}))[
        "objects/Account.object"
    ]
    made = {
        field.findtext(f"{{{NAMESPACE}}}fullName"): (
            field.findtext(f"{{{NAMESPACE}}}label"),
            field.findtext(f"{{{NAMESPACE}}}type"),
        )
        for field in ElementTree.fromstring(account)
    }
    assert made == {
        "Tier__c": ("ChartMogul tier", "Text"),
        "Seats__c": ("ChartMogul seats", "Number"),
        "Partner__c": ("ChartMogul is partner & more", "Checkbox"),
    }


@pytest.mark.parametrize(
    ("stage", "refused"),
    [
        ({"restrictedPicklist": True}, ["StageName"]),
        ({"restrictedPicklist": False}, []),
        ({"restrictedPicklist": True, "type": "string"}, []),
    ],
)
def test_a_picklist_that_is_not_restricted_takes_anything(stage: dict[str, Any], refused: list[str]) -> None:
    values = [{"value": "Won", "active": True}, {"value": "Wan", "active": False}]
    field = {"name": "StageName", "type": "picklist", "picklistValues": values} | stage
    found = list(refused_values({"fields": [field]}, {"StageName": "Wan"}))
    assert [name for name, _, _ in found] == refused
    assert list(refused_values({"fields": [field]}, {"StageName": "won"})) == []
