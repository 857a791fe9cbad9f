"""What Salesforce's refusals mean. Its own codes decide, in an answer of its API; the HTTP status does not:
400 may pass, and 403 may be a page of an edge server."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import requests

from clients.kit.errors import IntegrationError, Permanent, Unauthorized
from clients.kit.http import (
    Call,
    brief,
    error_for,
    rate_limited,
    refused,
    says_it_passes,
    unclear,
    wait_named_by,
)

DAILY = re.compile(r"\bTotal|daily|24.hour", re.IGNORECASE)
"""In the text of REQUEST_LIMIT_EXCEEDED, where the calls of 24 hours are used up. Others count calls at once
(ConcurrentRequests, ConcurrentPerOrgLongTxn), and are over as soon as one ends."""

API_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
"""In Sforce-Limit-Info: calls of the last 24 hours, and how many are allowed."""

PASSING = {
    "CONCURRENT_REQUESTS_LIMIT_EXCEEDED", "DATACLOUD_API_UNAVAILABLE", "EXTERNAL_SERVICE_UNAVAILABLE",
    "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE", "GATEWAY_TIMEOUT", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR",
    "INVALID_QUERY_LOCATOR", "LOGIN_DURING_RESTRICTED_TIME", "LOGIN_RATE_EXCEEDED", "ORG_IN_MAINTENANCE",
    "ORG_MIGRATION_IN_PROGRESS", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG", "SERVER_UNAVAILABLE",
    "SERVICE_UNAVAILABLE", "TRANSACTION_TIMEOUT", "UNKNOWN_EXCEPTION",
}  # fmt: skip
LOCKED = re.compile(
    r"UNABLE_TO_LOCK_ROW|unable to obtain exclusive access|Record Currently Unavailable", re.I
)
"""In code or text: an org's own trigger hands it on under CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY. Nothing is
written then, and trying again after a moment helps."""

TIMED_OUT = re.compile(r"QUERY_TIMEOUT|SERVER_UNAVAILABLE|UNKNOWN_EXCEPTION|REQUEST_LIMIT_EXCEEDED")
"""In the text of an org's own trigger that handed it on."""

THE_ORGS_WORDS = {"FIELD_CUSTOM_VALIDATION_EXCEPTION", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"}
"""Codes whose text an admin wrote: "try again" is said to people there."""

OUR_CREDENTIAL = re.compile(
    r"invalid_(client|client_id|client_credentials|grant|assertion|app_access|request|scope)$"
    r"|inactive_(user|org)$|unauthorized_client$|unsupported_grant_type$|access_denied$|app_not_found$"
    r"|redirect_uri_|oauth_\w*|no_access|api_disabled",
    re.IGNORECASE,
)
"""OAuth codes that stay until a person acts. All others may pass: unknown_error says "retry your request"."""

QUOTES_THE_VALUE = {"STRING_TOO_LONG", "INVALID_EMAIL_ADDRESS", "MALFORMED_ID"}
"""Errors whose text repeats what we sent; only the code, the fields and a length are told."""

_LONGEST = re.compile(r"\(?max length[=:] ?\d+\)?")


@dataclass(frozen=True)
class Said:
    """A refusal in Salesforce's words. `explained` is False where the answer is not of its API."""

    status: int
    explained: bool = False
    code: str = ""
    text: str = ""
    fields: tuple[str, ...] = ()
    retry_after: str | None = None
    usage: str = ""

    @property
    def is_daily(self) -> bool:
        """The day's calls are used up. Where the answer says how many are, that decides."""
        found = API_USAGE.search(self.usage)
        return int(found[1]) >= int(found[2]) if found else DAILY.search(self.text) is not None

    @property
    def detail(self) -> str:
        return brief(f"{self.code} {self.text}".strip())


def said_by(response: requests.Response) -> Said:
    """[{errorCode, message, fields}] of the API, {error, error_description} of OAuth; a list of paths where
    several records carry a key."""
    status, header = response.status_code, response.headers.get("Retry-After")
    try:
        body = response.json()
    except ValueError:
        return Said(status, retry_after=header)
    if status == requests.codes.multiple_choices and isinstance(body, list):
        return Said(status, explained=True, text=f"{len(body)} records carry the key")
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        return Said(status, retry_after=header)
    return replace(_said(first, status, header), usage=response.headers.get("Sforce-Limit-Info", ""))


def _said(error: dict[str, Any], status: int, header: str | None) -> Said:
    code = str(error.get("errorCode") or error.get("error") or "")
    text = str(error.get("message") or error.get("error_description") or "")
    given = error.get("fields")
    fields = tuple(map(str, given)) if isinstance(given, list) else ()
    return Said(status, bool(code or text), code, without_values(code, text, fields), fields, header)


def error_of(call: Call, said: Said) -> IntegrationError:
    if said.code == "REQUEST_LIMIT_EXCEEDED":
        return rate_limited(call, said.detail, wait_named_by(said.retry_after), quota=said.is_daily)
    if LOCKED.search(f"{said.code} {said.text}"):
        return unclear(call, said.detail, left=False, retry_after=wait_named_by(said.retry_after))
    error = error_for(
        call, said.status, said.detail, said.retry_after, explained=said.explained, passes=passes(said)
    )
    if isinstance(error, Permanent):
        error.code, error.fields, error.said = said.code, said.fields, brief(said.text)
    return error


def passes(said: Said) -> bool:
    return (
        said.code in PASSING
        or TIMED_OUT.search(said.text) is not None
        or (says_it_passes(said.text) and said.code not in THE_ORGS_WORDS)
    )


def sign_in_error(call: Call, said: Said) -> IntegrationError:
    """Final only where Salesforce names a lasting reason: a new token is asked for in the middle of work."""
    final = OUR_CREDENTIAL.match(said.code) and not says_it_passes(said.text) and said.status < 500
    if said.explained and final:
        return refused(call, Unauthorized, said.detail)
    return error_for(call, said.status, said.detail, said.retry_after, explained=said.explained, passes=True)


def without_values(code: str, text: str, fields: Iterable[Any]) -> str:
    """What Salesforce says of an error, without what it repeats of ours."""
    if code not in QUOTES_THE_VALUE:
        return text
    longest = _LONGEST.search(text)
    return f"in {', '.join(map(str, fields)) or 'a field'}" + (f" {longest[0]}" if longest else "")
