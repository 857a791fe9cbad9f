"""One value at a time: transforms, privacy, and what a value of the wrong type becomes."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from models import chartmogul_values as said
from models.chartmogul_values import NotJson, Unfit
from models.money import MOST_CENTS
from models.warehouse import Column, Transform, Type

Value = Any


def transformed(values: Sequence[Value], column: Column, hash_key: bytes) -> Sequence[Value]:
    steps = [TRANSFORMS[each] for each in column.transform]
    if column.pii == "mask":
        steps.append(_mask)
    if column.pii == "hash" or Transform.SHA256 in column.transform:
        steps = [step for step in steps if step is not _sha256] + [lambda it: _keyed(it, hash_key)]
    for step in steps:
        values = [None if value is None else _or_unfit(step, value) for value in values]
    return values


def _or_unfit(step: Callable[[Value], Value], value: Value) -> Value:
    """What a transform cannot take, no column can."""
    try:
        return step(value)
    except Unfit:
        return NotJson()


def fitted(
    values: Sequence[Value], kind: Type, *, strict: bool = False, longest: int | None = None
) -> tuple[list[Value], dict[int, str]]:
    """Each value as Arrow takes it, and why others do not fit, by position. `strict`: the row is nothing
    without it, so that nothing is guessed. `longest` is in bytes."""
    read = _strictly(kind) if strict else READERS[kind]
    found: list[Value] = []
    unfit: dict[int, str] = {}
    for number, value in enumerate(values):
        try:
            found.append(within(None if value is None else read(value), kind, longest, strict))
        except Unfit as reason:
            found.append(None)
            unfit[number] = str(reason)
    return found, unfit


def within(value: Value, kind: Type, longest: int | None, strict: bool) -> Value:
    """A text that is too long is cut, where it names nothing; JSON cannot be."""
    if longest is None or not isinstance(value, str) or len(encoded := value.encode()) <= longest:
        return value
    if strict or kind is Type.JSON:
        raise Unfit(f"is longer than {longest} bytes")
    return encoded[:longest].decode(errors="ignore")


def _strictly(kind: Type) -> Callable[[Value], Value]:
    if kind is Type.TIMESTAMP:
        return lambda value: said.instant(value, strict=True)
    return _id if kind is Type.TEXT else READERS[kind]


def _id(value: Value) -> str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return _text(value)
    raise Unfit("is no text")


def _text(value: Value) -> str:
    """What is no text is kept as JSON: an object where a word was is no reason to lose it."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, int) and not isinstance(value, bool):
        return said.str_of(value)
    return as_json(value)


def _money(value: Value) -> int | None:
    """Whole minor units, rounded as in events; a column of decimals keeps fractions."""
    number = said.decimal(value)
    if number is None:
        return None
    if abs(number) > MOST_CENTS:
        raise Unfit("is too large an amount")
    return round(number)


def _decimal(value: Value) -> Decimal | None:
    number = said.decimal(value)
    if number is None:
        return None
    if abs(number) >= Decimal(10) ** 14:
        raise Unfit("is no number of 18 digits")
    return number.quantize(Decimal("0.0001"))


def as_json(value: Value) -> str:
    """Without NULs, which PostgreSQL's texts do not hold: taken out of the texts, not of the JSON."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        if "\\u0000" in text:
            text = orjson.dumps(_without_nuls(value), option=orjson.OPT_SORT_KEYS).decode()
    except (TypeError, RecursionError):  # NaN, more digits or more depth than JSON's readers take
        raise Unfit("is no JSON that can be kept") from None
    return text


def _without_nuls(value: Value) -> Value:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nuls(each) for each in value]
    if isinstance(value, dict):
        return {name.replace("\0", ""): _without_nuls(each) for name, each in value.items()}
    return value


READERS: dict[Type, Callable[[Value], Value]] = {
    Type.TEXT: _text,
    Type.INTEGER: said.whole_number,
    Type.MONEY_MINOR: _money,
    Type.DECIMAL: _decimal,
    Type.TIMESTAMP: said.instant,
    Type.DATE: said.day,
    Type.BOOLEAN: said.boolean,
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
