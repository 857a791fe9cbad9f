"""The event_id of many movements at once: models/events.py's rule, without a model per row."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from models import chartmogul_values as values
from models.chartmogul_values import same_spelling

Moment = tuple[str, str, str]

PLAIN_ENDS = ("+00:00", "Z", ".000Z")
"""Times that end so, after 19 letters, need no more than these."""

SEPARATOR = "\0"


def movement_ids(rows: Sequence[dict[str, Any]], account: str) -> tuple[list[str | None], list[int | None]]:
    """Of rows of `GET /activities`, with every row of each second they touch: event_id and occurrence.
    None for a row without a readable customer or time."""
    moments = _moments(rows)
    occurrences = _occurrences(moments)
    said, dumps, digest = (same_spelling(account), "mrr_movement"), orjson.dumps, hashlib.blake2b
    ids = [
        digest(dumps((*said, *moment, occurrence)), digest_size=12).hexdigest() if moment else None
        for moment, occurrence in zip(moments, occurrences, strict=True)
    ]
    return ids, occurrences


def _moments(rows: Sequence[dict[str, Any]]) -> list[Moment | None]:
    """Customer, subscription and second, as events have them. By column: millions of rows pass here."""
    customers = [row.get("customer-uuid") for row in rows]
    subscriptions = [_identifier(row.get("subscription-external-id")) for row in rows]
    seconds = [_second(row.get("date")) for row in rows]
    return [
        (customer, subscription, second) if second and customer and given is not None else None
        for given, customer, subscription, second in zip(
            subscriptions, _all_plain(customers), _all_plain(subscriptions), seconds, strict=True
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
        instant = values.instant(date, strict=True)
    except values.Unfit:
        return None
    return instant.replace(microsecond=0).isoformat() if instant else None


def _identifier(value: object) -> str | None:
    """As text, whole; None where it is none."""
    if isinstance(value, str) and len(value) <= values.LONGEST_IDENTIFIER:
        return value
    try:
        return values.whole_identifier(value) or values.identifier(value) or ""
    except values.Unfit:
        return None


def _all_plain(values: Sequence[object]) -> list[str]:
    """Of all at once, where nothing but the case is to be changed. Empty for what is no text."""
    texts = [value if isinstance(value, str) else "" for value in values]
    whole = SEPARATOR.join(texts)
    plain = whole.casefold().split(SEPARATOR)
    if whole.split() == [whole] and len(plain) == len(texts):
        return plain
    return list(map(same_spelling, texts))
