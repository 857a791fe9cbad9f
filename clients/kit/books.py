"""What the readings of accounting systems have in common: exact amounts, numbers in notes, the days that are
read, and what is said of rows that do not fit."""

import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from clients.kit.http import mismatches
from models.billing import Said
from models.bounds import within
from models.chartmogul_values import Unfit
from models.minor_units import in_minor
from models.reconciliation.books import CashEntry, Control, Document, MonthCut

MOST_NAMED = 100
"""Rows that are left out, by name. That there are more is said."""

MOST_REFERENCES, LONGEST_REFERENCE, SHORTEST_REFERENCE, LONGEST_NOTE = 50, 100, 3, 4_000
LONGEST_ID = 100

_PARTS = re.compile(r"[\s,;:()\[\]{}<>|\"'=]+")
_ENDS = "#.-_/*!?"

Row = dict[str, Any]
R = TypeVar("R")

Exact = Annotated[Decimal, Field(allow_inf_nan=False, ge=-(10**16), le=10**16)]


class VendorRow(Said):
    """Fields have the vendor's names: `TxnDate`."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True)


@dataclass(frozen=True)
class Days:
    """From `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, cut: MonthCut, around: int) -> "Days":
        """The month in its own zone, and so many days before and after it: a document may be dated on the
        wrong side of an edge."""
        zone, more = ZoneInfo(cut.time_zone), timedelta(days=around)
        last = (cut.end - timedelta(microseconds=1)).astimezone(zone).date()
        return cls(cut.start.astimezone(zone).date() - more, last + more)


class MonthReading(Protocol):
    """One system's month. `cash` is read before `documents`; the rest is whole after both."""

    controls: list[Control]
    left_out: "LeftOut"
    changed: list[str]

    @property
    def calls(self) -> int: ...

    @property
    def progress(self) -> dict[str, int]: ...

    def cash(self) -> AsyncIterator[CashEntry]: ...

    def documents(self) -> AsyncIterator[Document]: ...


# -- amounts


def exact_minor(amount: Decimal, currency: str) -> Decimal:
    """In the currency's smallest unit, with parts of it where there are any."""
    found = in_minor(amount, currency)
    return Decimal(int(found)) if found == found.to_integral_value() else found


def minor(amount: Decimal, currency: str) -> int:
    """Raises Unfit where it is no whole number of them: nothing is rounded."""
    found = exact_minor(amount, currency)
    if found != found.to_integral_value():
        raise Unfit(f"has more decimals than {currency} has")
    return int(found)


def minor_or_none(amount: Decimal | None, currency: str) -> int | None:
    return None if amount is None else minor(amount, currency)


# -- references


def references(*texts: str | None) -> list[str]:
    """Numbers and ids in notes and memos: each part that has a digit, as it is written, once. E-mail
    addresses are none."""
    parts = (part for each in texts if each for part in _PARTS.split(each[:LONGEST_NOTE]))
    found = (part.strip(_ENDS) for part in parts if "@" not in part and any(map(str.isdigit, part)))
    fit = (part for part in found if SHORTEST_REFERENCE <= len(part) <= LONGEST_REFERENCE)
    return list(dict.fromkeys(fit))[:MOST_REFERENCES]


def unique(ids: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(each for each in ids if each))


# -- rows that do not fit


@dataclass
class LeftOut:
    """A row that cannot be read costs no more than itself, and is named."""

    names: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, name: str) -> None:
        if name in self.names:
            return
        if len(self.names) < MOST_NAMED:
            self.names.append(name)
        else:
            self.more += 1

    def said(self) -> list[str]:
        return [*self.names, f"and {self.more:,} more"] if self.more else self.names

    def read(self, kind: str, row: Any, id: Any, how: Callable[[Any], R]) -> R | None:
        """None where the row is left out."""
        name = f"{kind} {within(id, LONGEST_ID)}" if isinstance(id, str) and id else f"{kind} without an id"
        try:
            return how(row)
        except ValidationError as error:
            self.add(f"{name}: {mismatches(error)}")
        except Unfit as error:
            self.add(f"{name}: {error}")
        return None


@dataclass
class Seen:
    """Rows of one list by id: one that comes twice is one, and named where the two differ."""

    kind: str
    changed: list[str]
    twice: int = 0
    _rows: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._rows)

    def is_new(self, id: str, row: Any) -> bool:
        known, mark = self._rows.get(id), hash(repr(row))
        if known is None:
            self._rows[id] = mark
            return True
        self.twice += 1
        if known != mark and len(self.changed) < MOST_NAMED:
            self.changed.append(f"{self.kind} {within(id, LONGEST_ID)}")
        return False
