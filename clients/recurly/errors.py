"""What Recurly's refusals mean: judged by its own types, where the answer has its own form.

https://recurly.com/developers/api/v2021-02-25, section Errors
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from clients.kit.errors import IntegrationError, NotFound, Permanent, Unauthorized
from clients.kit.http import Call, brief, error_for, rate_limited, refused, wait_named_by
from clients.kit.rest import Reply

PASSES = {"internal_server_error", "service_not_available", "simultaneous_request", "tax_service_error"}
KEYS = "Integrations, API Credentials, Private API keys"
RIGHTS = f"In Recurly, {KEYS}, make a key that may read."

PERMANENT: dict[str, tuple[type[Permanent], str | None]] = {
    "invalid_api_key": (Unauthorized, None),
    "unauthorized": (Unauthorized, None),
    "invalid_permissions": (Unauthorized, RIGHTS),
    "missing_feature": (Unauthorized, RIGHTS),
    "not_found": (NotFound, None),
}


def error_of(call: Call, reply: Reply) -> IntegrationError:
    said = _said(reply.fields)
    type, text = str(said.get("type") or ""), str(said.get("message") or "")
    if type in PERMANENT:
        kind, advice = PERMANENT[type]
        return refused(call, kind, f"{type}: {brief(text)} (HTTP {reply.status})", advice)
    if reply.status == 429:
        return rate_limited(call, f"{type or 'rate_limited'} (HTTP 429)", _wait(reply.headers))
    words = f"{type}: {text}" if type else text
    wait = reply.headers.get("Retry-After")
    return error_for(call, reply.status, words, wait, explained=bool(type), passes=type in PASSES)


def _said(body: dict[str, Any]) -> dict[str, Any]:
    """Its answers wrap the error, its specification does not."""
    inner = body.get("error")
    return inner if isinstance(inner, dict) else body


def _wait(headers: Mapping[str, str]) -> timedelta | None:
    """Retry-After, else when Recurly says that its window ends, in seconds since 1970."""
    if (named := wait_named_by(headers.get("Retry-After"))) is not None:
        return named
    reset = headers.get("X-RateLimit-Reset", "")
    return wait_named_by(str(int(reset) - time.time())) if reset.isdecimal() and len(reset) < 12 else None
