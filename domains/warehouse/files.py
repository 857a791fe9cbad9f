"""Rows → Parquet files of one attempt, in chunks: a million rows take no more memory than ten thousand."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from domains.warehouse.rows import CHUNK, Converter, Row, arrow_schema
from models.warehouse import StreamMapping
from models.warehouse_loads import Extracted, Reject
from models.warehouse_tables import SCOPE

ROWS_PER_FILE = 500_000
REJECTS_KEPT = 1_000
UNMAPPED_KEPT = 100
"""Names of fields without a column, those that came most often."""


class Extract:
    """Of one table. `folder` is this attempt's own. Call `finish`, or `close` to leave the files."""

    def __init__(
        self,
        folder: Path,
        mapping: StreamMapping,
        account: str = "default",
        hash_key: str = "",
        longest: int | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._mapping = mapping
        self._converter = Converter(mapping, account, hash_key, longest)
        self._rows = _Files(folder, mapping.target, self._converter.schema)
        self._parents = _Files(folder, f"{mapping.target}_parents", arrow_schema([SCOPE]))
        self._waiting: list[Row] = []
        self._rejects: list[Reject] = []
        self._emptied: list[Reject] = []
        self._rejected = 0
        self._unmapped: Counter[str] = Counter()
        self._parent_key = _parent_key(mapping)

    def add(self, rows: Sequence[Row]) -> None:
        """Rows of the stream: of the parent, where this table explodes a list. Whole seconds of movements."""
        self._waiting += rows
        if len(self._waiting) >= CHUNK:
            self._write()

    def add_parents(self, keys: Iterable[str]) -> None:
        """Parents that were read, those without a row included."""
        self._parents.add(pa.record_batch([pa.array(list(keys), pa.string())], schema=self._parents.schema))

    def finish(self) -> Extracted:
        self._write()
        self.close()
        return Extracted(
            files=self._rows.paths,
            scope_files=self._parents.paths if self._mapping.parent else None,
            rows=self._rows.count,
            rejected=self._rejected,
            rejects=self._rejects,
            emptied=self._emptied,
            unmapped=dict(self._unmapped.most_common(UNMAPPED_KEPT)),
        )

    def close(self) -> None:
        self._rows.close()
        self._parents.close()

    def _write(self) -> None:
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        converted = self._converter.convert(rows)
        self._rows.add(converted.batch)
        self._rejected += len(converted.rejects)
        self._rejects += converted.rejects[: REJECTS_KEPT - len(self._rejects)]
        self._emptied += converted.emptied[: REJECTS_KEPT - len(self._emptied)]
        self._unmapped += converted.unmapped
        if self._mapping.explode:
            self.add_parents(key for row in rows if isinstance(key := row.get(self._parent_key), str))


def _parent_key(mapping: StreamMapping) -> str:
    """The field of a parent's row that its children name it by."""
    sources = {column.name: column.source or "" for column in mapping.columns}
    return sources.get(mapping.parent.column, "").removeprefix("parent.") if mapping.parent else ""


class _Files:
    def __init__(self, folder: Path, name: str, schema: pa.Schema) -> None:
        self.schema = schema
        self.paths: list[Path] = []
        self.count = 0
        self._folder, self._name = folder, name
        self._writer: pq.ParquetWriter | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        if self._writer is None:
            self.paths.append(self._folder / f"{self._name}-{len(self.paths)}.parquet")
            # Most columns differ from row to row: dictionaries take longer, and more room
            self._writer = pq.ParquetWriter(
                self.paths[-1], self.schema, compression="zstd", use_dictionary=False
            )
        self._writer.write_batch(batch)
        self.count += batch.num_rows
        if self.count >= ROWS_PER_FILE * len(self.paths):
            self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
