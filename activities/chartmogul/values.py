"""Fields of a customer under the names that effects have: `tag vip` (there or not), `custom.seats`, and
ChartMogul's own, as `owner`. What is read of them, and when two values mean the same."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from models.bounds import within

Row = Mapping[str, Any]

TAG, CUSTOM = "tag ", "custom."
LONGEST = 1_000
"""Letters of a text, in an effect."""
MOST = 50
"""Values of a list, in an effect."""

_STATE = re.compile(r"[A-Z]{2}")


def values_in(row: Row, names: Iterable[str]) -> dict[str, Any]:
    attributes = row.get("attributes")
    attributes = attributes if isinstance(attributes, Mapping) else {}
    tags, custom = attributes.get("tags"), attributes.get("custom")
    tags, custom = tags if isinstance(tags, list) else [], custom if isinstance(custom, Mapping) else {}

    def value(name: str) -> Any:
        if name.startswith(TAG):
            return name.removeprefix(TAG) in tags
        return plain(custom.get(name.removeprefix(CUSTOM)) if name.startswith(CUSTOM) else row.get(name))

    return {name: value(name) for name in names}


def as_asked(wanted: Mapping[str, Any], read: Mapping[str, Any]) -> dict[str, Any]:
    """What was read, in the words in which it was asked for where it means the same."""
    return {name: wanted[name] if same(name, wanted[name], each) else each for name, each in read.items()}


def same(name: str, one: Any, other: Any) -> bool:
    """Whether ChartMogul, which writes dates, states and numbers in its own way, means the same by both."""
    one, other = _normal(name, one), _normal(name, other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other) or (one is not None and other is not None and str(one) == str(other))


def sent(name: str, value: Any) -> Any:
    """As ChartMogul takes it: of states it answers less than it wants to be told."""
    return f"US-{value}" if name == "state" and isinstance(value, str) and _STATE.fullmatch(value) else value


def plain(value: Any) -> Any:
    """What an effect takes: a text, a number, a truth, a list of these, or nothing."""
    if isinstance(value, str):
        return within(value, LONGEST)
    if isinstance(value, list):
        return [plain(each) for each in value[:MOST]]
    return value if isinstance(value, bool | int | float) else None


def _normal(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if name == "state":
        return text.removeprefix("US-")
    if name in ("email", "owner"):
        return text.casefold() or None
    if name == "status":
        return text.replace("_", " ").casefold()
    return _instant(text) or text or None


def _instant(text: str) -> datetime | None:
    """Of a date and time; a day alone is its first second."""
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
