"""The event_id of many movements at once: models/events.py's rule, without a model per row."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

Moment = tuple[str, str, str]

PLAIN_ENDS = ("+00:00", "Z", ".000Z")
"""Times that end so, after 19 letters, need no more than these."""

SEPARATOR = "\0"


def movement_ids(rows: Sequence[dict[str, Any]], account: str) -> tuple[list[str | None], list[int | None]]:
    """Of rows of `GET /activities`, with every row of each second they touch: event_id and occurrence.
    None for a row without a readable customer or time."""
    moments = _moments(rows)
    occurrences = _occurrences(moments)
    said, dumps, digest = (_plain(account), "mrr_movement"), orjson.dumps, hashlib.blake2b
    ids = [
        digest(dumps((*said, *moment, occurrence)), digest_size=12).hexdigest() if moment else None
        for moment, occurrence in zip(moments, occurrences, strict=True)
    ]
    return ids, occurrences


def _moments(rows: Sequence[dict[str, Any]]) -> list[Moment | None]:
    """Customer, subscription and second, as events have them. By column: millions of rows pass here."""
    customers = [row.get("customer-uuid") for row in rows]
    subscriptions = [row.get("subscription-external-id") for row in rows]
    seconds = [_second(row.get("date")) for row in rows]
    return [
        (customer, subscription, second) if second and isinstance(given, str) else None
        for given, customer, subscription, second in zip(
            customers, _all_plain(customers), _all_plain(subscriptions), seconds, strict=True
        )
    ]


def _occurrences(moments: Sequence[Moment | None]) -> list[int | None]:
    """Which of several in its second each is, from 1."""
    seen: Counter[Moment] = Counter()
    found: list[int | None] = [1 if moment else None for moment in moments]
    if len(set(moments)) == len(moments):
        return found
    for number, moment in enumerate(moments):
        if moment:
            seen[moment] += 1
            found[number] = seen[moment]
    return found


def _second(date: object) -> str | None:
    if not isinstance(date, str):
        return None
    if date[19:] in PLAIN_ENDS and date[10] == "T":
        return date[:19] + "+00:00"
    try:
        instant = datetime.fromisoformat(date.strip())
    except ValueError:
        return None
    if instant.tzinfo is None:
        return None
    return instant.astimezone(UTC).replace(microsecond=0).isoformat()


def _all_plain(values: Sequence[object]) -> list[str]:
    """Of all at once, where nothing but the case is to be changed. Empty for what is no text."""
    texts = [value if isinstance(value, str) else "" for value in values]
    whole = SEPARATOR.join(texts)
    plain = whole.casefold().split(SEPARATOR)
    if whole.split() == [whole] and len(plain) == len(texts):
        return plain
    return list(map(_plain, texts))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
