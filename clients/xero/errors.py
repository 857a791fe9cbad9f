"""What Xero's refusals mean. A limit says in a header which of them it is, and when it ends."""

from collections.abc import Mapping
from typing import Any

from clients.kit.errors import IntegrationError
from clients.kit.http import Call, error_for, rate_limited, says_it_passes, wait_named_by
from clients.kit.rest import Reply

PROBLEM, OF_THE_DAY, LEFT_TODAY = "X-Rate-Limit-Problem", "day", "X-DayLimit-Remaining"


def error_of(call: Call, reply: Reply) -> IntegrationError:
    words, wait = _said(reply.fields), reply.headers.get("Retry-After")
    if reply.status == 429:
        limit = reply.headers.get(PROBLEM, "").strip().lower()
        named = f"the limit per {limit}" if limit else "a limit"
        quota = limit == OF_THE_DAY or reply.headers.get(LEFT_TODAY) == "0"
        return rate_limited(call, f"{named} (HTTP 429)", wait_named_by(wait), quota=quota)
    return error_for(call, reply.status, words, wait, explained=bool(words), passes=says_it_passes(words))


def _said(body: Mapping[str, Any]) -> str:
    """Of `{ErrorNumber, Type, Message, Elements}` and `{Title, Status, Detail}`. Elements quote rows."""
    parts = (body.get(name) for name in ("Type", "Title", "Message", "Detail"))
    return ": ".join(dict.fromkeys(part for part in parts if isinstance(part, str) and part))
