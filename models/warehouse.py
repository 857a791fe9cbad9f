"""The mapping: which field of ChartMogul's streams goes to which column, config/warehouse.yaml."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import ConfigRecord

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""Lower snake case, never quoted: Snowflake folds what is unquoted to upper case."""

Stream = Literal[
    "mrr_movements",
    "customers",
    "subscriptions",
    "invoices",
    "plans",
    "plan_groups",
    "data_sources",
    "metrics",
]

_WORDS = """
all and any as asc between by case cast column create cross current_date date day default delete desc distinct
drop else end except exists false from full grant group having in inner insert interval into is join left like
limit merge not null offset on or order outer partition primary range references right row rows select set
table then time timestamp to true union unique update user using values when where window with year month
"""
RESERVED = frozenset(_WORDS.split())
"""Words that one of the engines does not take for a name."""

LONGEST_TEXT = 65_535
"""Bytes of Redshift's longest varchar."""


class Type(StrEnum):
    """Types that every engine has; each `Dialect` names its own for them."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY_MINOR = "money_minor"
    DECIMAL = "decimal"
    TIMESTAMP = "timestamp"
    DATE = "date"
    BOOLEAN = "boolean"
    JSON = "json"


class Transform(StrEnum):
    """A closed list, applied in the order given: expressions would be code in configuration."""

    UTC_TIMESTAMP = "utc_timestamp"
    """A time without an offset is UTC."""
    LOWER = "lower"
    TRIM = "trim"
    JOIN = "join"
    """A list as text, separated by commas."""
    FIRST = "first"
    ONLY = "only"
    """The element of a list that has one, leaving repetitions out; else null."""
    JSON = "json"
    """The value as JSON text."""
    SHA256 = "sha256"
    MASK = "mask"


class Column(ConfigRecord):
    """`from` is a path into the source's row: `attributes.custom.tier`. In a child table it leads into
    the list's element, `item` is the element itself, and `parent.uuid` a field of the row around it."""

    name: Name
    source: str | None = Field(default=None, alias="from", min_length=1, description="Path in the row")
    compute: Literal["event_id", "seq_in_instant"] | None = Field(
        default=None, description="In the place of `from`: what we know of a movement beyond its row"
    )
    type: Type
    required: bool = Field(default=False, description="A row without it is rejected")
    hash: bool = Field(default=True, description="A change of this field alone changes the row")
    pii: Literal["mask", "hash", "drop"] | None = Field(default=None, description="Personal data")
    transform: list[Transform] = []
    length: int | None = Field(
        default=None, ge=1, le=LONGEST_TEXT, description="Longest text in bytes, where the engine wants one"
    )
    was: Name | None = Field(default=None, description="Its name before; a view shows both")
    description: str = Field(default="", description="Comment of the column")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.source is None) == (self.compute is None):
            raise ValueError("a column has either `from` or `compute`")
        if self.name in RESERVED:
            raise ValueError(f"{self.name} is a reserved word in one of the engines")
        return self

    @property
    def hashed(self) -> bool:
        return self.hash and self.compute is None


class Promoted(ConfigRecord):
    """A custom attribute of customers with a column of its own; `custom.` stands for where they lie."""

    name: Name
    source: str = Field(alias="from", pattern=r"^custom\.[A-Za-z0-9_ -]+$")
    type: Type
    pii: Literal["mask", "hash", "drop"] | None = None
    description: str = ""

    @property
    def column(self) -> Column:
        given = self.model_dump() | {"source": f"attributes.{self.source}"}
        return Column.model_validate(given)


class CustomAttributes(ConfigRecord):
    promote: list[Promoted] = []


class Read(ConfigRecord):
    """window: `look_back_days` every night, all every `full_every_days`. per_customer: those that changed,
    and all others within `sweep_nights`."""

    mode: Literal["full", "window", "per_customer"] = "full"
    column: Name | None = Field(default=None, description="The instant that a window is of")
    look_back_days: int = Field(default=90, ge=1)
    full_every_days: int = Field(default=7, ge=1)
    full_up_to_rows: int = Field(default=500_000, ge=0, description="So small a history is read whole")
    sweep_nights: int = Field(default=7, ge=1)

    @model_validator(mode="after")
    def _window_of_something(self) -> Self:
        if (self.mode == "window") != (self.column is not None):
            raise ValueError("`column` belongs to the mode window, and only to it")
        return self


class Parent(ConfigRecord):
    """A table whose rows belong to another's. What is gone from a parent that was read is gone."""

    stream: str = Field(description="Target of the parent")
    column: Name = Field(description="Column here that names the parent's row, by its key")


class ChangeLog(ConfigRecord):
    """Keeps each change of a row that was there, with before and after."""

    table: Name
    amount: Name
    at: Name


class StreamMapping(ConfigRecord):
    """One table of the warehouse. `stream` says what is read, `explode` which list of its rows is meant."""

    stream: Stream
    target: Name
    key: list[Name] = Field(min_length=1)
    columns: list[Column] = Field(min_length=1)
    read: Read = Read()
    parent: Parent | None = None
    explode: str | None = Field(default=None, description="Path of a list; each element is a row here")
    same_as: list[list[Name]] = Field(
        default=[], description="Columns that tell that a row is an old one under another key: all of a list"
    )
    changes: ChangeLog | None = None
    unknown_fields: Literal["keep_in_raw", "ignore", "fail"] = "keep_in_raw"
    known_fields: list[str] = Field(default=[], description="Fields that are left out on purpose")
    custom_attributes: CustomAttributes = CustomAttributes()
    description: str = ""

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        names = [column.name for column in self.all_columns]
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise ValueError(f"columns must be unique: {', '.join(twice)}")
        if unknown := sorted(self._named() - {column.name for column in self.written}):
            raise ValueError(f"no such column: {', '.join(unknown)}")
        if optional := [column.name for column in self.written if self._must_be_required(column)]:
            raise ValueError(f"columns of the key must be required: {', '.join(optional)}")
        if self.explode and not self.parent:
            raise ValueError("`explode` needs `parent`")
        if self.same_as and len(self.key) > 1:
            raise ValueError("`same_as` needs a key of one column")
        return self

    def _named(self) -> set[str]:
        """Columns that the rest of the mapping speaks of."""
        found = {self.read.column, self.parent and self.parent.column}
        found |= {name for names in self.same_as for name in names}
        if self.changes:
            found |= {self.changes.amount, self.changes.at}
        return {name for name in found if name} | set(self.key)

    def _must_be_required(self, column: Column) -> bool:
        return column.name in self.key and not column.required

    @property
    def all_columns(self) -> list[Column]:
        return [*self.columns, *(each.column for each in self.custom_attributes.promote)]

    @property
    def written(self) -> list[Column]:
        return [column for column in self.all_columns if column.pii != "drop"]

    @property
    def keeps_raw(self) -> bool:
        return self.unknown_fields == "keep_in_raw" and not self.explode

    @property
    def strikes(self) -> int:
        """Complete reads without a row, until it counts as deleted. A list inside a row that was read
        is whole: nothing can have been lost at a page's edge."""
        return 1 if self.explode else 2

    @property
    def version(self) -> str:
        """Changes with everything that changes what is written."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


class Restated(ConfigRecord):
    """Who hears that ChartMogul has restated history, in Slack, and from how much on."""

    channel: str | None = Field(default=None, description="Slack channel, id (safest) or #name")
    from_cents: int = Field(default=100_000, ge=0, description="MRR by which past months must have moved")


class Mapping(ConfigRecord):
    """All of config/warehouse.yaml."""

    restated: Restated = Restated()

    minor_unit_digits: dict[str, Annotated[int, Field(ge=0, le=4)]] = Field(
        default={"default": 2}, description="Decimals of amounts by currency, for the views"
    )
    streams: list[StreamMapping] = Field(min_length=1)

    @model_validator(mode="after")
    def _targets_fit(self) -> Self:
        targets = [each.target for each in self.streams]
        if twice := [name for name, count in Counter(targets).items() if count > 1]:
            raise ValueError(f"targets must be unique: {', '.join(twice)}")
        for each in self.streams:
            if each.parent and each.parent.stream not in targets:
                raise ValueError(f"{each.target}: no parent {each.parent.stream} here")
        return self

    def only(self, stream: str) -> "Mapping":
        """What one stream needs of it, parents included: a step's input stays in the run's history."""
        names = self._with_parents({each.target for each in self.of(stream)})
        return self.model_copy(update={"streams": [each for each in self.streams if each.target in names]})

    def _with_parents(self, targets: set[str]) -> set[str]:
        """Parents of parents too: a mapping without one is invalid."""
        parents = {each.parent.stream for each in self.streams if each.parent and each.target in targets}
        return targets if parents <= targets else self._with_parents(targets | parents)

    def of(self, stream: str) -> list[StreamMapping]:
        """The tables that are filled from one stream, the parent before its children."""
        return sorted(
            (each for each in self.streams if each.stream == stream), key=lambda it: bool(it.explode)
        )

    def target(self, name: str) -> StreamMapping | None:
        return next((each for each in self.streams if each.target == name), None)

    @property
    def read_streams(self) -> Iterable[str]:
        return dict.fromkeys(each.stream for each in self.streams)
