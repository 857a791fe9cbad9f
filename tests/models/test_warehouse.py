"""config/warehouse.yaml: what it must hold, and how it is told where it is wrong."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from configuration.files import BadConfig, load
from local.stack import EXAMPLE_CONFIG
from models.warehouse import Column, Mapping, StreamMapping, Type
from models.warehouse_tables import change_log_table, target_table
from tests.contracts.warehouse_rows import MAPPING, mapping_of

STREAMS = [
    "mrr_movements", "customers", "subscriptions", "invoices",
    "plans", "plan_groups", "data_sources", "metrics",
]  # fmt: skip

VALID: dict[str, Any] = {
    "stream": "customers",
    "target": "customers",
    "key": ["id"],
    "columns": [{"name": "id", "from": "uuid", "type": "text", "required": True}],
}


def test_every_stream_is_mapped() -> None:
    assert list(MAPPING.read_streams) == STREAMS


def test_parent_comes_before_its_children() -> None:
    for stream in STREAMS:
        assert [bool(each.explode) for each in MAPPING.of(stream)] == sorted(
            bool(each.explode) for each in MAPPING.of(stream)
        )


def test_of_a_stream_also_its_parents_parents_are_kept() -> None:
    given = MAPPING.model_dump(by_alias=True)
    customers = next(each for each in given["streams"] if each["target"] == "customers")
    customers["parent"] = {"stream": "data_sources", "column": "data_source_uuid"}
    kept = Mapping.model_validate(given).only("subscriptions")
    assert {each.target for each in kept.streams} == {"subscriptions", "customers", "data_sources"}
    Mapping.model_validate_json(kept.model_dump_json())


def test_misspelt_field_is_told_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.yaml"
    text = (EXAMPLE_CONFIG / "warehouse.yaml").read_text()
    file.write_text(text.replace("look_back_days:", "look_bak_days:"))
    line = text[: text.index("look_back_days:")].count("\n") + 1
    with pytest.raises(BadConfig, match=rf"warehouse.yaml:{line}: .*did you mean look_back_days\?"):
        load(file, Mapping, "")


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ({"key": ["nothing"]}, "no such column: nothing"),
        ({"columns": [VALID["columns"][0] | {"required": False}]}, "must be required: id"),
        ({"columns": VALID["columns"] * 2}, "columns must be unique: id"),
        ({"columns": [VALID["columns"][0], {"name": "_run_id", "from": "x", "type": "text"}]}, "pattern"),
        ({"columns": [VALID["columns"][0], {"name": "order", "from": "x", "type": "text"}]}, "reserved"),
        ({"columns": [VALID["columns"][0], {"name": "x", "type": "text"}]}, "either `from` or `compute`"),
        ({"columns": [VALID["columns"][0], {"name": "x", "from": "x", "type": "float"}]}, "money_minor"),
        ({"target": "Customers"}, "pattern"),
        ({"explode": "tags"}, "needs `parent`"),
        ({"read": {"mode": "window"}}, "belongs to the mode window"),
        ({"stream": "contacts"}, "mrr_movements"),
    ],
)
def test_mapping_that_cannot_be_loaded(update: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        StreamMapping.model_validate(VALID | update)


def test_targets_are_unique_and_parents_are_there() -> None:
    with pytest.raises(ValidationError, match="targets must be unique"):
        Mapping.model_validate({"streams": [VALID, VALID]})
    orphan = VALID | {"target": "tags", "explode": "tags", "parent": {"stream": "people", "column": "id"}}
    with pytest.raises(ValidationError, match="no parent people"):
        Mapping.model_validate({"streams": [VALID, orphan]})


def test_version_changes_with_what_is_written() -> None:
    it = StreamMapping.model_validate(VALID)
    other = StreamMapping.model_validate(VALID | {"unknown_fields": "ignore"})
    assert it.version == StreamMapping.model_validate(VALID).version != other.version


def test_promoted_attribute_is_a_column() -> None:
    tier = {"promote": [{"name": "plan_tier", "from": "custom.plan_tier", "type": "text"}]}
    it = StreamMapping.model_validate(VALID | {"custom_attributes": tier})
    assert it.written[-1] == Column(name="plan_tier", source="attributes.custom.plan_tier", type=Type.TEXT)


def test_only_keys_and_our_own_columns_must_have_values() -> None:
    """The converter enforces `required`: a column may leave the mapping, its table must live on."""
    must = {each.name for each in target_table(mapping_of("mrr_movements")).fields if each.required}
    assert must == {"movement_uuid", "_run_id", "_first_loaded_at", "_last_changed_at"}


def test_mapping_travels_in_a_workflow() -> None:
    assert Mapping.model_validate_json(MAPPING.model_dump_json()) == MAPPING
    assert change_log_table(mapping_of("customers")) is None
