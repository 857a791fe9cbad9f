"""Only what differs is written, however either side writes it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domains.crm.diff import Change, as_text, difference, value_of, values_of_new
from models.crm import ContactMapping, FieldMapping, ObjectMapping
from models.crm_facts import CustomerFacts

FACTS = CustomerFacts(
    uuid="cus_1",
    name="Nora Lind",
    email="nora@fjord.example",
    status="Past Due",
    mrr=Decimal("49.00"),
    arr=Decimal("588.00"),
    currency="USD",
    plans=("Business", "Team"),
    subscriber_since=date(2024, 1, 31),
    last_movement_at=datetime(2026, 5, 20, 7, 2, 18, tzinfo=UTC),
)
KEY = {"cm_uuid": "cus_1"}


def changes(facts: CustomerFacts, to: ObjectMapping, record: Mapping[str, Any]) -> dict[str, Change]:
    return difference(facts, to, record).changes


def mapping(**fields: Any) -> ContactMapping:
    return ContactMapping.model_validate({"key": "cm_uuid", "fields": fields or {"mrr": "cm_mrr"}})


@pytest.mark.parametrize(
    ("fact", "theirs"),
    [
        ("mrr", "49"),
        ("mrr", "49.0"),
        ("mrr", 49.0),
        ("mrr", "4.9E+1"),
        ("arr", 588),
        ("status", "Past Due"),
        ("status", " Past Due "),
        ("plans", "Business, Team"),
        ("subscriber_since", "2024-01-31"),
        ("subscriber_since", "1706659200000"),
        ("subscriber_since", "2024-01-31T00:00:00Z"),
        ("last_movement_at", "2026-05-20T07:02:18Z"),
        ("last_movement_at", "2026-05-20T07:02:18.000+0000"),
        ("last_movement_at", "2026-05-20T09:02:18.5+02:00"),
        ("last_movement_at", "1779260538000"),
        ("churned_on", None),
        ("churned_on", ""),
        ("last_movement_amount", " "),
    ],
)
def test_the_same_value_written_otherwise_is_no_change(fact: str, theirs: Any) -> None:
    assert changes(FACTS, mapping(**{fact: "x"}), KEY | {"x": theirs}) == {}


def test_a_field_that_the_record_lacks_is_as_good_as_empty() -> None:
    assert changes(FACTS, mapping(churned_on="x"), KEY) == {}


@pytest.mark.parametrize(
    ("fact", "theirs", "after"),
    [
        ("mrr", "48.99", Decimal("49.00")),
        ("mrr", None, Decimal("49.00")),
        ("mrr", "a lot", Decimal("49.00")),
        ("mrr", "NaN", Decimal("49.00")),
        ("mrr", "sNaN", Decimal("49.00")),
        ("status", "past due", "Past Due"),
        ("plans", "Team", "Business, Team"),
        ("subscriber_since", "2024-02-01", date(2024, 1, 31)),
        ("subscriber_since", "unknown", date(2024, 1, 31)),
        ("last_movement_at", "2026-05-20T07:02:19Z", datetime(2026, 5, 20, 7, 2, 18, tzinfo=UTC)),
        ("churned_on", "2025-01-01", None),
    ],
)
def test_another_value_is_a_change_with_both_sides(fact: str, theirs: Any, after: Any) -> None:
    assert changes(FACTS, mapping(**{fact: "x"}), KEY | {"x": theirs}) == {"x": Change(theirs, after)}


def test_a_second_run_writes_nothing_in_any_systems_words() -> None:
    all_facts = mapping(
        **{name: f"f_{name}" for name in type(FACTS).model_fields if name not in ("custom", "unknown")}
    )
    first = difference(FACTS, all_facts, {}).values
    as_hubspot_keeps_it = {name: as_text(value) for name, value in first.items()}
    as_salesforce_keeps_it = {
        name: float(value)
        if isinstance(value, Decimal)
        else value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        if isinstance(value, datetime)
        else value.isoformat()
        if isinstance(value, date)
        else value
        for name, value in first.items()
    }
    assert len(first) == 11
    assert changes(FACTS, all_facts, as_hubspot_keeps_it) == {}
    assert changes(FACTS, all_facts, as_salesforce_keeps_it) == {}


def test_the_key_is_written_where_another_way_has_found_the_record() -> None:
    assert changes(FACTS, mapping(), {"cm_mrr": "49"}) == {"cm_uuid": Change(None, "cus_1")}
    assert changes(FACTS, mapping(), {"cm_mrr": "49", "cm_uuid": "cus_old"}) == {
        "cm_uuid": Change("cus_old", "cus_1")
    }


def test_fields_that_are_not_mapped_are_not_looked_at() -> None:
    assert changes(FACTS, mapping(), KEY | {"cm_mrr": "49", "lifecyclestage": "lead"}) == {}


def test_what_is_not_known_is_left_alone_and_said() -> None:
    facts = FACTS.model_copy(update={"unknown": {"net_payments": "no exchange rate for EUR"}})
    found = difference(facts, mapping(net_payments="paid", mrr="cm_mrr"), KEY | {"paid": "12", "cm_mrr": "1"})
    assert found.values == {"cm_mrr": Decimal("49.00")}
    assert found.open == {"paid": "no exchange rate for EUR"}


def test_an_empty_fact_can_leave_their_value() -> None:
    kept = mapping(churned_on={"to": "x", "when_empty": "keep"})
    assert changes(FACTS, kept, KEY | {"x": "2025-01-01"}) == {}


@pytest.mark.parametrize(
    ("theirs", "written", "kept"),
    [
        ("Active", None, True),  # nobody knows whose it is
        ("Active", {}, True),
        ("Active", {"x": "Active"}, False),  # ours, and old
        ("VIP", {"x": "Active"}, True),  # a person's
        ("", {"x": "Active"}, False),
        (None, None, False),
    ],
)
def test_a_persons_value_stays_where_the_crm_owns_the_field(
    theirs: str | None, written: dict[str, str] | None, kept: bool
) -> None:
    owned = mapping(status={"to": "x", "owner": "crm"})
    found = difference(FACTS, owned, KEY | {"x": theirs}, written)
    expected = {"x": Change(theirs, "Past Due")}
    assert (found.kept, found.changes) == ((expected, {}) if kept else ({}, expected))


def test_values_of_a_closed_list_are_theirs() -> None:
    listed = mapping(status={"to": "x", "values": {"Past Due": "past_due"}})
    assert value_of(FACTS, "status", listed.fields["status"]) == "past_due"
    assert (
        value_of(FACTS.model_copy(update={"status": "New Lead"}), "status", listed.fields["status"])
        == "New Lead"
    )


def test_long_text_is_cut_the_same_way_each_time() -> None:
    cut = mapping(plans={"to": "x", "max_length": 10})
    assert value_of(FACTS, "plans", cut.fields["plans"]) == "Business,…"
    assert changes(FACTS, cut, KEY | {"x": "Business,…"}) == {}


@pytest.mark.parametrize(
    ("fact", "form", "value"),
    [
        ("mrr", "text", "49.00"),
        ("subscriber_since", "text", "2024-01-31"),
        ("last_movement_at", "date", date(2026, 5, 20)),
        ("last_movement_at", "text", "2026-05-20T07:02:18Z"),
    ],
)
def test_a_fact_is_written_as_the_mapping_says(fact: Any, form: str, value: Any) -> None:
    assert value_of(FACTS, fact, FieldMapping.model_validate({"to": "x", "format": form})) == value


def test_a_new_record_gets_what_only_new_ones_get() -> None:
    made = ContactMapping.model_validate(
        {
            "key": "cm_uuid",
            "create": "if_not_found",
            "create_with": {"email": "email", "name": "lastname", "company": "company"},
            "fields": {"mrr": "cm_mrr"},
        }
    )
    assert values_of_new(FACTS, made) == {
        "email": "nora@fjord.example",
        "lastname": "Nora Lind",
        "cm_uuid": "cus_1",
        "cm_mrr": Decimal("49.00"),
    }
    assert changes(FACTS, made, KEY | {"cm_mrr": 49, "email": "other@fjord.example"}) == {}


@pytest.mark.parametrize(
    ("text", "form", "theirs", "value"),
    [
        ("gold", "text", "silver", "gold"),
        ("8", "number", "7", Decimal(8)),
        ("8", "number", "8.0", "as it is"),
        ("2026-01-15T23:30:00.000Z", "date", "2026-01-14", date(2026, 1, 15)),
        ("2026-01-15", "date", "2026-01-15", "as it is"),
        ("2026-01-15T23:30:00Z", "datetime", None, datetime(2026, 1, 15, 23, 30, tzinfo=UTC)),
        ("true", "boolean", "false", True),
        ("true", "boolean", True, "as it is"),
        ("False", "boolean", "false", "as it is"),
        (None, "boolean", True, "as it is"),
        (None, "text", "silver", None),
        (None, "number", "7", None),
        ("many", "number", "7", "ChartMogul's value is no number"),
        ("soon", "date", "2026-01-15", "ChartMogul's value is no date"),
        ("soon", "datetime", None, "ChartMogul's value is no time"),
        ("maybe", "boolean", "false", "ChartMogul's value is neither true nor false"),
    ],
)
def test_a_custom_attribute_is_written_as_the_mapping_says_or_left_open(
    text: str | None, form: str, theirs: Any, value: Any
) -> None:
    facts = FACTS.model_copy(update={"custom": {"tier": text} if text else {}})
    found = difference(facts, mapping(**{"custom.tier": {"to": "x", "format": form}}), KEY | {"x": theirs})
    if isinstance(value, str) and value.startswith("ChartMogul"):
        assert (found.changes, found.open) == ({}, {"x": value})
    else:
        changed = {} if value == "as it is" else {"x": Change(theirs, value)}
        assert (found.changes, found.open) == (changed, {})


def test_a_new_record_can_have_a_custom_attribute() -> None:
    given = {
        "key": "cm_uuid",
        "create": "if_not_found",
        "create_with": {"custom.Company name": "name"},
        "fields": {"mrr": "cm_mrr", "custom.tier": {"to": "cm_tier", "when_empty": "keep"}},
    }
    facts = FACTS.model_copy(update={"custom": {"Company name": "Fjord"}})
    assert values_of_new(facts, ContactMapping.model_validate(given))["name"] == "Fjord"
    assert (
        changes(facts, ContactMapping.model_validate(given), KEY | {"cm_mrr": "49", "cm_tier": "gold"}) == {}
    )
