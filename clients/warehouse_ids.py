"""The event_id of many movements at once: models/events.py's rule, without a model per row."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

PLAIN_ENDS = {25: ("+00:00",), 20: ("Z",), 24: (".000Z",)}
"""Lengths and ends of times that need no more than their first 19 letters."""


def movement_ids(rows: Iterable[dict[str, Any]], account: str) -> tuple[list[str | None], list[int | None]]:
    """Of rows of `GET /activities`, with every row of each second they touch: event_id and occurrence.
    None for a row without a readable customer or time."""
    plain_account = _plain(account)
    seen: Counter[tuple[str, str, str]] = Counter()
    ids: list[str | None] = []
    occurrences: list[int | None] = []
    for row in rows:
        moment = _moment(row)
        if moment is None:
            ids.append(None)
            occurrences.append(None)
            continue
        seen[moment] += 1
        occurrences.append(seen[moment])
        ids.append(_digest(plain_account, moment, seen[moment]))
    return ids, occurrences


def _digest(account: str, moment: tuple[str, str, str], occurrence: int) -> str:
    text = orjson.dumps((account, "mrr_movement", *moment, occurrence))
    return hashlib.blake2b(text, digest_size=12).hexdigest()


def _moment(row: dict[str, Any]) -> tuple[str, str, str] | None:
    customer, subscription, date = (
        row.get("customer-uuid"),
        row.get("subscription-external-id"),
        row.get("date"),
    )
    if not isinstance(customer, str) or not isinstance(date, str):
        return None
    second = _second(date)
    subscription = subscription if isinstance(subscription, str) else ""
    return (_plain(customer), _plain(subscription), second) if second else None


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


@lru_cache(100_000)
def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
