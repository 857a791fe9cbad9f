"""Tables as every engine knows them: names, neutral types, keys. What a mapping comes to, and our own."""

from dataclasses import dataclass, replace

from models.warehouse import LONGEST_TEXT, Column, StreamMapping, Type
from models.warehouse_loads import Counts


@dataclass(frozen=True)
class FieldOf:
    """A column of a table. `length` is in bytes, for engines whose text has one."""

    name: str
    type: Type
    required: bool = False
    length: int | None = None
    comment: str = ""


@dataclass(frozen=True)
class Table:
    """`sorted_by` and `spread_by` are hints for engines that lay rows out by a column."""

    name: str
    fields: tuple[FieldOf, ...]
    key: tuple[str, ...]
    sorted_by: str | None = None
    spread_by: str | None = None
    comment: str = ""

    def field(self, name: str) -> FieldOf:
        return next(each for each in self.fields if each.name == name)


ROW_HASH = FieldOf("_row_hash", Type.TEXT, required=True, length=64, comment="SHA-256 of the mapped values")
RAW = FieldOf("_raw", Type.JSON, length=LONGEST_TEXT, comment="Fields that the mapping does not know")
POSITION = FieldOf("_position", Type.INTEGER, required=True)
"""Where in the read a row was. In staging alone: of two with one key the last counts."""

KEPT = (
    FieldOf("_run_id", Type.TEXT, required=True, length=200, comment="Run that changed the row last"),
    FieldOf("_first_loaded_at", Type.TIMESTAMP, required=True),
    FieldOf("_last_changed_at", Type.TIMESTAMP, required=True),
    FieldOf("_missing_since", Type.TIMESTAMP, comment="First complete read without the row"),
    FieldOf("_deleted_at", Type.TIMESTAMP, comment="Taken for gone since then; the views leave it out"),
)

MERGED_INTO = FieldOf(
    "merged_into_uuid", Type.TEXT, length=100, comment="Customer that holds this one's ids since a merge"
)
"""Written by the load of customers, from what the survivors hold."""

SCOPE = FieldOf("_parent", Type.TEXT, required=True, length=1000)
"""The one column of scope files: the keys of parents that were read."""


def field_of(column: Column) -> FieldOf:
    return FieldOf(column.name, column.type, column.required, column.length, column.description)


def staged_fields(mapping: StreamMapping) -> tuple[FieldOf, ...]:
    """What the converter writes to Parquet and `Session.stage` loads. JSON is text there."""
    raw = (RAW,) if mapping.keeps_raw else ()
    return (*map(field_of, mapping.written), ROW_HASH, *raw, POSITION)


def data_fields(mapping: StreamMapping) -> tuple[FieldOf, ...]:
    """What a merge carries over from staging to the target."""
    return staged_fields(mapping)[:-1]


def target_table(mapping: StreamMapping) -> Table:
    """Only the key is `not null`: the converter enforces the rest, and a column may leave the mapping."""
    data = (replace(each, required=each.name in mapping.key) for each in data_fields(mapping))
    merged = (MERGED_INTO,) if mapping.target == "customers" else ()
    return Table(
        name=mapping.target,
        fields=(*data, *KEPT, *merged),
        key=tuple(mapping.key),
        sorted_by=mapping.read.column,
        spread_by=next((c.name for c in mapping.written if c.name == "customer_uuid"), None),
        comment=mapping.description,
    )


def _fields(kind: Type, names: str, required: bool = False) -> tuple[FieldOf, ...]:
    return tuple(FieldOf(name, kind, required, 1000 if kind is Type.TEXT else None) for name in names.split())


LOAD_COUNTS = tuple(Counts.model_fields)

LOAD_RUNS = Table(
    "load_runs",
    (
        *_fields(Type.TEXT, "run_id stream", required=True),
        *_fields(Type.INTEGER, "run_seq attempt", required=True),
        *_fields(Type.TEXT, "account time_zone mapping_version read_mode", required=True),
        *_fields(Type.TIMESTAMP, "window_start window_end"),
        *_fields(Type.BOOLEAN, "complete", required=True),
        *_fields(Type.INTEGER, " ".join(LOAD_COUNTS), required=True),
        *_fields(Type.TIMESTAMP, "read_at committed_at", required=True),
    ),
    key=("run_id", "stream"),
    comment="One row per stream and night, written in the transaction of its data",
)
LOAD_LOCK = Table(
    "load_lock",
    (*_fields(Type.TEXT, "stream", required=True), *_fields(Type.INTEGER, "run_seq attempt version", True)),
    key=("stream",),
    comment="One row per stream: taken by UPDATE, so that loads of one stream come one after another",
)
LOAD_REJECTS = Table(
    "load_rejects",
    (
        *_fields(Type.TEXT, "run_id stream", required=True),
        *_fields(Type.TEXT, "row_key column_name reason"),
        *_fields(Type.TIMESTAMP, "rejected_at", required=True),
    ),
    key=(),
    comment="Rows that do not fit the mapping, without their values",
)
MONTH_DIGEST = Table(
    "mrr_month_digest",
    (
        *_fields(Type.DATE, "month", required=True),
        *_fields(Type.TEXT, "digest run_id", required=True),
    ),
    key=("month",),
    comment="ChartMogul's own monthly MRR as last seen: a month that changed is read again",
)

CONTROL = (LOAD_RUNS, LOAD_LOCK, LOAD_REJECTS, MONTH_DIGEST)


def change_log_table(mapping: StreamMapping) -> Table | None:
    """`delta_cents` is what the change adds to MRR; a movement that changed its date moves from month to
    month: `before_at` loses `before_cents`, `after_at` gains `after_cents`."""
    if mapping.changes is None:
        return None
    key = tuple(field_of(column) for column in mapping.written if column.name in mapping.key)
    return Table(
        mapping.changes.table,
        (
            *_fields(Type.TEXT, "run_id kind", required=True),
            *key,
            *_fields(Type.TIMESTAMP, "before_at after_at"),
            *_fields(Type.MONEY_MINOR, "before_cents after_cents"),
            *_fields(Type.MONEY_MINOR, "delta_cents", required=True),
            FieldOf("before_row", Type.JSON, length=LONGEST_TEXT),
            FieldOf("after_row", Type.JSON, length=LONGEST_TEXT),
            *_fields(Type.TIMESTAMP, "changed_at", required=True),
        ),
        key=("run_id", *mapping.key),
        comment="Which past rows a run changed: new (late), restated, vanished, returned",
    )
