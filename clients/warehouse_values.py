"""One value at a time: transforms, privacy, and what a value of the wrong type becomes."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from models.money import MOST_CENTS
from models.warehouse import Column, Transform, Type

Value = Any
LARGEST = 2**63 - 1


class Unfit(ValueError):
    """The value cannot be of the column's type. The text says why, and nothing of the value."""


def transformed(values: Sequence[Value], column: Column, hash_key: bytes) -> Sequence[Value]:
    steps = [TRANSFORMS[each] for each in column.transform]
    if column.pii == "mask":
        steps.append(_mask)
    if column.pii == "hash" or Transform.SHA256 in column.transform:
        steps = [step for step in steps if step is not _sha256] + [lambda it: _keyed(it, hash_key)]
    for step in steps:
        values = [None if value is None else step(value) for value in values]
    return values


def fitted(values: Sequence[Value], kind: Type) -> tuple[list[Value], dict[int, str]]:
    """Each value as Arrow takes it, and why others do not fit, by position."""
    found: list[Value] = []
    unfit: dict[int, str] = {}
    for number, value in enumerate(values):
        try:
            found.append(None if value is None else READERS[kind](value))
        except Unfit as reason:
            found.append(None)
            unfit[number] = str(reason)
    return found, unfit


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unfit("is no text")


def _integer(value: Value) -> int | None:
    if isinstance(value, str):  # subscription events come back as they were sent
        value = value.strip()
        if not value:
            return None
        value = int(value) if value.removeprefix("-").isdecimal() and len(value) < 20 else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unfit("is no whole number")
    if abs(value) > LARGEST:
        raise Unfit("is too large a number")
    return value


def _money(value: Value) -> int | None:
    cents = _integer(value)
    if cents is not None and abs(cents) > MOST_CENTS:
        raise Unfit("is too large an amount")
    return cents


def _decimal(value: Value) -> Decimal | None:
    if isinstance(value, str) and not value.strip():
        return None
    try:
        if isinstance(value, bool):
            raise Unfit("is no number")
        number = Decimal(str(value)).quantize(Decimal("0.0001"))
    except InvalidOperation:
        raise Unfit("is no number of 18 digits") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 14:
        raise Unfit("is no number of 18 digits")
    return number


def _timestamp(value: Value) -> datetime | None:
    if not isinstance(value, str):
        raise Unfit("is no time")
    if not value.strip():
        return None
    try:
        instant = datetime.fromisoformat(value.strip())
        if instant.tzinfo is None:
            raise Unfit("is a time without an offset")
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise error if isinstance(error, Unfit) else Unfit("is no time") from None


def _date(value: Value) -> date | None:
    if not isinstance(value, str):
        raise Unfit("is no date")
    if not value.strip():
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise Unfit("is no date") from None


def _boolean(value: Value) -> bool:
    if not isinstance(value, bool):
        raise Unfit("is neither true nor false")
    return value


def as_json(value: Value) -> str:
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return text.replace("\\u0000", "") if "\\u0000" in text else text


READERS: dict[Type, Callable[[Value], Value]] = {
    Type.TEXT: _text,
    Type.INTEGER: _integer,
    Type.MONEY_MINOR: _money,
    Type.DECIMAL: _decimal,
    Type.TIMESTAMP: _timestamp,
    Type.DATE: _date,
    Type.BOOLEAN: _boolean,
    Type.JSON: as_json,
}


def _on_text(change: Callable[[str], Value]) -> Callable[[Value], Value]:
    return lambda value: change(value) if isinstance(value, str) else value


def _utc(text: str) -> str:
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return instant.replace(tzinfo=UTC).isoformat() if instant.tzinfo is None else text


def _join(value: Value) -> Value:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else value


def _first(value: Value) -> Value:
    return (value[0] if value else None) if isinstance(value, list) else value


def _only(value: Value) -> Value:
    if not isinstance(value, list):
        return value
    different = list(dict.fromkeys(each for each in value if isinstance(each, str | int)))
    return different[0] if len(different) == 1 else None


def _mask(value: Value) -> str:
    """`n***@fjord.example`, `N***`: enough to recognise, not to know."""
    text = str(value).strip()
    name, at, domain = text.partition("@")
    return f"{name[:1]}***{at}{domain}" if text else ""


def _sha256(value: Value) -> str:
    return _keyed(value, b"")


def _keyed(value: Value, key: bytes) -> str:
    """With a key nobody can try out addresses. Spelling does not matter: two systems' hashes join."""
    text = (value if isinstance(value, str) else as_json(value)).strip().casefold().encode()
    return (hmac.new(key, text, hashlib.sha256) if key else hashlib.sha256(text)).hexdigest()


TRANSFORMS: dict[Transform, Callable[[Value], Value]] = {
    Transform.UTC_TIMESTAMP: _on_text(_utc),
    Transform.LOWER: _on_text(str.lower),
    Transform.TRIM: _on_text(str.strip),
    Transform.JOIN: _join,
    Transform.FIRST: _first,
    Transform.ONLY: _only,
    Transform.JSON: as_json,
    Transform.SHA256: _sha256,
    Transform.MASK: _mask,
}
