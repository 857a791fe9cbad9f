"""Records ↔ Parquet: a row for each, a column for each field, with JSON for what is no single value.

Rows are sorted, so that the same records are the same bytes in whatever order they were read. What is more
than a chunk waits on the disk, as sorted lines.
"""

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AwareDatetime, ValidationError
from pydantic_core import to_json

from clients.kit.errors import Rejected
from models.base import Record

R = TypeVar("R", bound=Record)

SYSTEM = "reconciliation"
CHUNK = 10_000
"""Rows in memory, and of a row group."""

INSTANT = pa.timestamp("us", tz="UTC")
_TYPES: dict[Any, pa.DataType] = {
    str: pa.string(),
    bool: pa.bool_(),
    int: pa.int64(),
    date: pa.date32(),
    AwareDatetime: INSTANT,
    Decimal: pa.string(),  # exact: no scale holds all of them
}


class SortedTable:
    """Call `finish` once all records are added. `path` is not there before."""

    def __init__(self, path: Path, kind: type[Record]) -> None:
        self._path, self._kind = path, kind
        self._waiting: list[bytes] = []
        self._runs: list[Path] = []
        self.rows = 0

    def add(self, records: Iterable[Record]) -> None:
        """A line begins with the record's first fields, which are its key: sorted lines are sorted keys."""
        for record in records:
            self._waiting.append(record.model_dump_json().encode() + b"\n")
            self.rows += 1
            if len(self._waiting) >= CHUNK:
                self._put_aside()

    def finish(self) -> None:
        """Raises Rejected where a number does not fit into 64 bits."""
        with ExitStack() as files:
            runs = [files.enter_context(run.open("rb")) for run in self._runs]
            lines = heapq.merge(*runs, sorted(self._waiting))
            _write(self._path, self._kind, map(self._kind.model_validate_json, lines))
        for run in self._runs:
            run.unlink()

    def _put_aside(self) -> None:
        run = self._path.with_suffix(f".{len(self._runs)}")
        run.write_bytes(b"".join(sorted(self._waiting)))
        self._runs.append(run)
        self._waiting = []


def _write(path: Path, kind: type[Record], records: Iterator[Record]) -> None:
    schema = schema_of(kind)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while chunk := list(islice(records, CHUNK)):
            writer.write_batch(_batch(chunk, schema))


def _batch(records: list[Record], schema: pa.Schema) -> pa.RecordBatch:
    columns = {name: [_cell(getattr(each, name)) for each in records] for name in schema.names}
    try:
        return pa.record_batch(columns, schema=schema)
    except (OverflowError, pa.ArrowInvalid) as error:
        raise Rejected(SYSTEM, f"A record does not fit into its table: {type(error).__name__}.") from None


def _cell(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    return to_json(value).decode() if isinstance(value, (Record, list, dict)) else value


def read(path: Path, kind: type[R]) -> Iterator[R]:
    """Raises Rejected where a row is no such record."""
    nested = [name for name in schema_of(kind).names if _is_nested(kind, name)]
    known = set(kind.model_fields)
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(CHUNK):
            for row in _rows(batch):
                record = _record(row, kind, nested)
                object.__setattr__(record, "__pydantic_fields_set__", known)
                yield record


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Equal values are one object, and records share the set of their fields' names: hundreds of thousands
    of records are in memory at once, and most of what they would take is these."""
    columns = [_shared(column.to_pylist()) for column in batch.columns]
    names = batch.schema.names
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def _shared(values: list[Any]) -> list[Any]:
    seen: dict[Any, Any] = {}
    return [seen.setdefault(each, each) for each in values]


def _record(row: dict[str, Any], kind: type[R], nested: list[str]) -> R:
    try:
        for name in nested:
            if row.get(name) is not None:
                row[name] = orjson.loads(row[name])
        return kind.model_validate(row)
    except (orjson.JSONDecodeError, ValidationError):
        raise Rejected(SYSTEM, f"A row of a snapshot is no {kind.__name__}.") from None


@lru_cache
def schema_of(kind: type[Record]) -> pa.Schema:
    return pa.schema(
        [pa.field(name, _type(field.annotation) or pa.string()) for name, field in kind.model_fields.items()]
    )


def _is_nested(kind: type[Record], name: str) -> bool:
    return _type(kind.model_fields[name].annotation) is None


def _type(annotation: Any) -> pa.DataType | None:
    """None for what is written as JSON."""
    bare = _bare(annotation)
    if get_origin(bare) is Literal or (isinstance(bare, type) and issubclass(bare, Enum)):
        return pa.string()
    return _TYPES.get(bare)


def _bare(annotation: Any) -> Any:
    """Of `Annotated[X, …] | None`, X."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        some = [each for each in get_args(annotation) if each is not NoneType]
        return _bare(some[0]) if len(some) == 1 else annotation
    return annotation


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
