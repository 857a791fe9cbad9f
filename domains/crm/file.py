"""What a run of the CRM sync knows, in a file on this machine: facts of all customers, in the order of
their ids, and where each stands. A run that is killed goes on from it, and repeats nothing that is done.

A file of SQLite: the memory of the process stays small, and what is written outlives the process."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from models.crm_facts import CustomerFacts
from models.templates.crm_sync import Left, ObjectReport, RecordPlan, Status

_TABLES = """
create table if not exists facts (customer text primary key, body text not null);
create table if not exists standing (
  object text, customer text, status text not null, way integer not null, record text,
  reason text not null, body text not null, primary key (object, customer)
);
create index if not exists by_record on standing (object, record);
create table if not exists said (name text primary key, value);
"""
_SHARED = """
select record from standing where object = ? and record is not null
group by record having count(*) > 1"""
_OF_RECORD = "select body from standing where object = ? and record = ? order by +customer"
_BY_STATUS = "select status, count(*) from standing where object = ? group by 1"
_BY_REASON = """
select reason, count(*) from standing
where object = ? and status in ('refused', 'ambiguous', 'not found')
group by 1 order by 2 desc, 1"""
_BY_KEPT = (
    "select value, count(*) from standing, json_each(body, '$.kept') where object = ? group by 1 order by 1"
)
_BY_OPEN = """
select each.key || ': ' || each.value, count(*) from standing, json_each(standing.body, '$.open') as each
where object = ? group by 1 order by 2 desc, 1"""
_LEFT = "select object, body from standing where status = ? order by object, customer limit ?"
_WITH_KEPT = """
select object, body from standing where json_array_length(body, '$.kept') > 0
order by object, customer limit ?"""
_HOW_MANY_LEFT = """
select count(*) from standing where status in ('refused', 'ambiguous', 'not found')
union all select count(*) from standing where json_array_length(body, '$.kept') > 0"""

_ORDER = (Status.REFUSED, Status.AMBIGUOUS, Status.NOT_FOUND)
"""What is for a person first, where not all can be listed."""

PERSONS = "a person's value stays"


MOST_BYTES = 400_000
"""Of the list of a report: Temporal refuses results of more than 2 MB, and warns from 512 KB on."""

MOST_RECORDS, MOST_TEXTS, LONGEST_TEXT = 5, 100, 200
OTHERS = "other reasons"


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


class RunFile:
    """Used from one thread. Blocks for as long as a block of some hundred rows takes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = sqlite3.connect(folder / "run.sqlite", isolation_level=None, timeout=30)
        self._db.executescript(f"pragma journal_mode = wal; pragma synchronous = off; {_TABLES}")

    def close(self) -> None:
        self._db.close()

    def say(self, name: str, value: int | float | str) -> None:
        self._db.execute("insert or replace into said values (?, ?)", (name, value))

    def said(self, name: str) -> Any:
        row = self._db.execute("select value from said where name = ?", (name,)).fetchone()
        return row[0] if row else None

    def begin_reading(self) -> None:
        self._db.executescript("delete from facts; delete from standing; delete from said;")

    def add(self, facts: Iterable[CustomerFacts]) -> None:
        """Of one customer those that were added last count."""
        rows = [(each.uuid, each.model_dump_json(exclude_defaults=True)) for each in facts]
        self._many("insert or replace into facts values (?, ?)", rows)

    @property
    def customers(self) -> int:
        return int(self._db.execute("select count(*) from facts").fetchone()[0])

    def all(self, size: int = 500) -> Iterator[list[CustomerFacts]]:
        yield from self._facts(
            "select body from facts where customer > ? order by customer limit ?", (), size
        )

    def looking(self, object_name: str, way: int, size: int) -> Iterator[list[CustomerFacts]]:
        """Customers that are to be looked up that way next."""
        query = """
            select facts.body from facts left join standing
              on standing.object = ? and standing.customer = facts.customer
            where coalesce(status, 'looking') = 'looking' and coalesce(way, 0) = ? and facts.customer > ?
            order by facts.customer limit ?"""
        yield from self._facts(query, (object_name, way), size)

    def note(self, object_name: str, standings: Iterable[RecordPlan]) -> None:
        rows = [(object_name, e.customer, e.status, e.way, e.record, e.reason, _body(e)) for e in standings]
        self._many("insert or replace into standing values (?, ?, ?, ?, ?, ?, ?)", rows)

    def planned(self, object_name: str, *, new: bool, size: int) -> Iterator[list[RecordPlan]]:
        """Records to make or to change."""
        query = """
            select body from standing
            where object = ? and status = ? and (record is null) = ? and customer > ?
            order by customer limit ?"""
        last = ""
        while rows := self._bodies(query, (object_name, Status.PLANNED, new, last, size)):
            yield rows
            last = rows[-1].customer

    def rivals(self, object_name: str) -> Iterator[list[RecordPlan]]:
        """Customers that were led to one record, by record."""
        for (record,) in self._db.execute(_SHARED, (object_name,)).fetchall():
            yield self._bodies(_OF_RECORD, (object_name, record))

    def sample(self, object_name: str, size: int) -> list[RecordPlan]:
        return next(self.planned(object_name, new=False, size=size), []) or next(
            self.planned(object_name, new=True, size=size), []
        )

    def name_of(self, customer: str) -> str:
        """As people know it: the company, else the name."""
        row = self._db.execute("select body from facts where customer = ?", (customer,)).fetchone()
        facts = CustomerFacts.model_validate_json(row[0]) if row else None
        return facts.label if facts else ""

    def report(self, object_name: str) -> ObjectReport:
        counts = {Status(name): count for name, count in self._counts(_BY_STATUS, object_name).items()}
        return ObjectReport(
            object=object_name,
            counts=counts,
            reasons=self._counts(_BY_REASON, object_name),
            kept=self._counts(_BY_KEPT, object_name),
            open=self._counts(_BY_OPEN, object_name),
        )

    def left(self, most: int, most_bytes: int = MOST_BYTES) -> tuple[list[Left], int]:
        """Customers whose record was not written, or not whole; and how many more there are."""
        found: list[Left] = []
        for each in self._all_left(most):
            most_bytes -= len(each.model_dump_json().encode())
            if most_bytes < 0:
                break
            found.append(each)
        return found, sum(row[0] for row in self._db.execute(_HOW_MANY_LEFT)) - len(found)

    def _all_left(self, most: int) -> Iterator[Left]:
        for status in _ORDER:
            for name, body in self._db.execute(_LEFT, (status, most)):
                most -= 1
                yield _left(name, RecordPlan.model_validate_json(body))
        for name, body in self._db.execute(_WITH_KEPT, (most,)):
            yield _kept(name, RecordPlan.model_validate_json(body))

    def _counts(self, query: str, object_name: str) -> dict[str, int]:
        """The most frequent first; the sum is exact, whatever the number and length of the texts."""
        found: dict[str, int] = {}
        for text, count in self._db.execute(query, (object_name,)):
            name = cut(str(text), LONGEST_TEXT)
            name = name if name in found or len(found) < MOST_TEXTS else OTHERS
            found[name] = found.get(name, 0) + count
        return found

    def _facts(self, query: str, given: tuple[Any, ...], size: int) -> Iterator[list[CustomerFacts]]:
        last = ""
        while rows := self._db.execute(query, (*given, last, size)).fetchall():
            facts = [CustomerFacts.model_validate_json(body) for (body,) in rows]
            yield facts
            last = facts[-1].uuid

    def _bodies(self, query: str, given: tuple[Any, ...]) -> list[RecordPlan]:
        return [RecordPlan.model_validate_json(body) for (body,) in self._db.execute(query, given).fetchall()]

    def _many(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._db.execute("begin immediate")
        try:
            self._db.executemany(statement, rows)
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")


def _body(each: RecordPlan) -> str:
    """What was written is not needed any more; a million fields would fill the disk."""
    written = each.status is not Status.PLANNED
    return each.model_dump_json(exclude_defaults=True, exclude={"changes"} if written else None)


def _left(name: str, each: RecordPlan) -> Left:
    found = each.candidates or ([each.record] if each.record else [])
    return Left(
        object=name,
        customer=each.customer,
        reason=cut(each.reason, LONGEST_TEXT),
        detail=cut(each.detail, LONGEST_TEXT),
        records=found[:MOST_RECORDS],
        more_records=max(0, len(found) - MOST_RECORDS),
    )


def _kept(name: str, each: RecordPlan) -> Left:
    records = [each.record] if each.record else []
    return Left(
        object=name,
        customer=each.customer,
        reason=PERSONS,
        detail=cut(", ".join(each.kept), LONGEST_TEXT),
        records=records,
    )
