"""What an answer means, or the lack of one: nobody else looks at HTTP status codes and Retry-After."""

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from clients.kit.errors import (
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
    title,
)

CONNECT_SECONDS = 3.0
LONGEST_WAIT = timedelta(days=1)

MOST_DIGITS = 400
"""Of a number that is kept exactly: a float holds no more before the point either."""

REDIRECTS = range(301, 400)
"""Never followed: the credential would go along. An API of ours sends nobody elsewhere; maintenance does."""

PASSING = {408, 425, *REDIRECTS}
NOT_THE_VENDORS = (
    "the answer is not one of its API: maintenance, or a proxy or firewall on the way. If it goes on, check"
    " the address in the settings and the network"
)
_PASSES = re.compile(
    r"retry your request|(try|retry) (\w+ )?(again|later)|please retry|temporarily (un|not )?available"
    r"|currently unavailable|(under|for|in|scheduled) maintenance|server (is )?too busy",
    re.IGNORECASE,
)

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
_EMAIL = re.compile(r"(?<![^\s@<>\"'(),;:=])[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+")
"""Begins at the first letter of a word alone: begun at each, a long word would be read over and over."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Call:
    """One request, as its errors tell of it: `what` reads like "save task 42", with ids and no names. For
    people, where nobody knows whether a write was done: `done`, as in "the task was saved", and what
    happens `again`."""

    system: str
    what: str
    writes: bool = False
    done: str = ""
    again: str = "it is tried again, and nothing is done twice"

    @property
    def unknown(self) -> str:
        """The sentence that says so."""
        done = self.done or f"it has done this: {self.what}"
        return f"{title(self.system)} did not answer whether {done}; {self.again}"


def error_for(
    call: Call,
    status: int,
    detail: str = "",
    retry_after: str | None = None,
    *,
    explained: bool = True,
    passes: bool = False,
) -> IntegrationError:
    """The error that a refusal means. `retry_after` is the header as it came.

    `explained`: the answer has the vendor's own form. Any other comes from a proxy, an edge server or a
    maintenance page, and says nothing of the request, whatever its status. `passes`: the vendor's own words
    say that it passes.
    """
    wait = wait_named_by(retry_after)
    if not explained and status < 500:
        detail = NOT_THE_VENDORS
    detail = f"{brief(detail)} (HTTP {status})".strip()
    if status == 429:
        return rate_limited(call, detail, wait)
    if passes or not explained or status in PASSING or status >= 500:
        return unclear(call, detail, left=status not in REDIRECTS, retry_after=wait)
    return refused(call, _PERMANENT.get(status, Rejected), detail)


def _no_number(text: str) -> Any:
    raise json.JSONDecodeError("no number", text, 0)


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else float(_no_number(text))


STRICT: dict[str, Any] = {"parse_constant": _no_number, "parse_float": _finite}
"""For json.loads, which takes NaN and Infinity, as JSON does not. No figure of ours may come from one."""


def strict_json(data: bytes | str) -> Any:
    """Raises ValueError where it is no JSON, also for a number that is none and for endless nesting."""
    try:
        return json.loads(data, **STRICT)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    return value if value.is_finite() and abs(value.adjusted()) < MOST_DIGITS else _no_number(text)


def exact_json(data: bytes | str) -> Any:
    """As `strict_json`, and each number that has decimals is a Decimal: amounts of money are exact."""
    try:
        return json.loads(data, parse_constant=_no_number, parse_float=_decimal)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def json_object(data: bytes | str) -> dict[str, Any]:
    """An answer's body where it is a JSON object; of anything else, a page of HTML say, none."""
    try:
        body = strict_json(data)
    except ValueError:  # also of bytes that are no text
        return {}
    return body if isinstance(body, dict) else {}


def says_it_passes(text: str) -> bool:
    """Whether a vendor's words ask to try again, whatever its code."""
    return _PASSES.search(text) is not None


def rate_limited(
    call: Call, detail: str, retry_after: timedelta | None, *, quota: bool = False
) -> RateLimited:
    """`quota`: the vendor says that a quota of the day or of the account is used up."""
    message = f"Could not {call.what}, too many calls: {detail}"
    return RateLimited(call.system, message, retry_after, quota=quota)


def refused(call: Call, kind: type[Permanent], detail: str, advice: str | None = None) -> Permanent:
    end = "" if detail.endswith("?") else "."
    return kind(call.system, f"Could not {call.what}: {detail}{end} {advice or _ADVICE[kind]}")


def unclear(call: Call, detail: str, *, left: bool = True, retry_after: timedelta | None = None) -> Retryable:
    """No answer, or one that says nothing. `left` is False where the request surely never left."""
    if call.writes and left:
        return OutcomeUnknown(call.system, f"{call.unknown} ({detail})", retry_after)
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
