"""Rows become typed columns; what does not fit is told, without its value."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from clients.kit.errors import Rejected
from domains.warehouse.files import Extract
from domains.warehouse.rows import Converted, Converter
from models.chartmogul_values import NotJson
from models.warehouse import StreamMapping
from tests.contracts.warehouse_rows import MAPPING, customer, mapping_of, movement


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
        ("boolean", "true", True),
        ("text", ["a"], '["a"]'),
        ("text", {"b": 1}, '{"b":1}'),
        ("text", True, "true"),
        ("money_minor", 4900.4, 4900),
        ("money_minor", "2500", 2500),
        ("decimal", 2.5, Decimal("2.5000")),
        ("decimal", "25.00", Decimal("25.0000")),
        ("decimal", "", None),
        ("timestamp", "2026-03-02T09:14:07", datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)),
        ("timestamp", "2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("timestamp", "9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("timestamp", "0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("date", "2026-03-02T09:14:07Z", date(2026, 3, 2)),
        ("json", "escaped twice: \\u0000 end", '"escaped twice: \\\\u0000 end"'),
        ("json", {"a\0": ["\0\\u0000"]}, '{"a":["\\\\u0000"]}'),
        ("json", "\ufffe\u2028\u2029\x1b", '"\ufffe\u2028\u2029\\u001b"'),
        ("json", {"b": 1, "a": "x\0"}, '{"a":"x","b":1}'),
        ("json", None, None),
    ],
)
def test_value_that_fits(kind: str, value: Any, expected: Any) -> None:
    found, done = column(value, kind)
    assert (found, done.rejects) == ([expected], [])


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("integer", 1.5, "is no whole number"),
        ("integer", True, "is no number"),
        ("integer", 2**63, "is too large a number"),
        ("integer", 10**300, "is too large a number"),
        ("integer", {"of": 5}, "is no number"),
        ("timestamp", "soon", "is no time"),
        ("timestamp", "0000-00-00", "is no time"),
        ("timestamp", "0000-01-01T00:00:00Z", "is no time"),
        ("timestamp", "9999-12-31T23:59:59-05:00", "is no time"),
        ("timestamp", 1767337445, "is no time"),
        ("date", "2026-13-01", "is no date"),
        ("date", [], "is no date"),
        ("boolean", "maybe", "is neither true nor false"),
        ("boolean", 1, "is neither true nor false"),
        ("text", NotJson(), "is no JSON that can be kept"),
        ("json", {"a": [NotJson()]}, "is no JSON that can be kept"),
        ("json", deep(900), "is no JSON that can be kept"),
        ("json", {"a": 2**70}, "is no JSON that can be kept"),
    ],
)
def test_field_that_does_not_fit_is_left_empty_and_told_without_itself(
    kind: str, value: Any, reason: str
) -> None:
    found, done = column(value, kind)
    assert (found, done.rejects) == ([None], [])
    assert [(each.key, each.column, each.reason) for each in done.emptied] == [("1", "it", reason)]


@pytest.mark.parametrize(
    ("kind", "value", "reason", "fields"),
    [
        ("money_minor", 10**16, "is too large an amount", {}),
        ("money_minor", "many", "is no number", {}),
        ("decimal", "many", "is no number", {}),
        ("decimal", 10**15, "is no number of 18 digits", {}),
        ("decimal", float("nan"), "is no number", {}),
        ("decimal", NotJson(), "is no number", {}),
        ("text", ["a"], "is no text", {"required": True}),
        ("text", None, "is missing", {"required": True}),
        ("timestamp", "2026-03-02T09:14:07", "is a time without an offset", {"required": True}),
        ("timestamp", "soon", "is no time", {"required": True}),
    ],
)
def test_row_of_a_wrong_amount_or_without_what_it_needs_is_left_out(
    kind: str, value: Any, reason: str, fields: dict[str, Any]
) -> None:
    found, done = column(value, kind, **fields)
    assert (found, done.emptied) == ([], [])
    assert [(reject.key, reject.column, reject.reason) for reject in done.rejects] == [("1", "it", reason)]


def test_texts_that_are_too_long_for_the_engine() -> None:
    it = mapping({"name": "it", "from": "x", "type": "text"}, {"name": "more", "from": "y", "type": "json"})
    rows: list[dict[str, Any]]
    rows = [{"uuid": "1", "x": "ß" * 40, "y": ["z" * 80]}, {"uuid": "k" * 90}, {"uuid": "2", "new": "n" * 90}]
    done = Converter(it, longest=79).convert(rows)
    assert done.batch.select(["id", "it", "more", "_raw"]).to_pylist() == [
        {"id": "1", "it": "ß" * 39, "more": None, "_raw": None},
        {"id": "2", "it": None, "more": None, "_raw": None},
    ]
    assert [each.reason for each in done.emptied] == ["is longer than 79 bytes"]
    assert [each.reason for each in done.rejects] == ["is longer than 79 bytes"]
    assert Converter(it).convert(rows).batch.column("it").to_pylist()[0] == "ß" * 40


def test_one_odd_value_stops_no_table_whatever_its_kind() -> None:
    odd = [
        None,
        "",
        " ",
        "x",
        "\0",
        True,
        2.5,
        -1,
        10**40,
        [],
        {},
        [{"a": 1}],
        deep(500),
        NotJson(),
        "9" * 9000,
    ]
    odd += ["\ufffe\u2028", float("inf"), "0000-00-00", "x" * 100_000]
    for target in (each.target for each in MAPPING.streams if not each.explode):
        it = mapping_of(target)
        fields = {(each.source or "").split(".")[0] for each in it.columns} - {""}
        rows = [dict.fromkeys(fields, value) | {"new": value} for value in odd]
        for longest in (None, 65_535):
            done = Converter(it, longest=longest).convert(rows)
            assert done.batch.num_rows + len(done.rejects) == len(odd)


def test_one_bad_row_takes_no_other_with_it() -> None:
    rows = [movement(1), movement(2, activity_mrr_movement="x"), movement(3), movement(4) | {"uuid": None}]
    done = Converter(mapping_of("mrr_movements")).convert(rows)
    assert done.batch.column("movement_uuid").to_pylist() == ["mov-1", "mov-3"]
    assert [(r.key, r.column, r.reason) for r in done.rejects] == [
        ("mov-2", "mrr_movement_cents", "is no number"),
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
