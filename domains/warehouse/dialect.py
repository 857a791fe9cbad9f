"""What differs between engines in words, not in protocol. The base speaks standard SQL; an engine
overrides what it says differently. No parameters: values are our own, few, and one engine takes a script."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from models.warehouse import Type
from models.warehouse_tables import FieldOf, Table

ANSI = {
    Type.TEXT: "varchar",
    Type.INTEGER: "bigint",
    Type.MONEY_MINOR: "bigint",
    Type.DECIMAL: "decimal(18,4)",
    Type.TIMESTAMP: "timestamptz",
    Type.DATE: "date",
    Type.BOOLEAN: "boolean",
    Type.JSON: "json",
}


class Dialect:
    """All names are unquoted and without a schema: the connection's default schema is ours."""

    name: str = "standard"
    types: Mapping[Type, str] = ANSI
    copies_to_widen: bool = False
    """Changes no number's type in place."""
    has_comments: bool = True
    """Takes `comment on`. Where it does not, comments are given in the definitions."""

    # -- values

    def text(self, value: str | None) -> str:
        return "null" if value is None else "'" + value.replace("'", "''") + "'"

    def texts(self, values: Sequence[str]) -> str:
        """What follows `in`; `values` are not none."""
        return f"({', '.join(self.text(value) for value in values)})"

    def instant(self, value: datetime | None) -> str:
        """A literal of the type that `timestamp` is here."""
        if value is None:
            return self.null(Type.TIMESTAMP)
        return self.cast(f"'{value.astimezone(UTC).isoformat()}'", Type.TIMESTAMP)

    def day(self, value: date) -> str:
        return f"date '{value.isoformat()}'"

    def boolean(self, value: bool) -> str:
        return "true" if value else "false"

    def null(self, kind: Type) -> str:
        return self.cast("null", kind)

    # -- types and expressions

    def type(self, field: FieldOf) -> str:
        return self.types[field.type]

    def staged_type(self, field: FieldOf) -> str:
        """Type in staging, where JSON is still text."""
        return self.types[Type.TEXT] if field.type is Type.JSON else self.type(field)

    def cast(self, expression: str, kind: Type) -> str:
        return f"cast({expression} as {self.types[kind]})"

    def from_staged(self, expression: str, field: FieldOf) -> str:
        return self.parse_json(expression) if field.type is Type.JSON else expression

    def parse_json(self, expression: str) -> str:
        return self.cast(expression, Type.JSON)

    def in_json(self, expression: str, kind: Type) -> str:
        """A value as `json_object` takes it."""
        return expression

    def json_object(self, pairs: Mapping[str, str]) -> str:
        """A JSON value of the type `json`, from names to expressions."""
        return f"json_object({', '.join(f'{self.text(n)}, {e}' for n, e in pairs.items())})"

    def month(self, instant: str, zone: str = "UTC") -> str:
        """First day of the instant's month in a time zone, as a date."""
        return f"cast(date_trunc('month', {instant} at time zone {self.text(zone)}) as date)"

    def day_of(self, instant: str, zone: str = "UTC") -> str:
        """The instant's day in a time zone, as a date."""
        return f"cast({instant} at time zone {self.text(zone)} as date)"

    def add_months(self, day: str, count: str) -> str:
        """The date `count` months later, as a date."""
        return f"cast({day} + {count} * interval '1 month' as date)"

    def second(self, instant: str) -> str:
        """Whole seconds since 1970: some drivers take ten times as long to make an instant of a row."""
        return self.cast(f"floor(extract(epoch from {instant}))", Type.INTEGER)

    def now(self) -> str:
        return "current_timestamp"

    def major(self, cents: str, digits: int) -> str:
        """An amount in whole units, exact: cast before dividing, never a float."""
        factor = "0." + "0" * (digits - 1) + "1" if digits else "1"
        return f"cast(cast({cents} as decimal(18,4)) * {factor} as decimal(18,4))"

    # -- statements

    def merge(
        self,
        target: str,
        source: str,
        key: Sequence[str],
        update: Mapping[str, str],
        insert: Mapping[str, str],
    ) -> str:
        """The form that every engine takes: a plain table as source, both branches, no conditions, no alias.
        `update` and `insert` go from columns to expressions."""
        on = " and ".join(f"{target}.{column} = {source}.{column}" for column in key)
        changed = ", ".join(f"{column} = {value}" for column, value in update.items())
        return (
            f"merge into {target} using {source} on {on} when matched then update set {changed} "
            f"when not matched then insert ({', '.join(insert)}) values ({', '.join(insert.values())})"
        )

    # -- definitions

    def create_table(self, table: Table) -> str:
        columns = [self._column(field) for field in table.fields]
        if table.key:
            columns.append(self.primary_key(table.key))
        inside = ", ".join(column for column in columns if column)
        return f"create table if not exists {table.name} ({inside}){self.layout(table)}"

    def _column(self, field: FieldOf) -> str:
        return f"{field.name} {self.type(field)}{' not null' if field.required else ''}"

    def primary_key(self, key: Sequence[str]) -> str:
        return f"primary key ({', '.join(key)})"

    def layout(self, table: Table) -> str:
        """What follows the columns: partitions, clusters, distribution."""
        return ""

    def create_staging(self, name: str, fields: Sequence[FieldOf]) -> str:
        columns = ", ".join(f"{field.name} {self.staged_type(field)}" for field in fields)
        return f"create temporary table {name} ({columns})"

    def create_scratch(self, name: str, select: str) -> str:
        """A table for this load alone. Where it outlives the connection, with an expiry."""
        return f"create temporary table {name} as {select}"

    def after_filling(self, name: str) -> Sequence[str]:
        """Statements that a freshly filled scratch table needs, statistics say."""
        return ()

    def add_column(self, table: str, field: FieldOf) -> str:
        return f"alter table {table} add column {field.name} {self.type(field)}"

    def widen(self, table: str, field: FieldOf) -> str:
        return f"alter table {table} alter column {field.name} type {self.type(field)}"

    def widening(self, table: str, field: FieldOf, there: Collection[str]) -> list[str]:
        """Statements that widen a column, from wherever an attempt that was cut off has left it."""
        if not self.copies_to_widen:
            return [self.widen(table, field)]
        copy = replace(field, name=f"{field.name[:50]}_wider")
        filled = f"update {table} set {copy.name} = {self.cast(field.name, field.type)} "
        copying = [] if copy.name in there else [self.add_column(table, copy)]
        if field.name in there:
            copying.append(f"{filled}where {copy.name} is null and {field.name} is not null")
            copying.append(f"alter table {table} drop column {field.name}")
        return [*copying, f"alter table {table} rename column {copy.name} to {field.name}"]

    def half_widened(self, field: FieldOf, there: Collection[str]) -> bool:
        """Whether the column was dropped, and its copy not renamed yet."""
        return self.copies_to_widen and f"{field.name[:50]}_wider" in there and field.name not in there

    def drop_view(self, name: str) -> str:
        return f"drop view if exists {name}"

    def create_view(self, name: str, select: str, comment: str, columns: Mapping[str, str]) -> str:
        """`columns` are all of its columns, or none, with their comments; for an engine without
        `comment on`."""
        return f"create or replace view {name} as {select}"

    def comment_on(self, kind: str, name: str, text: str) -> str:
        """`kind` is table, view or column; a column's name is `table.column`."""
        return f"comment on {kind} {name} is {self.text(text)}"

    # -- what is there

    def same_type(self, there: str, field: FieldOf) -> bool:
        """Whether a type as `Session.columns` tells it is the one that the mapping wants."""
        return there.lower() == self.type(field).lower()

    def can_widen(self, there: str, field: FieldOf) -> bool:
        """Whether every value of the type that is there is one of the type wanted."""
        return False
