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
    FieldOf("_first_loaded_at", Type.TIMESTAMP, required=True, comment="Run that brought it began then, UTC"),
    FieldOf("_last_changed_at", Type.TIMESTAMP, required=True, comment="Run that changed it last began then"),
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
    comment = column.description or f"ChartMogul's {column.source}"
    return FieldOf(column.name, column.type, column.required, column.length, comment)


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
        comment=f"{mapping.description or f'{mapping.target} as ChartMogul shows them'}. Times are UTC",
    )


COMMENTS = {
    "run_id": "The run, by account and the time it was due",
    "stream": "The table that was loaded",
    "run_seq": "Rises with the start of runs; an older run is refused",
    "attempt": "Which try of the run",
    "version": "Rises with each load of the table",
    "account": "ChartMogul account, as the settings name it",
    "time_zone": "The account's, by which views cut days and months",
    "mapping_version": "Changes with config/warehouse.yaml",
    "read_mode": "all, window (of time) or parents (rows of those that were read)",
    "window_start": "First instant that was read; null where all was",
    "window_end": "First instant after what was read",
    "complete": "Whether what was asked for was read to its end",
    "read_at": "When the run began, UTC",
    "committed_at": "When its rows were there, UTC",
    "rows_read": "Rows that were read and fit",
    "inserted": "Rows that are new",
    "restated": "Rows that changed",
    "remapped": "Rows that changed because the mapping did",
    "returned": "Rows that were deleted and came back",
    "reissued": "Rows known under another key",
    "missing": "Rows absent for the first time",
    "deleted": "Rows absent again, taken for gone",
    "duplicates": "Rows that were read twice",
    "rejected": "Rows left out because they do not fit",
    "row_key": "First column of the row's key; null where that is what is wrong",
    "column_name": "The column that does not fit",
    "reason": "Why; 'left empty' where the row is there without the field",
    "rejected_at": "When the run began, UTC",
    "month": "First day of the month",
    "digest": "Of ChartMogul's own figures of the month",
    "kind": "new (it came late), restated, vanished or returned",
    "before_at": "Instant of the movement before, UTC",
    "after_at": "Instant of the movement after, UTC",
    "before_cents": "Change of MRR before, in minor units",
    "after_cents": "Change of MRR after, in minor units",
    "delta_cents": "What MRR gains by it, in minor units",
    "changed_at": "When the run that found it began, UTC",
}


def _fields(kind: Type, names: str, required: bool = False) -> tuple[FieldOf, ...]:
    length = 1000 if kind is Type.TEXT else None
    return tuple(FieldOf(name, kind, required, length, COMMENTS.get(name, name)) for name in names.split())


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
            FieldOf("before_row", Type.JSON, length=LONGEST_TEXT, comment="The row before"),
            FieldOf("after_row", Type.JSON, length=LONGEST_TEXT, comment="The row after"),
            *_fields(Type.TIMESTAMP, "changed_at", required=True),
        ),
        key=("run_id", *mapping.key),
        comment="Which past rows a run changed: new (late), restated, vanished, returned",
    )
