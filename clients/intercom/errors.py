"""What Intercom's refusals mean: an `error.list`, of which the first error's code decides.

https://developers.intercom.com/docs/references/2.17/rest-api/errors/error-codes
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from clients.kit.errors import IntegrationError, Permanent, Rejected
from clients.kit.http import (
    Call,
    brief,
    error_for,
    rate_limited,
    refused,
    says_it_passes,
    wait_named_by,
)
from clients.kit.rest import Reply

RATE_LIMITED = {"rate_limit_exceeded", "too_many_requests"}
PASSING = {"server_error", "service_unavailable", "request_timeout"}
PLAN = "api_plan_restricted"
RIGHTS = "Give the app the right: Developer Hub, your app, Authentication, permissions."
ADVICE = {
    PLAN: "The workspace's plan does not include this: change the plan, or leave it out of the route.",
    "forbidden": RIGHTS,
    "action_forbidden": RIGHTS,
    "admin_not_found": "Set INTERCOM__ADMIN_ID to a teammate; `mogulflow doctor` names some.",
    "intercom_version_invalid": "Set INTERCOM__VERSION to a version that Intercom still has.",
}

LONGEST_WINDOW = timedelta(minutes=1)
"""Windows last ten seconds. A reset that is farther away comes of a clock that is wrong."""


def error_of(call: Call, reply: Reply) -> IntegrationError:
    """A body of any other form comes from a proxy, an edge server or a maintenance page."""
    status, (code, said) = reply.status, _first_error(reply.fields)
    named = reply.headers.get("Retry-After")
    if status == 429 or code in RATE_LIMITED:
        wait = wait_named_by(named) or until_reset(reply.headers)
        return rate_limited(call, _detail(status, code, said), wait)
    if code == PLAN:
        return _explained(refused(call, Rejected, _detail(status, code, said), ADVICE[code]), code, said)
    passes = code in PASSING or says_it_passes(said)
    error = error_for(call, status, _words(code, said), named, explained=bool(code), passes=passes)
    if not isinstance(error, Permanent):
        return error
    if code in ADVICE:
        error = refused(call, type(error), _detail(status, code, said), ADVICE[code])
    return _explained(error, code, said)


def until_reset(headers: Mapping[str, str]) -> timedelta | None:
    """X-RateLimit-Reset is an instant, in seconds since 1970: it is compared with the server's own clock
    where the answer tells it. None where nothing is left to wait for."""
    try:
        reset = float(headers.get("X-RateLimit-Reset", "nan"))
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        left = reset - (now if now.tzinfo else now.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(left) or left <= 0:
        return None
    return min(timedelta(seconds=left), LONGEST_WINDOW)


def _first_error(body: Mapping[str, Any]) -> tuple[str, str]:
    """Its code and words; empty where the answer is no `error.list`."""
    errors = body.get("errors") if body.get("type") == "error.list" else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict) or not isinstance(code := first.get("code"), str):
        return "", ""
    return brief(code), brief(str(first.get("message") or ""))


def _words(code: str, said: str) -> str:
    return ": ".join(filter(None, (code, said)))


def _detail(status: int, code: str, said: str) -> str:
    return f"{_words(code, said)} (HTTP {status})".strip()


def _explained(error: Permanent, code: str, said: str) -> Permanent:
    error.code, error.said = code, said
    return error
