"""What Zendesk's refusals mean. It has several forms for them, and says some in plain text."""

import re
from collections.abc import Mapping
from typing import Any

from clients.kit.errors import IntegrationError
from clients.kit.http import Call, brief, error_for, says_it_passes, unclear, wait_named_by
from clients.kit.rest import Reply

CONFLICT, TOO_MANY = 409, 429
_RESETS = re.compile(r"resets\s*=\s*(\d{1,9})")


def error_of(call: Call, reply: Reply) -> IntegrationError:
    """A conflict is with somebody who wrote the same record just then: nothing was done. That there were too
    many calls is said in plain text, mostly."""
    said, wait = _said(reply.fields), _wait(reply.headers)
    if reply.status == CONFLICT and said:
        return unclear(call, f"{brief(said)} (HTTP {CONFLICT})", left=False, retry_after=wait_named_by(wait))
    explained = bool(said) or reply.status == TOO_MANY
    return error_for(call, reply.status, said, wait, explained=explained, passes=says_it_passes(said))


def _said(body: Mapping[str, Any]) -> str:
    """Of `{error, description, details: {field: ...}}`, `{error: {title, message}}`, `{error,
    error_description}` and `{errors: [{code, title, detail}]}`. Empty where it has none of these forms."""
    error, errors = body.get("error"), body.get("errors")
    if isinstance(error, Mapping):
        return _joined(error.get("title"), error.get("message"))
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        return _joined(*(errors[0].get(name) for name in ("code", "title", "detail")))
    if not error:
        return ""
    details = body.get("details")
    fields = f"({', '.join(map(str, details))})" if isinstance(details, Mapping) and details else None
    return _joined(error, body.get("description") or body.get("error_description"), fields)


def _joined(*parts: Any) -> str:
    return " ".join(part for part in parts if isinstance(part, str) and part)


def _wait(headers: Mapping[str, str]) -> str | None:
    """Seconds: Retry-After, or what lists and single endpoints have in its place."""
    if named := headers.get("Retry-After") or headers.get("ratelimit-reset"):
        return named
    own = (value for name, value in headers.items() if name.lower().startswith("zendesk-ratelimit-"))
    return next((found[1] for value in own if (found := _RESETS.search(value))), None)
