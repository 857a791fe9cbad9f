"""What HubSpot's refusals mean, of a whole call and of one row in a batch. Their texts quote what was
sent, so that only codes, names of properties and ids are told."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypeVar

from clients.kit.errors import IntegrationError, NotFound, Permanent, Rejected
from clients.kit.http import (
    Call,
    brief,
    error_for,
    json_object,
    rate_limited,
    refused,
    says_it_passes,
    unclear,
    wait_named_by,
)
from models.row_outcomes import RowProblem

BURST_WAIT = timedelta(seconds=10)
"""After 429, which need not name a wait: the limit counts ten seconds."""

SEARCH_WAIT = timedelta(seconds=1)
DAILY_WAIT = timedelta(hours=1)
"""The daily limit is lifted at midnight of the HubSpot account, whose zone we do not know."""

LOCKED, LOCKED_WAIT = 423, timedelta(seconds=2)
MIGRATING = 477
FOR_SUPPORT = {522, 525, 526}
"""The edge before HubSpot does not reach it. Its documentation says to call its support."""

EXPLAINED = {"category", "message", "correlationId", "errors"}
"""An error of the API itself has one of these."""

PASSING = {"INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT", "TIMEOUT", "MIGRATION_IN_PROGRESS"}
"""Categories that pass, whatever the status."""

MISSING_SCOPES = "MISSING_SCOPES"
SAFE = {MISSING_SCOPES, "RATE_LIMITS", "INVALID_AUTHENTICATION", "EXPIRED_AUTHENTICATION"}
"""Categories whose text does not repeat what we sent."""

OF_ROWS = {"VALIDATION_ERROR", "CONFLICT"}
"""Categories of a refused batch in which single rows may be to blame ..."""

OF_ALL = re.compile(r"PROPERTY_DOESNT_EXIST|READ_ONLY_VALUE|non-unique|Invalid input JSON|batch size")
"""... unless its text says what is wrong with each alike: no half of it would fare better."""

_EXISTING = re.compile(r"Existing ID: (\d+)")
_TAKEN = re.compile(r"\b(\d+) already has that value")
_NOT_UNIQUE = re.compile(r"by non-unique \S+ property \w+")
_NESTED = re.compile(r'"(error|name)"\s*:\s*"(\w+)"')
"""In `message`, which may hold a list of errors as JSON."""

P = TypeVar("P", bound=Permanent)


class RowsRefused(Rejected):
    """A whole batch was refused for what one of its rows, or some, say. Nothing of it was written."""

    def __init__(self, system: str, message: str, problem: RowProblem) -> None:
        super().__init__(system, message)
        self.problem = problem

    def of_one(self) -> Rejected:
        """What it means where there was but one row."""
        alone = Rejected(self.system, str(self))
        alone.code, alone.said, alone.codes, alone.fields = self.code, self.said, self.codes, self.fields
        return alone


def error_of(call: Call, status: int, data: bytes, retry_after: str | None) -> IntegrationError:
    """By what HubSpot says; an answer that is not its own, of an edge server say, is no word of it."""
    body = json_object(data)
    detail, wait = brief(detail_of(body)), wait_named_by(retry_after)
    if status == 429 or _category(body) == "RATE_LIMITS":
        return rate_limited(call, detail, wait or _wait_of(body))
    if status == LOCKED:
        return unclear(call, f"{detail} (HTTP 423, locked)", left=False, retry_after=wait or LOCKED_WAIT)
    if status == MIGRATING:
        return unclear(call, f"{detail} (HTTP 477, moving)", left=False, retry_after=wait)
    if status in FOR_SUPPORT:
        detail = f"{detail} HubSpot asks to call its support where this goes on"
    passes = _category(body) in PASSING or says_it_passes(_message(body))
    explained = bool(body.keys() & EXPLAINED)
    error = error_for(call, status, detail, retry_after, explained=explained, passes=passes)
    of_rows = call.writes and status in (400, 409) and _category(body) in OF_ROWS
    if not passes and of_rows and not OF_ALL.search(str(body)):
        error = RowsRefused(call.system, str(error), row_problem(body))
    return _told(error, body) if isinstance(error, Permanent) else error


def refusal_of(call: Call, error: dict[str, Any]) -> Permanent:
    """Of the one entry in the `errors` of an answer to a write of one record."""
    kind = NotFound if _category(error) == "OBJECT_NOT_FOUND" else Rejected
    return _told(refused(call, kind, brief(detail_of(error))), error)


def _told(error: P, body: dict[str, Any]) -> P:
    error.code, error.said, error.codes = _category(body), brief(detail_of(body)), codes_in(body)
    error.fields = tuple(error.codes)
    return error


def codes_in(error: dict[str, Any]) -> dict[str, str]:
    """Codes by the property that they are of: of `errors`, else of the list that `message` may hold."""
    found = {
        str(name): str(each.get("code") or "")
        for each in _nested(error)
        for name in _listed(_context(each).get("propertyName"))
    }
    return found or {
        each["name"]: str(each.get("error") or "")
        for each in _list_in_message(error)
        if isinstance(each.get("name"), str)
    }


def row_problem(error: dict[str, Any]) -> RowProblem:
    """Of one entry in a batch answer's `errors`."""
    category, text = _category(error), brief(detail_of(error))
    if _existing_id(error) or category == "CONFLICT" or "CONFLICTING_UNIQUE_VALUE" in text:
        return RowProblem(reason="conflict", text=text)
    if category == "OBJECT_NOT_FOUND":
        return RowProblem(reason="not found", text=text)
    return RowProblem(reason="invalid" if category == "VALIDATION_ERROR" else "refused", text=text)


def _existing_id(error: dict[str, Any]) -> str | None:
    found = _EXISTING.search(_message(error)) or _TAKEN.search(_message(error))
    return found[1] if found else None


def detail_of(error: dict[str, Any]) -> str:
    """Category, codes, properties, and what else is safe to tell; HubSpot's support asks for the last."""
    category = _category(error)
    parts = [category, *sorted(set(_codes(error)) - {category})]
    if names := sorted(set(_names(error))):
        parts.append(f"in {', '.join(names)}")
    if category in SAFE:
        parts.append(f"– {_message(error)}")
    if not_unique := _NOT_UNIQUE.search(_message(error)):
        parts.append(not_unique[0])
    if scopes := _scopes(error):
        parts.append(f"needs {', '.join(scopes)}")
    if existing := _existing_id(error):
        parts.append(f"record {existing} has the value")
    if correlation := error.get("correlationId"):
        parts.append(f"[{correlation}]")
    return " ".join(part for part in parts if part)


def _category(error: dict[str, Any]) -> str:
    return str(error.get("category") or "")


def _message(error: dict[str, Any]) -> str:
    return str(error.get("message") or "")


def _codes(error: dict[str, Any]) -> Iterator[str]:
    if isinstance(error.get("subCategory"), str):
        yield error["subCategory"]
    yield from (str(each["code"]) for each in _nested(error) if each.get("code"))
    yield from (text for kind, text in _in_message(error) if kind == "error")


def _names(error: dict[str, Any]) -> Iterator[str]:
    for each in (error, *_nested(error)):
        yield from map(str, _listed(_context(each).get("propertyName")))
    yield from (text for kind, text in _in_message(error) if kind == "name")


def _scopes(error: dict[str, Any]) -> list[str]:
    found = [_context(each).get("requiredGranularScopes") for each in _nested(error)]
    return sorted({str(scope) for scopes in found if isinstance(scopes, list) for scope in scopes})


def _list_in_message(error: dict[str, Any]) -> list[dict[str, Any]]:
    _, begin, rest = _message(error).partition("[")
    try:
        found = json.loads(begin + rest[: rest.rfind("]") + 1])
    except (ValueError, RecursionError):
        return []
    return [each for each in found if isinstance(each, dict)]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _in_message(error: dict[str, Any]) -> list[tuple[str, str]]:
    return [(match[1], match[2]) for match in _NESTED.finditer(_message(error))]


def _nested(error: dict[str, Any]) -> list[dict[str, Any]]:
    errors = error.get("errors")
    return [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []


def _context(error: dict[str, Any]) -> dict[str, Any]:
    context = error.get("context")
    return context if isinstance(context, dict) else {}


def _wait_of(body: dict[str, Any]) -> timedelta:
    policy = str(body.get("policyName") or "").upper()
    message = _message(body).lower()
    if policy == "DAILY" or "daily limit" in message:
        return DAILY_WAIT
    if policy == "SECONDLY" or (not policy and re.search(r"\bsecondly", message)):
        return SEARCH_WAIT
    return BURST_WAIT
