"""What an answer says by the rules of the connector's file: done, try again, or stop and tell a person."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from clients.kit.errors import Rejected
from clients.kit.http import Call, brief, error_for, rate_limited, refused, unclear, wait_named_by
from models.connectors import Answer, Operation, Retries
from models.expressions import found

WORDS = ("message", "error_description", "errorDesc", "description", "detail", "title", "error", "Message")
"""Where APIs put what a person may read, in the answer or in its first error."""

LONG_AGO = 1_000_000_000
"""A number of seconds beyond it is an instant; below it, a time to wait."""


def judge(call: Call, operation: Operation, answer: Answer, headers: Mapping[str, str]) -> bool:
    """Whether it did what was asked now; False where it was done already. Raises what else it means."""
    success, retries = operation.success, operation.retries
    if answer.status in success.done:
        return False
    inside = success.where is None or bool(found(success.where, answer.body))
    if answer.status in success.statuses and inside:
        return True
    detail = f"{said_in(answer.body)} (HTTP {answer.status})".strip()
    passes = answer.status in retries.statuses or bool(retries.where and found(retries.where, answer.body))
    wait = _wait(retries, headers)
    if passes and answer.status == 429:
        raise rate_limited(call, detail, wait)
    if passes:
        raise unclear(call, detail, left=not _at_the_door(answer, headers), retry_after=wait)
    if answer.status < 300:
        raise refused(call, Rejected, detail or "the answer says that it was not done")
    raise error_for(call, answer.status, said_in(answer.body))


def said_in(body: Any) -> str:
    """A vendor's words, wherever it puts them; empty where there are none."""
    if isinstance(body, str):
        return brief(body) if not body.lstrip().startswith("<") else ""
    if isinstance(body, list):
        return said_in(body[0]) if body else ""
    if not isinstance(body, dict):
        return ""
    for name in (*WORDS, "errors", "Fault", "Error"):
        if said := said_in(body.get(name)):
            return said
    return ""


def _at_the_door(answer: Answer, headers: Mapping[str, str]) -> bool:
    """Nothing was done: an API that is full says when to come again. A 503 without that may as well be of a
    gateway that lost sight of what the API did."""
    return answer.status == 503 and wait_named_by(headers.get("Retry-After")) is not None


def _wait(retries: Retries, headers: Mapping[str, str]) -> timedelta | None:
    """What the answer names, else the file."""
    if (named := wait_named_by(headers.get("Retry-After"))) is not None:
        return named
    if retries.reset_header and (reset := _seconds(headers.get(retries.reset_header))) is not None:
        left = reset - datetime.now(UTC).timestamp() if reset > LONG_AGO else reset
        return wait_named_by(str(left))
    return timedelta(seconds=retries.wait_seconds) if retries.wait_seconds else None


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
