"""What BigQuery says differently: GoogleSQL, and definitions with their comments in them."""

import re
from collections.abc import Mapping, Sequence

from domains.warehouse.dialect import ANSI, Dialect
from models.warehouse import Type
from models.warehouse_tables import FieldOf, Table

SCRATCH_HOURS = 24
"""Scratch tables are real ones here, since a load and a script are jobs of their own. They are dropped with
the session; one that was killed leaves its behind, for so long."""


class BigQueryDialect(Dialect):
    """Comments are in the definitions: a table takes no more than five changes in ten seconds."""

    name = "bigquery"
    has_comments = False

    def __init__(self, dataset: str) -> None:
        self._dataset = dataset

    types: Mapping[Type, str] = {
        **ANSI,
        Type.TEXT: "string",
        Type.INTEGER: "int64",
        Type.MONEY_MINOR: "int64",
        Type.DECIMAL: "numeric",
        Type.TIMESTAMP: "timestamp",
        Type.BOOLEAN: "bool",
    }

    def text(self, value: str | None) -> str:
        if value is None:
            return "null"
        for character, written in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\r", "\\r")):
            value = value.replace(character, written)
        return f"'{value}'"

    def parse_json(self, expression: str) -> str:
        """Without the mode, a number that a double cannot hold fails the load."""
        return f"parse_json({expression}, wide_number_mode => 'round')"

    def month(self, instant: str, zone: str = "UTC") -> str:
        return f"date_trunc({self.day_of(instant, zone)}, month)"

    def day_of(self, instant: str, zone: str = "UTC") -> str:
        return f"date({instant}, {self.text(zone)})"

    def add_months(self, day: str, count: str) -> str:
        return f"date_add({day}, interval {count} month)"

    def second(self, instant: str) -> str:
        return f"unix_seconds({instant})"

    def now(self) -> str:
        return "current_timestamp()"

    def major(self, cents: str, digits: int) -> str:
        factor = "0." + "0" * (digits - 1) + "1" if digits else "1"
        return f"cast(cast({cents} as numeric) * numeric '{factor}' as numeric)"

    def _column(self, field: FieldOf) -> str:
        return super()._column(field) + self._described(field.comment)

    def add_column(self, table: str, field: FieldOf) -> str:
        return super().add_column(table, field) + self._described(field.comment)

    def create_view(self, name: str, select: str, comment: str, columns: Mapping[str, str]) -> str:
        inside = ", ".join(column + self._described(text) for column, text in columns.items())
        named = f"{name} ({inside})" if columns else name
        return f"create or replace view {named}{self._described(comment)} as {self._qualified(select)}"

    def _qualified(self, select: str) -> str:
        """The default data set does not hold inside a view."""
        own = set(re.findall(r"\b(\w+) as \(", select))

        def with_dataset(found: re.Match[str]) -> str:
            return found[0] if found[2] in own else f"{found[1]} {self._dataset}.{found[2]}"

        return re.sub(r"\b(from|join) ([a-z]\w*)", with_dataset, select)

    def _described(self, text: str) -> str:
        return f" options(description = {self.text(text)})" if text else ""

    def primary_key(self, key: Sequence[str]) -> str:
        """BigQuery does not enforce one."""
        return ""

    def layout(self, table: Table) -> str:
        """By month: one statement may touch no more than 4,000 partitions, and days are soon as many."""
        parts = f" partition by timestamp_trunc({table.sorted_by}, month)" if table.sorted_by else ""
        cluster = f" cluster by {table.spread_by}" if table.sorted_by and table.spread_by else ""
        return parts + cluster + self._described(table.comment)

    def create_staging(self, name: str, fields: Sequence[FieldOf]) -> str:
        columns = ", ".join(f"{field.name} {self.staged_type(field)}" for field in fields)
        return f"create or replace table {name} ({columns}) {_EXPIRY}"

    def create_scratch(self, name: str, select: str) -> str:
        return f"create or replace table {name} {_EXPIRY} as {select}"

    def widen(self, table: str, field: FieldOf) -> str:
        return f"alter table {table} alter column {field.name} set data type {self.type(field)}"

    def can_widen(self, there: str, field: FieldOf) -> bool:
        return there == "int64" and self.type(field) == "numeric"


_EXPIRY = f"options(expiration_timestamp = timestamp_add(current_timestamp(), interval {SCRATCH_HOURS} hour))"
