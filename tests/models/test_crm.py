"""The CRM mapping: what it takes, and how it says what is wrong."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from configuration.files import BadConfig, load
from local.stack import EXAMPLE_CONFIG
from models.crm import MOST_CUSTOM, CompanyMapping, ContactMapping, CrmMapping, FreeMail, MoneyRules
from models.crm_facts import FACTS, CustomerFacts
from models.free_mail import is_free_mail
from tests.conftest import ROOT

GOOD = """\
hubspot:
  contacts:
    key: cm_uuid
    match: [key, email]
    fields:
      mrr: cm_mrr
      status: {to: cm_status, values: {Past Due: past_due}}
      subscriber_since: {to: cm_since, format: date}
salesforce:
  Account:
    key: CM__c
    create: never
    fields:
      mrr: CM_MRR__c
money:
  minor_unit_digits: {default: 2, JPY: 0}
  exchange_rates: {EUR: 1.08}
free_mail:
  also: [firma.example, "@Other.example"]
"""


def read(folder: Path, text: str = GOOD) -> CrmMapping:
    file = folder / "crm.yaml"
    file.write_text(text)
    return load(file, CrmMapping, "Copy config/crm.yaml.")


def test_each_object_goes_by_its_systems_name(tmp_path: Path) -> None:
    mapping = read(tmp_path)
    assert list(mapping.objects("hubspot")) == ["contacts"]
    assert list(mapping.objects("salesforce")) == ["Account"]
    contacts, account = mapping.objects("hubspot")["contacts"], mapping.objects("salesforce")["Account"]
    assert isinstance(contacts, ContactMapping)
    assert isinstance(account, CompanyMapping)
    assert contacts.fields["mrr"].to == "cm_mrr"
    assert contacts.fields["status"].values == {"Past Due": "past_due"}
    assert contacts.field_names == ["cm_uuid", "cm_mrr", "cm_status", "cm_since"]
    assert account.match == ["key", "contact", "domain"]


def test_a_system_that_is_left_out_has_no_objects() -> None:
    assert CrmMapping().objects("hubspot") == {}


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("mrr: cm_mrr", "mmr: cm_mrr", 6, "mmr is no fact of ours: did you mean mrr?"),
        ("mrr: cm_mrr", "zebra: cm_mrr", 6, "zebra is no fact of ours"),
        ("mrr: cm_mrr", "zebra: cm_mrr", 6, "tags; and custom.NAME for ChartMogul's custom attribute NAME"),
        ("mrr: cm_mrr", "Custom_tier: x", 6, "is no fact of ours: did you mean custom.tier?"),
        (
            "mrr: cm_mrr",
            "custom.: x",
            6,
            "custom.: behind custom. goes the name of a custom attribute, of 1 to 200 letters",
        ),
        ("mrr: cm_mrr", f"custom.{'x' * 201}: y", 6, "of 1 to 200 letters"),
        ("mrr: cm_mrr", "custom.tier: cm_status", 2, "two facts go to cm_status"),
        ("mrr: cm_mrr", "mrr: cm-mrr", 6, "cm-mrr cannot be used; it takes a letter"),
        ("mrr: cm_mrr", "mrr: {to: cm_mrr, onwer: crm}", 6, "is not known: did you mean owner?"),
        (
            "mrr: cm_mrr",
            "mrr: {to: cm_mrr, owner: sales}",
            6,
            "sales is not known; expects one of mogulflow, crm",
        ),
        ("mrr: cm_mrr", "mrr: {to: cm_mrr, format: date}", 2, "mrr can be number or text, and not date"),
        ("mrr: cm_mrr", "mrr: cm_status", 2, "two facts go to cm_status"),
        ("mrr: cm_mrr", "mrr: cm_uuid", 2, "two facts go to cm_uuid"),
        (
            "    match: [key, email]",
            "    match: [domain]",
            4,
            "domain is not known; expects one of key, email",
        ),
        ("    match: [key, email]", "    macth: [key, email]", 4, "is not known: did you mean match?"),
        ("    key: cm_uuid", "    key: null", 2, "match names key, and key is null"),
        ("    key: cm_uuid\n", "", 2, "`key` is missing"),
        ("create: never", "create: if_not_found", 10, "create_with"),
        ("  contacts:", "  contcats:", 2, "is not known: did you mean contacts?"),
        ("  Account:", "  Acount:", 10, "is not known: did you mean Account?"),
        ("hubspot:", "hubpsot:", 1, "is not known: did you mean hubspot?"),
        ("{EUR: 1.08}", "{euro: 1.08}", 17, "euro cannot be used; it takes three capital letters"),
        ("{EUR: 1.08}", "{EUR: 0}", 17, "must be more than 0"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    assert old in GOOD
    with pytest.raises(BadConfig) as refused:
        read(tmp_path, GOOD.replace(old, new, 1))
    first = str(refused.value).splitlines()[0]
    assert first.startswith(f"{tmp_path}/crm.yaml:{line}: ")
    assert reason in first


def test_every_fault_has_its_line(tmp_path: Path) -> None:
    bad = GOOD.replace("mrr: cm_mrr", "mmr: cm_mrr").replace("mrr: CM_MRR__c", "mrr: 5")
    with pytest.raises(BadConfig) as refused:
        read(tmp_path, bad)
    assert [text.split(":")[1] for text in str(refused.value).splitlines()] == ["6", "14"]


def test_the_file_that_we_come_with_is_good() -> None:
    mapping = load(EXAMPLE_CONFIG / "crm.yaml", CrmMapping, "")
    assert {name for system in ("hubspot", "salesforce") for name in mapping.objects(system)} == {
        "contacts",
        "companies",
        "Account",
        "Contact",
    }
    assert fits_the_schema(EXAMPLE_CONFIG / "crm.yaml")


def test_the_schema_refuses_what_the_file_may_not_hold(tmp_path: Path) -> None:
    file = tmp_path / "crm.yaml"
    file.write_text(GOOD)
    assert fits_the_schema(file)
    for bad in (GOOD.replace("mrr: cm_mrr", "mmr: cm_mrr"), GOOD.replace("key: cm_uuid", "kee: cm_uuid")):
        file.write_text(bad)
        assert not fits_the_schema(file)


def fits_the_schema(file: Path) -> bool:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command: list[str | Path] = [checker, "--schemafile", ROOT / "config/crm.schema.json", file]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


CUSTOM = """\
      custom.tier: cm_tier
      custom.Kündigungsgrund (frei): {to: cm_reason, max_length: 80, when_empty: keep}
      custom.seats: {to: cm_seats, format: number}
"""


def test_any_custom_attribute_is_a_fact_as_text_or_what_the_mapping_says(tmp_path: Path) -> None:
    text = GOOD.replace("      mrr: cm_mrr\n", f"      mrr: cm_mrr\n{CUSTOM}")
    mapping = read(tmp_path, text)
    assert mapping.custom_attributes == {"tier", "Kündigungsgrund (frei)", "seats"}
    formats = mapping.objects("hubspot")["contacts"].formats
    assert (formats["custom.tier"], formats["custom.seats"]) == ("text", "number")
    assert fits_the_schema(tmp_path / "crm.yaml")
    (tmp_path / "crm.yaml").write_text(text.replace("custom.tier", "custom."))
    assert not fits_the_schema(tmp_path / "crm.yaml")
    assert CrmMapping.model_validate_json(mapping.model_dump_json(by_alias=True)) == mapping


@pytest.mark.parametrize(("names", "is_taken"), [(MOST_CUSTOM, True), (MOST_CUSTOM + 1, False)])
def test_custom_attributes_of_a_file_are_bounded_and_one_in_several_objects_counts_once(
    tmp_path: Path, names: int, is_taken: bool
) -> None:
    lines = "".join(f"      custom.a{number}: f{number}\n" for number in range(names))
    text = GOOD.replace("      mrr: cm_mrr\n", lines).replace("      mrr: CM_MRR__c\n", lines)
    if is_taken:
        assert len(read(tmp_path, text).custom_attributes) == names
        return
    with pytest.raises(BadConfig, match="51 custom attributes are mapped, and 50 is the most"):
        read(tmp_path, text)


def test_facts_of_a_mapping_are_those_of_a_customer() -> None:
    assert set(FACTS) == set(CustomerFacts.model_fields) - {"custom", "unknown"}


@pytest.mark.parametrize(
    ("cents", "currency", "amount"),
    [
        (4999, "USD", "49.99"),
        (52338750, "JPY", "523388"),  # hundredths of a currency without any: to the nearest
        (-100, "EUR", "-1.00"),
        (1, "KWD", "0.010"),
    ],
)
def test_amounts_have_the_decimal_places_of_their_currency(cents: int, currency: str, amount: str) -> None:
    assert str(MoneyRules().amount(cents, currency)) == amount


def test_minor_units_can_be_said_by_currency() -> None:
    rules = MoneyRules(minor_unit_digits={"default": 2, "JPY": 0})
    assert rules.amount(523387, "JPY") == Decimal(523387)
    assert rules.amount(5233, "USD") == Decimal("52.33")


@pytest.mark.parametrize(
    ("domain", "free"),
    [
        ("gmail.com", True),
        ("Yahoo.co.jp", True),
        ("gmx.at", True),
        ("web.de", True),
        ("yahoo-labs.com", False),
        ("acme.com", False),
        ("live.co.uk", True),
        ("live.quillandco.example", False),
        ("mail.acme.com", False),
        ("aol.github.io", False),
    ],
)
def test_free_mail_is_known(domain: str, free: bool) -> None:
    assert is_free_mail(domain) == free


def test_free_mail_can_be_added_and_taken_away(tmp_path: Path) -> None:
    added = read(tmp_path).free_mail
    assert added.holds("firma.example")
    assert added.holds("other.example")
    assert not FreeMail(allow=["gmx.de"]).holds("gmx.de")
    assert FreeMail(allow=["gmx.de"]).holds("gmx.net")
