"""What Stripe's refusals mean: judged by its own codes, where the answer has its own form.

https://docs.stripe.com/error-codes and https://docs.stripe.com/rate-limits. Not all of its texts are told:
that of a refused key holds a part of the key.
"""

import re

import stripe

from clients.kit.errors import IntegrationError, Permanent, Rejected, Unauthorized
from clients.kit.http import Call, error_for, rate_limited, refused, unclear, wait_named_by
from clients.stripe.rights import RIGHTS

_RIGHT = re.compile(r"\brak_[a-z_]+")
OTHER_MODE = "similar object exists in"

CHANGED = "Look whether the vendor changed its API."
ADVICE = "In Stripe, Developers, API keys, give the restricted key this right."


class NotOfStripe(Exception):
    """An answer that has not the form of Stripe's API."""

    def __init__(self, status: int, retry_after: str | None) -> None:
        super().__init__(status)
        self.status, self.retry_after = status, retry_after


def error_of(call: Call, error: Exception) -> IntegrationError:
    """Of NotOfStripe, and of what the library raises: of an answer whose parts are of other types than it
    knows, it may be any exception."""
    if isinstance(error, NotOfStripe):
        return _of_another(call, error)
    if not isinstance(error, stripe.StripeError) or error.http_status is None:
        return refused(call, Rejected, "the answer has another shape than expected", CHANGED)
    status, code, text = error.http_status, _code(error), str(error.user_message or "")
    wait = (error.headers or {}).get("retry-after")
    if status == 401:
        return refused(call, Unauthorized, f"the key is refused{_named(code)} (HTTP 401)")
    if status == 403:
        return _lacking(call, text)
    if status == 404 and OTHER_MODE in text:
        return refused(call, Unauthorized, "it is of the other mode, live or test, than the key (HTTP 404)")
    if isinstance(error, stripe.RateLimitError):
        return rate_limited(call, f"{code or 'rate_limit'} (HTTP {status})", wait_named_by(wait))
    return error_for(call, status, _words(code, text), wait, passes=status == 409)


def _of_another(call: Call, error: NotOfStripe) -> IntegrationError:
    if 200 <= error.status < 300:
        return unclear(call, "the answer is no JSON object")
    return error_for(call, error.status, "", error.retry_after, explained=False)


def _code(error: stripe.StripeError) -> str:
    body = error.json_body if isinstance(error.json_body, dict) else {}
    inner = body.get("error")
    return str(inner.get("code") or "")[:100] if isinstance(inner, dict) else ""


def _named(code: str) -> str:
    return f", {code}" if code else ""


def _lacking(call: Call, text: str) -> Permanent:
    """`… does not have the required permissions … Having the 'rak_invoice_read' permission would …`. The
    error's `code` is that right."""
    found = _RIGHT.search(text)
    right = found[0] if found else ""
    which = f"the right {RIGHTS.get(right, right)}" if right else "a right, and Stripe does not say which"
    error = refused(call, Unauthorized, f"the key lacks {which} (HTTP 403)", ADVICE)
    error.code = right
    return error


def _words(code: str, text: str) -> str:
    return f"{code}: {text}" if code else text
