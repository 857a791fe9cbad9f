"""Rows become typed columns; what does not fit is told, without its value."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from clients.errors import Rejected
from clients.warehouse_files import Extract
from clients.warehouse_rows import Converted, Converter
from models.warehouse import StreamMapping
from tests.contracts.warehouse_rows import customer, mapping_of, movement


def mapping(*columns: dict[str, Any], **fields: Any) -> StreamMapping:
    key = {"name": "id", "from": "uuid", "type": "text", "required": True}
    given = {"stream": "customers", "target": "things", "key": ["id"], "columns": [key, *columns]}
    return StreamMapping.model_validate(given | fields)


def column(value: Any, kind: str, **fields: Any) -> tuple[list[Any], Converted]:
    it = mapping({"name": "it", "from": "x", "type": kind} | fields)
    done = Converter(it, hash_key="key").convert([{"uuid": "1", "x": value}])
    return done.batch.column("it").to_pylist(), done


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "Zoë", "Zoë"),
        ("text", "a\0b", "ab"),
        ("text", 90210, "90210"),
        ("text", "", ""),
        ("integer", 7, 7),
        ("integer", 7.0, 7),
        ("integer", "1000", 1000),
        ("integer", "", None),
        ("money_minor", -4900, -4900),
        ("money_minor", 4900.0, 4900),
        ("decimal", 3.9, Decimal("3.9000")),
        ("decimal", 15620, Decimal("15620.0000")),
        ("timestamp", "2026-03-02T09:14:07.000Z", datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)),
        ("timestamp", "2026-03-02T05:14:07-04:00", datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)),
        ("timestamp", "", None),
        ("boolean", False, False),
        ("json", {"b": 1, "a": "x\0"}, '{"a":"x","b":1}'),
        ("json", None, None),
    ],
)
def test_value_that_fits(kind: str, value: Any, expected: Any) -> None:
    found, done = column(value, kind)
    assert (found, done.rejects) == ([expected], [])


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("text", ["a"], "is no text"),
        ("text", True, "is no text"),
        ("integer", 1.5, "is no whole number"),
        ("integer", True, "is no whole number"),
        ("integer", 2**63, "is too large a number"),
        ("money_minor", 0.5, "is no whole number"),
        ("money_minor", 10**16, "is too large an amount"),
        ("decimal", "many", "is no number of 18 digits"),
        ("decimal", float("nan"), "is no number of 18 digits"),
        ("timestamp", "2026-03-02T09:14:07", "is a time without an offset"),
        ("timestamp", "soon", "is no time"),
        ("timestamp", 1767337445, "is no time"),
        ("date", "2026-13-01", "is no date"),
        ("boolean", "true", "is neither true nor false"),
    ],
)
def test_value_that_does_not_fit_is_told_without_itself(kind: str, value: Any, reason: str) -> None:
    found, done = column(value, kind)
    assert found == []
    assert [(reject.key, reject.column, reject.reason) for reject in done.rejects] == [("1", "it", reason)]


def test_one_bad_row_takes_no_other_with_it() -> None:
    rows = [movement(1), movement(2, activity_mrr_movement=0.5), movement(3), movement(4) | {"uuid": None}]
    done = Converter(mapping_of("mrr_movements")).convert(rows)
    assert done.batch.column("movement_uuid").to_pylist() == ["mov-1", "mov-3"]
    assert [(r.key, r.column, r.reason) for r in done.rejects] == [
        ("mov-2", "mrr_movement_cents", "is no whole number"),
        (None, "movement_uuid", "is missing"),
    ]


@pytest.mark.parametrize(
    ("transform", "value", "expected"),
    [
        ("lower", "ABC", "abc"),
        ("trim", " a ", "a"),
        ("join", ["a", "b"], "a, b"),
        ("first", ["a", "b"], "a"),
        ("first", [], None),
        ("only", ["a", "a"], "a"),
        ("only", ["a", "b"], None),
        ("json", {"a": 1}, '{"a":1}'),
        ("mask", "nora@fjord.example", "n***@fjord.example"),
        ("mask", "Nora Lind", "N***"),
    ],
)
def test_transforms(transform: str, value: Any, expected: Any) -> None:
    assert column(value, "text", transform=[transform])[0] == [expected]


def test_time_without_an_offset_where_the_mapping_allows_it() -> None:
    found, _ = column("2026-03-02T09:14:07", "timestamp", transform=["utc_timestamp"])
    assert found == [datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)]


def test_hashed_person_is_the_same_however_written_and_cannot_be_tried() -> None:
    (one,), _ = column("Nora@Fjord.example ", "text", pii="hash")
    (other,), _ = column("nora@fjord.example", "text", pii="hash")
    assert one == other
    bare = Converter(mapping({"name": "it", "from": "x", "type": "text", "pii": "hash"}))
    assert bare.convert([{"uuid": "1", "x": "nora@fjord.example"}]).batch.column("it").to_pylist() != [one]


def test_dropped_person_is_nowhere() -> None:
    it = mapping({"name": "email", "from": "email", "type": "text", "pii": "drop"})
    done = Converter(it).convert([{"uuid": "1", "email": "nora@fjord.example", "new": 1}])
    assert "email" not in done.batch.schema.names
    assert "nora" not in str(done.batch.to_pylist())
    assert done.unmapped == {"new": 1}


def row_hash(row: dict[str, Any], it: StreamMapping) -> str:
    return str(Converter(it).convert([row]).batch.column("_row_hash").to_pylist()[0])


def test_row_hash_is_of_what_is_mapped_alone() -> None:
    it = mapping_of("mrr_movements")
    same = [movement(1), movement(1, customer_name="Other"), movement(1, brand_new=1)]
    assert len({row_hash(row, it) for row in same}) == 1
    other = [movement(1, 1001), movement(1, type="churn"), movement(1, subscription_set_external_id="s")]
    assert len({row_hash(row, it) for row in [*same, *other]}) == 4


def test_column_that_is_added_changes_only_rows_that_have_it() -> None:
    before = mapping()
    after = mapping({"name": "it", "from": "x", "type": "text"})
    assert row_hash({"uuid": "1"}, before) == row_hash({"uuid": "1"}, after)
    assert row_hash({"uuid": "1", "x": "a"}, before) != row_hash({"uuid": "1", "x": "a"}, after)


def test_row_hash_does_not_depend_on_the_rows_beside_it() -> None:
    it = mapping_of("mrr_movements")
    rows = [movement(1), movement(2, subscription_set_external_id="s"), movement(3, plan_external_id=None)]
    del rows[2]["plan-external-id"]
    together = Converter(it).convert(rows).batch.column("_row_hash").to_pylist()
    assert together == [row_hash(row, it) for row in rows]


def test_unknown_field_may_be_refused() -> None:
    with pytest.raises(Rejected, match="fields that are not mapped: new"):
        Converter(mapping(unknown_fields="fail")).convert([{"uuid": "1", "new": "secret"}])


def test_lists_inside_rows() -> None:
    rows = [
        customer(1, external_ids=["a", "b", "a"]),
        customer(2, external_ids=None),
        customer(3, external_ids=[]),
    ]
    done = Converter(mapping_of("customer_identities")).convert(rows)
    keys = done.batch.select(["customer_uuid", "external_id", "data_source_uuid"]).to_pylist()
    assert [tuple(each.values()) for each in keys] == [
        ("cus_1", "a", "ds_1"),
        ("cus_1", "b", "ds_1"),
        ("cus_1", "a", "ds_1"),
    ]


def test_source_is_not_named_where_a_customer_has_several() -> None:
    done = Converter(mapping_of("customer_identities")).convert(
        [customer(1, data_source_uuids=["ds_1", "ds_2"])]
    )
    assert done.batch.column("data_source_uuid").to_pylist() == [None]


def test_extract_tells_what_it_wrote(tmp_path: Path) -> None:
    extract = Extract(tmp_path / "1", mapping_of("mrr_movements"))
    for number in range(0, 25_000, 200):
        extract.add([movement(n, brand_new=n) for n in range(number, number + 200)])
    done = extract.finish()
    assert (done.rows, done.rejected, done.unmapped) == (25_000, 0, {"brand-new": 25_000})
    assert done.earliest == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert [pq.read_metadata(file).num_rows for file in done.files] == [25_000]
    positions = pq.read_table(done.files[0], columns=["_position"]).column(0).to_pylist()
    assert positions == list(range(25_000))


def test_extract_of_children_names_the_parents_that_were_read(tmp_path: Path) -> None:
    extract = Extract(tmp_path / "1", mapping_of("customer_tags"))
    extract.add([customer(1), customer(2, attributes={"tags": []})])
    done = extract.finish()
    assert done.rows == 1
    assert done.scope_files is not None
    assert pq.read_table(done.scope_files[0]).column(0).to_pylist() == ["cus_1", "cus_2"]
