"""What an answer means, or the lack of one: nobody else looks at HTTP status codes and Retry-After."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from clients.errors import (
    Ambiguous,
    IntegrationError,
    NotFound,
    OutcomeUnknown,
    Permanent,
    RateLimited,
    Rejected,
    Retryable,
    Unauthorized,
    Unavailable,
)

CONNECT_SECONDS = 3.0
LONGEST_WAIT = timedelta(days=1)

_PERMANENT: dict[int, type[Permanent]] = {
    300: Ambiguous,
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
}
_ADVICE: dict[type[Permanent], str] = {
    Ambiguous: "Leave one of the records, or make the key unique.",
    NotFound: "Look whether it was deleted, or is hidden from our credential.",
    Rejected: "Correct the fields or the rule named here.",
    Unauthorized: "Check the credential in the settings, and its rights.",
}
_EMAIL = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+")

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Call:
    """One request, as its errors tell of it: `what` reads like "save task 42", with ids and no names."""

    system: str
    what: str
    writes: bool = False


def error_for(call: Call, status: int, detail: str = "", retry_after: str | None = None) -> IntegrationError:
    """The error that an HTTP status means. `retry_after` is the header as it came."""
    detail = f"{brief(detail)} (HTTP {status})".strip()
    wait = wait_named_by(retry_after)
    if status == 429:
        return rate_limited(call, detail, wait)
    if status == 408 or status >= 500:
        return unclear(call, detail, retry_after=wait)
    return refused(call, _PERMANENT.get(status, Rejected), detail)


def rate_limited(
    call: Call, detail: str, retry_after: timedelta | None, *, quota: bool = False
) -> RateLimited:
    """`quota`: the vendor says that a quota of the day or of the account is used up."""
    message = f"Could not {call.what}, too many calls: {detail}"
    return RateLimited(call.system, message, retry_after, quota=quota)


def refused(call: Call, kind: type[Permanent], detail: str, advice: str | None = None) -> Permanent:
    return kind(call.system, f"Could not {call.what}: {detail}. {advice or _ADVICE[kind]}")


def unclear(call: Call, detail: str, *, left: bool = True, retry_after: timedelta | None = None) -> Retryable:
    """No answer, or one that says nothing. `left` is False where the request surely never left."""
    if call.writes and left:
        message = f"Could not learn the outcome of: {call.what}: {detail}"
        return OutcomeUnknown(call.system, message, retry_after)
    return Unavailable(call.system, f"Could not {call.what}: {detail}", retry_after)


def parsed(call: Call, model: type[M], body: object) -> M:
    """Read a good answer's body. One of another shape stays so: a read is refused for good."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        detail = f"the answer has another shape than expected: {mismatches(error)}"
    if call.writes:
        raise unclear(call, detail)
    raise refused(call, Rejected, detail, "Look whether the vendor changed its API.")


def wait_named_by(header: str | None) -> timedelta | None:
    """Retry-After, in seconds or as a date; None where it is missing or says nothing."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        seconds = _seconds_until(header)
    if not math.isfinite(seconds):
        return None
    return timedelta(seconds=min(max(0.0, seconds), LONGEST_WAIT.total_seconds()))


def proxy_for(url: str) -> str | None:
    """What HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY mean for this URL, read once: aiohttp by
    itself would read them in a thread at every call."""
    parts, proxies = urlsplit(url), getproxies()
    if proxy_bypass(parts.hostname or ""):
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def brief(text: str) -> str:
    """A vendor's words, fit for a log: short, on one line, without e-mail addresses."""
    return _EMAIL.sub("[e-mail]", " ".join(text.split()))[:300].rstrip(". ")


def _seconds_until(date: str) -> float:
    try:
        instant = parsedate_to_datetime(date)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        return (instant - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return math.nan


def mismatches(error: ValidationError) -> str:
    """Where and why, never the values."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[:3]
    return brief("; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {_reason(e)}" for e in first))


def _reason(error: ErrorDetails) -> str:
    """The text of a value error may quote the value."""
    return "it cannot be read" if error["type"] == "value_error" else error["msg"]
