"""HubSpot's batch answers: which row became what. Results come in any order, and a row may be missing."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import Field

from clients.hubspot.errors import detail_of, row_problem
from clients.hubspot.transport import Paged
from clients.kit.errors import Rejected
from clients.kit.http import Call, refused
from models.base import Record
from models.effects import Action
from models.hubspot import Association, HubSpotRecord, NewRow
from models.row_outcomes import RowOutcome, RowProblem

MAX_BATCH = 100
PRIMARY = {("contacts", "companies"): 1, ("companies", "contacts"): 2, ("deals", "companies"): 5}
"""Association types that HubSpot defines for a record's primary other one."""

UNANSWERED = RowProblem(
    reason="unanswered",
    text="HubSpot left the record out of its answer; it may have been merged into another.",
)
SAME_KEY = RowProblem(reason="conflict", text="An earlier row of the batch has the same key.")

T = TypeVar("T")


class Batch(Record):
    """`errors` come with status 207, or with 200: that differs by version, and is all the same to us."""

    errors: list[dict[str, Any]] = []


class Found(Batch):
    results: list[HubSpotRecord]


class _Result(Record):
    id: str
    new: bool = False
    properties: dict[str, str | None] = {}
    trace: str | None = Field(default=None, alias="objectWriteTraceId")


class Written(Batch):
    results: list[_Result]

    def outcomes(
        self, rows: Sequence[NewRow], traces: Sequence[str], key_property: str | None
    ) -> list[RowOutcome]:
        """One per row, in their order. `key_property` is None where rows are named by id."""
        written = {name: each for each in self.results for name in _names(each, key_property)}
        problems = {name: row_problem(error) for error in self.errors for name in _concerned(error)}
        return [
            _outcome(row.key, _first(written, trace, row.key), _first(problems, trace, row.key))
            for row, trace in zip(rows, traces, strict=True)
        ]


class _End(Record):
    id: str


class _AssociationType(Record):
    type_id: int = Field(alias="typeId")


class _Other(Record):
    id: int = Field(alias="toObjectId")
    types: list[_AssociationType] = Field(default=[], alias="associationTypes")


class _Associations(Paged):
    source: _End = Field(alias="from")
    to: list[_Other]


class Associations(Batch):
    results: list[_Associations]

    def add_to(self, found: dict[str, list[Association]], primary: int | None) -> list[dict[str, str]]:
        """Gather them by id; what to ask next, where a record has more than fit into an answer."""
        for each in self.results:
            found.setdefault(each.source.id, []).extend(
                Association(id=str(to.id), primary=any(t.type_id == primary for t in to.types))
                for to in each.to
            )
        return [{"id": each.source.id, "after": each.after} for each in self.results if each.after]


def at_most_a_batch(call: Call, values: Iterable[str]) -> list[str]:
    """Each once, the empty ones left out: HubSpot refuses a batch with two alike, or of more than 100."""
    found = list(dict.fromkeys(value for value in values if value))
    if len(found) > MAX_BATCH:
        raise refused(call, Rejected, f"{len(found)} at once, and HubSpot takes {MAX_BATCH}")
    return found


def only_not_found(call: Call, errors: Iterable[dict[str, Any]]) -> None:
    """A read that failed for another reason must not pass for one that found nothing."""
    for error in errors:
        if row_problem(error).reason != "not found":
            raise refused(call, Rejected, detail_of(error))


def comparable(property_name: str, value: str) -> str:
    """HubSpot keeps addresses and domains in small letters."""
    return value.strip().lower() if property_name in ("email", "domain") else value.strip()


def records_by(
    property_name: str, values: Iterable[str], records: Iterable[HubSpotRecord]
) -> dict[str, list[HubSpotRecord]]:
    """Under each value as it was asked for, the records that have it; those without any are left out."""
    found: dict[str, list[HubSpotRecord]] = {}
    for record in records:
        for value in _values(record, property_name):
            found.setdefault(comparable(property_name, value), []).append(record)
    asked = ((value, comparable(property_name, value)) for value in values)
    return {value: found[known] for value, known in asked if known in found}


def _values(record: HubSpotRecord, property_name: str) -> set[str]:
    """What finds the record: of a contact, secondary addresses as well."""
    if property_name == "hs_object_id":
        return {record.id}
    known = [record.properties.get(property_name) or ""]
    if property_name == "email":
        known += (record.properties.get("hs_additional_emails") or "").split(";")
    return {value for value in known if value}


def _names(result: _Result, key_property: str | None) -> Iterator[str]:
    """By what a result can be told to be a row's: our trace, or its key."""
    if result.trace:
        yield result.trace
    yield (result.properties.get(key_property) or "") if key_property else result.id


def _concerned(error: dict[str, Any]) -> Iterator[str]:
    context = error.get("context")
    for name in ("objectWriteTraceId", "ids"):
        named = context.get(name) if isinstance(context, dict) else None
        yield from map(str, named if isinstance(named, list) else [])


def _first(known: dict[str, T], *names: str) -> T | None:
    return next((known[name] for name in names if name in known), None)


def _outcome(key: str, written: _Result | None, problem: RowProblem | None) -> RowOutcome:
    if written is None:
        return RowOutcome(key=key, problem=problem or UNANSWERED)
    return RowOutcome(key=key, id=written.id, action=Action.CREATED if written.new else Action.UPDATED)
