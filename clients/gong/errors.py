"""What Gong's refusals mean: `{requestId, errors: [text]}`, without codes."""

import re
from datetime import timedelta

from clients.kit.errors import IntegrationError
from clients.kit.http import Call, brief, error_for, rate_limited, says_it_passes, wait_named_by
from clients.kit.rest import Reply

THERE_ALREADY, TOO_MANY = 409, 429

LONG = timedelta(minutes=1)
_OF_THE_DAY = re.compile(r"\b(daily|day)\b", re.IGNORECASE)


def error_of(call: Call, reply: Reply) -> IntegrationError | None:
    """That an event is there already is a good answer."""
    if is_there_already(reply):
        return None
    said, header = _said(reply), reply.headers.get("Retry-After")
    if reply.status == TOO_MANY:
        wait = wait_named_by(header)
        detail = f"{brief(said)} (HTTP {TOO_MANY})".strip()
        return rate_limited(call, detail, wait, quota=_is_of_the_day(said, wait))
    return error_for(call, reply.status, said, header, explained=bool(said), passes=says_it_passes(said))


def is_there_already(reply: Reply) -> bool:
    return reply.status == THERE_ALREADY and bool(_said(reply))


def _is_of_the_day(said: str, wait: timedelta | None) -> bool:
    """UNVERIFIED: whether Gong's words tell the limit of a day from that of a second. A wait of a minute or
    more is never the latter's."""
    return bool(_OF_THE_DAY.search(said)) or (wait is not None and wait >= LONG)


def _said(reply: Reply) -> str:
    """Empty where the answer is not in Gong's form."""
    errors = reply.fields.get("errors")
    texts = [each for each in errors if isinstance(each, str)] if isinstance(errors, list) else []
    return "; ".join(texts)
