"""The metadata in deploy/salesforce is what the code makes of a mapping, and makes the fields we need."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from clients.salesforce.package import NAMESPACE, package
from configuration.files import load_crm_mapping
from local.stack import EXAMPLE_CONFIG
from models.crm import CrmMapping
from simulators.salesforce.schema import fresh_schema

FOLDER = Path("deploy/salesforce")
IN = {"m": NAMESPACE}
UNNAMED = {"CM_LTV__c", "CSM__c"}
"""Fields of the simulated org that our mapping does not name."""


def shipped(path: str) -> ElementTree.Element:
    return ElementTree.parse(FOLDER / path).getroot()


def fields_of(path: str) -> dict[str, ElementTree.Element]:
    return {each.findtext("m:fullName", "", IN): each for each in shipped(path).findall("m:fields", IN)}


@pytest.mark.parametrize("name", ["Account", "Contact"])
def test_every_field_of_the_org_that_the_default_mapping_works_with_is_shipped(name: str) -> None:
    there = {field for field in fresh_schema()[name] if field.endswith("__c")} - UNNAMED
    assert set(fields_of(f"objects/{name}.object")) == there


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("objects/Activity.object", "Mogulflow_Key__c"),
        ("objects/Opportunity.object", "Mogulflow_Key__c"),
        ("objects/Account.object", "CM_Customer_UUID__c"),
        ("objects/Contact.object", "CM_Customer_UUID__c"),
    ],
)
def test_keys_are_unique_external_ids(path: str, key: str) -> None:
    field = fields_of(path)[key]
    for flag in ("externalId", "unique", "caseSensitive"):
        assert field.findtext(f"m:{flag}", "", IN) == "true"


def test_every_field_is_in_the_manifest_and_in_the_permission_set() -> None:
    members = {each.text for each in shipped("package.xml").findall("m:types/m:members", IN)}
    granted = {
        each.text
        for each in shipped("permissionsets/Mogulflow.permissionset").findall(
            "m:fieldPermissions/m:field", IN
        )
    }
    fields = {
        f"{name}.{each}" for name in ("Account", "Contact") for each in fields_of(f"objects/{name}.object")
    }
    keys = {f"{name}.Mogulflow_Key__c" for name in ("Activity", "Opportunity")}
    assert members == fields | keys | {"Mogulflow"}
    assert granted == fields | {"Task.Mogulflow_Key__c", "Opportunity.Mogulflow_Key__c"}


def test_what_is_shipped_is_what_the_code_makes_of_the_mapping_as_it_ships() -> None:
    made = package(load_crm_mapping(EXAMPLE_CONFIG / "crm.yaml"))
    assert {path: (FOLDER / path).read_text(encoding="utf-8") for path in made} == made


def test_package_has_the_kind_of_field_that_each_fact_needs() -> None:
    mapping = {
        "salesforce": {
            "Account": {"key": "K__c", "fields": {"mrr": "M__c", "churned_on": "C__c", "name": "Name"}}
        }
    }
    made = package(CrmMapping.model_validate(mapping))["objects/Account.object"]
    root = ElementTree.fromstring(made)
    kinds = {
        e.findtext("m:fullName", "", IN): e.findtext("m:type", "", IN) for e in root.findall("m:fields", IN)
    }
    assert kinds == {"K__c": "Text", "M__c": "Currency", "C__c": "Date"}
