"""The event_id of many movements at once: models/events.py's rule, without a model per row."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

Moment = tuple[str, str, str]

PLAIN_ENDS = {25: ("+00:00",), 20: ("Z",), 24: (".000Z",)}
"""Lengths and ends of times that need no more than their first 19 letters."""


def movement_ids(rows: Iterable[dict[str, Any]], account: str) -> tuple[list[str | None], list[int | None]]:
    """Of rows of `GET /activities`, with every row of each second they touch: event_id and occurrence.
    None for a row without a readable customer or time."""
    moments = list(map(_moment, rows))
    occurrences = _occurrences(moments)
    said, dumps, digest = (_plain(account), "mrr_movement"), orjson.dumps, hashlib.blake2b
    ids = [
        digest(dumps((*said, *moment, occurrence)), digest_size=12).hexdigest() if moment else None
        for moment, occurrence in zip(moments, occurrences, strict=True)
    ]
    return ids, occurrences


def _moment(row: dict[str, Any]) -> Moment | None:
    """Customer, subscription and second, as events have them. Written out: millions of rows pass here."""
    customer, subscription = row.get("customer-uuid"), row.get("subscription-external-id")
    date = row.get("date")
    if not isinstance(customer, str) or not isinstance(date, str):
        return None
    second = _second(date)
    subscription = _plain(subscription) if isinstance(subscription, str) else ""
    return (_plain(customer), subscription, second) if second else None


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


def _second(date: str) -> str | None:
    if date.endswith(PLAIN_ENDS.get(len(date), ())) and date[10] == "T":
        return date[:19] + "+00:00"
    try:
        instant = datetime.fromisoformat(date.strip())
    except ValueError:
        return None
    if instant.tzinfo is None:
        return None
    return instant.astimezone(UTC).replace(microsecond=0).isoformat()


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
