"""Rows as ChartMogul sent them → typed Arrow columns, column by column: 100,000 rows a second and more."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from clients.kit.errors import Rejected
from domains.warehouse.ids import movement_ids
from domains.warehouse.values import as_json, fitted, transformed, within
from models.chartmogul_values import Unfit
from models.money import MOST_CENTS
from models.warehouse import Column, StreamMapping, Type
from models.warehouse_loads import Reject
from models.warehouse_tables import FieldOf, staged_fields

CHUNK = 10_000
"""Rows handled at once: more take more memory and are no faster."""

LONGEST_KEY = 250
"""Letters of a key by which a reject is named."""

Row = dict[str, Any]
ArrowArray: TypeAlias = "pa.Array[Any]"
Misfit = tuple[int, str, str]
"""Number of the row, column, reason."""
Getter = Callable[[Sequence[Any]], list[Any]]
"""Values of one column, from all rows."""

ARROW: dict[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.MONEY_MINOR: pa.int64(),
    Type.DECIMAL: pa.decimal128(18, 4),
    Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    Type.DATE: pa.date32(),
    Type.BOOLEAN: pa.bool_(),
    Type.JSON: pa.string(),
}


_DAYS = (
    date.min.toordinal() - date(1970, 1, 1).toordinal(),
    date.max.toordinal() - date(1970, 1, 1).toordinal(),
)
FIRST_AND_LAST = {
    Type.DATE: _DAYS,
    Type.TIMESTAMP: (_DAYS[0] * 86_400_000_000, (_DAYS[1] + 1) * 86_400_000_000 - 1),
}
"""Days, and microseconds, of the years 1 to 9999."""


def arrow_schema(fields: Iterable[FieldOf]) -> pa.Schema:
    return pa.schema([pa.field(each.name, ARROW[each.type]) for each in fields])


@dataclass(frozen=True)
class Converted:
    """`unmapped` counts the rows in which a field came that the mapping does not know. `rejects` are rows
    that were left out, `emptied` fields that were, of rows that are there."""

    batch: pa.RecordBatch
    rejects: list[Reject]
    emptied: list[Reject]
    unmapped: Counter[str]


class Converter:
    """Of one table. Movements: a call needs every row of each second it touches (MovementBlock has it).

    Give the rows of the parent for a table that explodes a list of them. `longest`: bytes of the longest text
    that the engine takes."""

    def __init__(
        self,
        mapping: StreamMapping,
        account: str = "default",
        hash_key: str = "",
        longest: int | None = None,
    ) -> None:
        self.schema = arrow_schema(staged_fields(mapping))
        self._mapping = mapping
        self._account = account
        self._longest = longest
        self._hash_key = hash_key.encode()
        self._columns = mapping.written
        self._getters = {c.name: _getter(c.source, mapping.explode) for c in mapping.written if c.source}
        self._hashed = sorted(column.name for column in mapping.written if column.hashed)
        self._known = _known_fields(mapping)
        self._position = 0

    def convert(self, rows: Sequence[Row]) -> Converted:
        """Raises Rejected for a field that is not mapped, where the mapping says so."""
        items: Sequence[Any] = _exploded(rows, self._mapping.explode) if self._mapping.explode else rows
        unknown, unmapped = self._unknown(items)
        source = {name: get(items) for name, get in self._getters.items()}
        arrays, unfit, emptied = self._typed(items, source)
        arrays.append(_hex(self._hashes(source, len(items))))
        if self._mapping.keeps_raw:
            arrays.append(pa.array(unknown, pa.string()))
        arrays.append(pa.array(range(self._position, self._position + len(items)), pa.int64()))
        self._position += len(items)
        batch = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        left = [(number, *why) for number, why in sorted(unfit.items())]
        kept = [each for each in emptied if each[0] not in unfit]
        rejects, empty = self._rejects(source, left), self._rejects(source, kept)
        return Converted(_without(batch, unfit), rejects, empty, unmapped)

    def _typed(
        self, items: Sequence[Any], source: dict[str, list[Any]]
    ) -> tuple[list[ArrowArray], dict[int, tuple[str, str]], list[Misfit]]:
        """Arrays in the order of the columns; rows that do not fit: why, by number; and single fields."""
        emptied: list[Misfit] = []
        computed = self._computed(items)
        arrays: list[ArrowArray] = []
        unfit: dict[int, tuple[str, str]] = {}
        not_computed: dict[int, tuple[str, str]] = {}
        """Because of what another column lacks, which is the better reason."""
        for column in self._columns:
            values: Sequence[Any] = source[column.name] if column.source else computed[column.compute]
            if column.transform or column.pii:
                values = transformed(values, column, self._hash_key)
            array, why = _array(values, column, self._longest)
            if not _decides(column):
                emptied += [(number, column.name, reason) for number, reason in why.items()]
                why = {}
            if column.required and array.null_count:
                why = {
                    n: "is missing" for n, valid in enumerate(array.is_valid().to_pylist()) if not valid
                } | why
            reasons = not_computed if column.compute else unfit
            for number, reason in why.items():
                reasons.setdefault(number, (column.name, reason))
            arrays.append(array)
        return arrays, not_computed | unfit, emptied

    def _computed(self, items: Sequence[Any]) -> dict[str | None, list[Any]]:
        if not any(column.compute for column in self._columns):
            return {}
        ids, occurrences = movement_ids(items, self._account)
        return {"event_id": ids, "seq_in_instant": occurrences}

    def _hashes(self, source: dict[str, list[Any]], count: int) -> list[bytes]:
        """SHA-256 over what came, not over what became of it: an empty field is as good as none, so that
        a column that is added changes the rows that have it alone."""
        sha256, dumps, sort = hashlib.sha256, orjson.dumps, orjson.OPT_SORT_KEYS
        hashed = {name: source[name] for name in self._hashed}
        try:
            return [sha256(dumps(row, option=sort)).digest() for row in _filled(hashed, count)]
        except TypeError:  # a value that is no JSON, or nested too deep: its row has another kind of hash
            return [_odd_digest(row) for row in _filled(hashed, count)]

    def _unknown(self, items: Sequence[Any]) -> tuple[list[str | None], Counter[str]]:
        """Per row the fields that the mapping does not know, as JSON."""
        found: list[str | None] = [None] * len(items)
        unmapped: Counter[str] = Counter()
        ignored = self._mapping.explode or self._mapping.unknown_fields == "ignore"
        if ignored or all(map(self._known.issuperset, items)):
            return found, unmapped
        for number, row in enumerate(items):
            if not row.keys() <= self._known:
                extra = {name: value for name, value in row.items() if name not in self._known}
                unmapped.update(extra.keys())
                found[number] = self._raw(extra)
        if unmapped and self._mapping.unknown_fields == "fail":
            names = ", ".join(sorted(unmapped))
            raise Rejected("warehouse", f"{self._mapping.target}: fields that are not mapped: {names}")
        return found, unmapped

    def _raw(self, extra: Row) -> str | None:
        """None where it cannot be kept: what no column takes must not cost the row."""
        try:
            return within(as_json(extra), Type.JSON, self._longest, strict=False)  # type: ignore[no-any-return] # a text
        except Unfit:
            return None

    def _rejects(self, source: dict[str, list[Any]], misfits: Sequence[Misfit]) -> list[Reject]:
        keys = source.get(self._mapping.key[0], [])
        return [
            Reject(key=_key(keys[number] if keys else None), column=column, reason=reason)
            for number, column, reason in misfits
        ]


def _decides(column: Column) -> bool:
    """Whether a row is left out for it. One of amounts, or without what it needs, would be wrong in every
    sum; of others only the field is left empty."""
    return column.required or column.type in (Type.MONEY_MINOR, Type.DECIMAL)


def _odd_digest(row: tuple[Any, ...]) -> bytes:
    try:
        text = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        with suppress(RecursionError):
            text = repr(row).encode(errors="replace")
            return hashlib.sha256(text).digest()
        text = repr(row[::2]).encode()
    return hashlib.sha256(text).digest()


def _filled(source: Mapping[str, Sequence[Any]], count: int) -> Iterator[tuple[Any, ...]]:
    """Rows as name, value, name, value, without what is empty. A dict for each takes five times as long."""
    empty = {name: values.count(None) for name, values in source.items()}
    names = [name for name in source if empty[name] < count]
    columns = chain.from_iterable((repeat(name, count), source[name]) for name in names)
    rows: Iterator[tuple[Any, ...]] = zip(*columns, strict=True) if names else iter(((),) * count)
    if any(empty[name] for name in names):
        return (_without_empty(row) if None in row else row for row in rows)
    return rows


def _without_empty(row: tuple[Any, ...]) -> tuple[Any, ...]:
    pairs = zip(row[::2], row[1::2], strict=True)
    return tuple(part for pair in pairs if pair[1] is not None for part in pair)


def _array(values: Sequence[Any], column: Column, longest: int | None) -> tuple[ArrowArray, dict[int, str]]:
    """As Arrow reads them at once; where it refuses, one by one to find those at fault."""
    kind = column.type
    if longest is not None and column.required and column.length:
        longest = min(longest, column.length)
    try:
        return _at_once(values, kind, longest), {}
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError, TypeError):
        fit, unfit = fitted(values, kind, strict=column.required, longest=longest)
        return pa.array(fit, ARROW[kind]), unfit


def _at_once(values: Sequence[Any], kind: Type, longest: int | None) -> ArrowArray:
    if kind in (Type.JSON, Type.DECIMAL):
        raise TypeError("one by one")
    if kind in (Type.INTEGER, Type.MONEY_MINOR):
        return _whole_numbers(values, kind)
    if kind in (Type.TIMESTAMP, Type.DATE):
        return _times(values, kind)
    array = pa.array(values, ARROW[kind])
    if kind is Type.TEXT and (_has_nul(array) or _is_longer(array, longest)):
        raise TypeError("one by one")
    return array


def _times(values: Sequence[Any], kind: Type) -> ArrowArray:
    """Arrow also knows the year 0 and the year 10000; nobody else does."""
    array = pa.array(values, pa.string()).cast(ARROW[kind])
    ends: Any = pc.min_max(array.cast(pa.int64() if kind is Type.TIMESTAMP else pa.int32()))
    first, last = FIRST_AND_LAST[kind]
    if array.null_count < len(array) and not first <= ends["min"].as_py() <= ends["max"].as_py() <= last:
        raise TypeError("one by one")
    return array


def _is_longer(array: ArrowArray, longest: int | None) -> bool:
    if longest is None:
        return False
    most: Any = pc.max(pc.binary_length(array))  # type: ignore[call-overload] # of texts
    return (most.as_py() or 0) > longest


def _whole_numbers(values: Sequence[Any], kind: Type) -> ArrowArray:
    """Arrow would cut fractions off."""
    if not set(map(type, values)) <= {int, type(None)}:
        raise TypeError("one by one")
    array = pa.array(values, ARROW[kind])
    ends: Any = pc.min_max(array)
    if (
        kind is Type.MONEY_MINOR
        and max(abs(ends["min"].as_py() or 0), abs(ends["max"].as_py() or 0)) > MOST_CENTS
    ):
        raise TypeError("one by one")
    return array


def _hex(digests: Sequence[bytes]) -> ArrowArray:
    """As texts, in one piece: one for each takes as long as its digest."""
    text = b"".join(digests).hex().encode()
    ends = pa.array(range(0, len(text) + 1, 2 * hashlib.sha256().digest_size), pa.int32())
    return pa.Array.from_buffers(pa.string(), len(digests), [None, ends.buffers()[1], pa.py_buffer(text)])


def _has_nul(array: ArrowArray) -> bool:
    """PostgreSQL's text holds no NUL."""
    data = array.buffers()[2]
    return data is not None and b"\0" in data.to_pybytes()


def _without(batch: pa.RecordBatch, unfit: dict[int, tuple[str, str]]) -> pa.RecordBatch:
    if not unfit:
        return batch
    return batch.filter(pa.array([number not in unfit for number in range(batch.num_rows)]))


def _key(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_KEY else None


def _getter(path: str, explode: str | None) -> Getter:
    if explode:
        return _item_getter(path)
    if "." not in path:
        return _field_getter(path)
    return lambda rows: [_at(row, path) for row in rows]


def _field_getter(path: str) -> Getter:
    take = itemgetter(path)

    def get(rows: Sequence[Row]) -> list[Any]:
        try:
            return list(map(take, rows))  # twice as quick as `get` row by row
        except KeyError:
            return [row.get(path) for row in rows]

    return get


def _item_getter(path: str) -> Getter:
    if path == "item":
        return lambda items: [item for _, item in items]
    if path.startswith("parent."):
        rest = path.removeprefix("parent.")
        return lambda items: [_at(parent, rest) for parent, _ in items]
    return lambda items: [_at(item, path) for _, item in items]


def _at(row: Any, path: str) -> Any:
    return reduce(_inside, path.split("."), row)


def _inside(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _exploded(rows: Sequence[Row], path: str) -> list[tuple[Row, Any]]:
    found = ((row, _at(row, path)) for row in rows)
    return [(row, item) for row, items in found if isinstance(items, list) for item in items]


def _known_fields(mapping: StreamMapping) -> frozenset[str]:
    """First parts of all paths, and what is left out on purpose (also as personal data)."""
    paths = (column.source or "" for column in mapping.all_columns)
    computed = {"date", "customer-uuid", "subscription-external-id"} if _computes(mapping.columns) else set()
    return frozenset({path.split(".")[0] for path in paths} | set(mapping.known_fields) | computed)


def _computes(columns: Iterable[Column]) -> bool:
    return any(column.compute for column in columns)
