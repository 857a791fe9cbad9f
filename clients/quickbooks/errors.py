"""What QuickBooks' refusals mean: judged by the `Fault` in the answer, which comes with HTTP 200, too.

https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
"""

from datetime import timedelta
from typing import Any

from clients.kit.errors import IntegrationError, NotFound, Permanent, Unauthorized
from clients.kit.http import Call, brief, error_for, rate_limited, refused, unclear, wait_named_by
from clients.kit.rest import Reply

THROTTLED_FOR = timedelta(seconds=60)
"""Intuit says to wait so long; its answers have no Retry-After."""

THROTTLED = {"3001", "3002"}
NOT_SIGNED_IN = {"3200", "3201", "3202"}
NO_RIGHT = {"3100", "5020"}
NOT_THERE = {"610"}
PASSES = {"10000", "3003"}
COMPANY = "Connect the company in QUICKBOOKS__<ACCOUNT>__COMPANY_ID anew, as an admin of it."


def doubtful(reply: Reply) -> bool:
    """Whether a good answer may be a refusal by what it says."""
    return b'"fault"' in reply.content[:2_000].lower()


def error_of(call: Call, reply: Reply) -> IntegrationError | None:
    """None where it is a good answer."""
    fault = _fault(reply.fields)
    if fault is None and reply.is_good:
        return None
    wait = reply.headers.get("Retry-After")
    kind, code, words = _said(fault or {})
    said = f"{brief(words) or kind}{f', code {code}' if code else ''}"
    detail, passes = f"{said} (HTTP {reply.status})", "system" in kind or code in PASSES
    if reply.status == 429 or code in THROTTLED:
        return rate_limited(call, detail, wait_named_by(wait) or THROTTLED_FOR)
    if refusal := _refusal(kind, code):
        return refused(call, refusal, detail, COMPANY if code in NO_RIGHT else None)
    if passes:
        return unclear(call, detail, retry_after=wait_named_by(wait))
    status = 400 if reply.is_good else reply.status
    return error_for(call, status, said, wait, explained=fault is not None)


def _refusal(kind: str, code: str) -> type[Permanent] | None:
    if code in NOT_SIGNED_IN or kind.startswith(("authentication", "authorization")) or code in NO_RIGHT:
        return Unauthorized
    return NotFound if code in NOT_THERE else None


def _fault(body: dict[str, Any]) -> dict[str, Any] | None:
    """`Fault` of the API itself, `fault` of the gateway before it."""
    found = body.get("Fault", body.get("fault"))
    return found if isinstance(found, dict) else None


def _said(fault: dict[str, Any]) -> tuple[str, str, str]:
    """Type in lower case, the first error's code without leading zeros, and its words."""
    errors = fault.get("Error", fault.get("error"))
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = str(first.get("code") or "").lstrip("0")
    texts = (first.get(name) for name in ("Message", "message", "Detail", "detail"))
    words = " ".join(dict.fromkeys(text for text in texts if isinstance(text, str) and text))
    return str(fault.get("type") or "").lower(), code, words
