"""Salesforce in bulk: up to 200 records a call, each with an outcome of its own.

Writes are by id or by a unique external id, so that a whole call may be repeated. At most half of the
client's threads work here: a live event finds one free.
"""

import asyncio
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import quote_plus

from pydantic import AliasChoices, Field
from simple_salesforce.format import format_soql, quote_soql_value

from clients.kit.http import Call, brief, parsed, unclear
from clients.salesforce.errors import LOCKED, PASSING, without_values
from clients.salesforce.transport import Org, SalesforceTransport, api_name, json_value
from models.base import Record
from models.effects import Action
from models.row_outcomes import Reason, RowOutcome, RowProblem
from models.web_domains import spellings

MOST_ROWS = 200
LONGEST_LIST = 12_000
"""Bytes of the values in a query's URL: Salesforce refuses URLs of more than 16,384 with all else in it."""

ALLOW_SAVE = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
"""Past rules set to "Allow, with alert"; those set to "Block" still refuse. Never where a record is made."""

_REASONS: dict[str, Reason] = {
    "DUPLICATE_VALUE": "conflict",
    "DUPLICATES_DETECTED": "conflict",
    "DUPLICATE_EXTERNAL_ID": "conflict",
    "ENTITY_IS_DELETED": "not found",
    "INVALID_CROSS_REFERENCE_KEY": "not found",
    "NOT_FOUND": "not found",
    "INVALID_FIELD": "invalid",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "invalid",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "invalid",
    "MALFORMED_ID": "invalid",
    "MISSING_ARGUMENT": "invalid",
    "REQUIRED_FIELD_MISSING": "invalid",
    "STRING_TOO_LONG": "invalid",
    "UNKNOWN": "unanswered",
}
"""Others are rules of the org: refused."""

PASSES = ("locked", "unanswered")
"""What may well succeed a little later."""

SalesforceRecord = dict[str, Any]
T = TypeVar("T")


class DailyCalls(NamedTuple):
    """API calls of the org in any 24 hours."""

    most: int
    left: int


class _Error(Record):
    code: str = Field(default="", validation_alias=AliasChoices("statusCode", "errorCode"))
    message: str = ""
    fields: list[str] = []


NO_REASON = _Error(statusCode="UNKNOWN", message="Salesforce gave no reason")


class _Row(Record):
    id: str | None = None
    success: bool
    created: bool = False
    errors: list[_Error] = []


class _Rows(Record):
    rows: list[_Row]


class _Limit(Record):
    most: int = Field(alias="Max")
    left: int = Field(alias="Remaining")


class _Limits(Record):
    daily: _Limit = Field(alias="DailyApiRequests")


class SalesforceBulk:
    def __init__(self, transport: SalesforceTransport, threads: int, timeout_seconds: float) -> None:
        self._transport = transport
        self._slots = asyncio.Semaphore(max(1, threads // 2))
        self._timeout = timeout_seconds
        self._threads = threads

    def for_live_events(self) -> Self:
        """The same connection, with every thread of it: bulk work that waits is not waited for."""
        live = copy.copy(self)
        live._slots = asyncio.Semaphore(self._threads)
        return live

    async def daily_calls(self) -> DailyCalls:
        call = Call("salesforce", "read the org's limits")
        answer = await self._run(call, lambda org: org.library.restful("limits", timeout=self._timeout))
        limits = parsed(call, _Limits, answer)
        return DailyCalls(limits.daily.most, limits.daily.left)

    async def find(
        self, object_type: str, field: str, values: Sequence[str], fields: Iterable[str]
    ) -> dict[str, list[SalesforceRecord]]:
        """Records by each value of `field`, without regard to case, 200 to a call; `fields` may lead to a
        parent (Account.Name). A value that nobody has is left out."""
        rows = await self._rows_with(object_type, field, values, fields)
        return _by_value(rows, field, {value.lower(): value for value in values})

    async def accounts_of_contacts(
        self, emails: Sequence[str], fields: Iterable[str]
    ) -> dict[str, list[SalesforceRecord]]:
        """Accounts of the contacts with each e-mail, as `find` gives them; each account once."""
        columns = [f"Account.{name}" for name in ("Id", *fields)]
        contacts = await self.find("Contact", "Email", emails, columns)
        found = {email: _accounts_in(rows) for email, rows in contacts.items()}
        return {email: accounts for email, accounts in found.items() if accounts}

    async def find_by_domain(
        self, object_type: str, field: str, domains: Sequence[str], fields: Iterable[str]
    ) -> dict[str, list[SalesforceRecord]]:
        """Records by domain, where `field` holds it bare or as the URL of a website's front page."""
        spellings = {text: domain for domain in domains for text in _spellings(domain)}
        rows = await self._rows_with(object_type, field, list(spellings), fields)
        return _by_value(rows, field, spellings)

    async def update(self, object_type: str, rows: Mapping[str, Mapping[str, Any]]) -> list[RowOutcome]:
        """Set fields of up to 200 records by id, in the order given. No answer at all raises.

        A duplicate rule that only alerts is passed: the records are there, and stay as many as they were.
        """
        records = [{"id": id, **values} for id, values in rows.items()]
        return await self._write(object_type, "composite/sobjects", records, list(rows), None, ALLOW_SAVE)

    async def upsert(
        self, object_type: str, key_field: str, rows: Mapping[str, Mapping[str, Any]]
    ) -> list[RowOutcome]:
        """Create or update up to 200 records by their value of a unique external-id field."""
        records = [{**values, key_field: key} for key, values in rows.items()]
        path = f"composite/sobjects/{api_name(object_type)}/{api_name(key_field)}"
        return await self._write(object_type, path, records, list(rows), key_field)

    async def _rows_with(
        self, object_type: str, field: str, values: Sequence[str], fields: Iterable[str]
    ) -> list[SalesforceRecord]:
        names = ", ".join(dict.fromkeys(map(api_name, ("Id", field, *fields))))
        soql = f"SELECT {names} FROM {api_name(object_type)} WHERE {api_name(field)} IN {{}}"
        call = Call("salesforce", f"find {len(values)} records of {object_type} by {field}")
        queries = [format_soql(soql, list(part)) for part in _parts(values)]
        found = await asyncio.gather(*(self._run(call, _query(text)) for text in queries))
        return [row for rows in found for row in rows]

    async def _write(
        self,
        object_type: str,
        path: str,
        records: list[SalesforceRecord],
        keys: list[str],
        key_field: str | None,
        headers: Mapping[str, str] | None = None,
    ) -> list[RowOutcome]:
        if len(records) > MOST_ROWS:
            raise ValueError(f"{len(records)} rows at once; {MOST_ROWS} is the most")
        if not records:
            return []
        call = Call("salesforce", f"write {len(records)} records of {object_type}", writes=True)
        body = {"allOrNone": False, "records": [_as_json(object_type, each) for each in records]}
        given: dict[str, Any] = {"json": body, "timeout": self._timeout, "headers": dict(headers or {})}
        answer = await self._run(call, lambda org: org.library.restful(path, method="PATCH", **given))
        outcomes = parsed(call, _Rows, {"rows": answer}).rows
        if len(outcomes) != len(records):
            raise unclear(call, f"{len(outcomes)} rows were answered")
        return [_outcome(key, row, key_field) for key, row in zip(keys, outcomes, strict=True)]

    async def _run(self, call: Call, work: Callable[[Org], T]) -> T:
        async with self._slots:
            return await self._transport.run(call, work)


def _query(soql: str) -> Callable[[Org], list[SalesforceRecord]]:
    return lambda org: org.query(soql)


def _parts(values: Sequence[str]) -> Iterator[list[str]]:
    """Cut so that each list fits into a URL."""
    part: list[str] = []
    length = 0
    for value in dict.fromkeys(values):
        size = len(quote_plus(quote_soql_value(value) + ","))
        if part and (length + size > LONGEST_LIST or len(part) == MOST_ROWS):
            yield part
            part, length = [], 0
        part.append(value)
        length += size
    if part:
        yield part


def _by_value(
    rows: Iterable[SalesforceRecord], field: str, names: Mapping[str, str]
) -> dict[str, list[SalesforceRecord]]:
    found: dict[str, list[SalesforceRecord]] = {}
    for row in rows:
        name = names.get(str(row[field]).lower())
        if name is not None:  # Salesforce also ignores spaces and accents that we would not
            found.setdefault(name, []).append(row)
    return found


def _spellings(domain: str) -> list[str]:
    hosts = [f"{www}{name}" for name in spellings(domain) for www in ("", "www.")]
    bare = hosts + [f"{scheme}://{host}" for scheme in ("https", "http") for host in hosts]
    return bare + [f"{each}/" for each in bare]


def _accounts_in(contacts: Iterable[SalesforceRecord]) -> list[SalesforceRecord]:
    accounts = [contact["Account"] for contact in contacts if contact.get("Account")]
    by_id = {account["Id"]: account for account in accounts}
    return [{k: v for k, v in each.items() if k != "attributes"} for each in by_id.values()]


def _as_json(object_type: str, record: SalesforceRecord) -> SalesforceRecord:
    values = {api_name(name): json_value(value) for name, value in record.items()}
    return {"attributes": {"type": api_name(object_type)}, **values}


def _outcome(key: str, row: _Row, key_field: str | None) -> RowOutcome:
    if row.success:
        action = Action.CREATED if row.created else Action.UPDATED
        return RowOutcome(key=key, id=row.id, action=action)
    error = row.errors[0] if row.errors else NO_REASON
    words = brief(without_values(error.code, error.message, error.fields))
    reason = _reason(error, key_field)
    problem = RowProblem(reason=reason, text=f"{error.code}: {words}", passes=reason in PASSES)
    return RowOutcome(key=key, problem=problem)


def _reason(error: _Error, key_field: str | None) -> Reason:
    if LOCKED.search(f"{error.code} {error.message}"):
        return "locked"
    if error.code == "DUPLICATE_VALUE" and key_field and key_field in error.message:
        return "locked"  # another call has made the record in between: the next one updates it
    if error.code in PASSING:
        return "unanswered"
    return _REASONS.get(error.code, "refused")
