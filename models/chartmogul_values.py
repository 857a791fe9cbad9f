"""How a value of ChartMogul's is read: one rule for the webhook, the poll, the export and the CRM sync.

Null and blank text read like a field that is missing. Whoever needs a value for an identity (whose, when,
which kind) asks strictly, and then leaves out that one row; everything else is taken as it can be.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any

import orjson

LONGEST_NAME = 1_000
"""Letters that are kept of a customer's or a plan's name."""
LONGEST_DESCRIPTION = 4_000
LONGEST_NOTE = 20_000
LONGEST_IDENTIFIER = 1_000
LONGEST_WHOLE_IDENTIFIER = 256 * 1024
"""No longer one fits in a webhook's body."""

LARGEST_INTEGER = 2**63 - 1

FIRST_YEAR, LAST_YEAR = 1990, 2200
"""What else is no date of a movement."""


class Unfit(ValueError):
    """The value cannot be what is asked for. The text says why, as in `quantity: ...`, and quotes nothing."""


class NotJson:
    """Stands in a row for NaN or Infinity, which is no JSON: the field cannot be read, the page can."""

    def __repr__(self) -> str:
        return "no JSON"


# -- texts of JSON


def loads(text: bytes) -> Any:
    """Strict: raises ValueError for what is no JSON. Half of a surrogate pair, which JSON's grammar lets
    pass and no database, becomes U+FFFD; a number too large for a float is infinite."""
    return _loads(text, _refuse)


def loads_rows(text: bytes) -> Any:
    """The same of a vendor's list, where NaN and Infinity cost no more than the field that holds them."""
    return _loads(text, lambda _: NotJson())


def _loads(text: bytes, constant: Callable[[str], Any]) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:  # rare: then what it says no to is looked at one by one
        pass
    try:
        found = json.loads(text.decode(), parse_int=_whole_number, parse_constant=constant)
        return _without_halves(found)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


def _without_halves(value: Any) -> Any:
    if isinstance(value, str):
        return _whole_text(value)
    if isinstance(value, list):
        return [_without_halves(each) for each in value]
    if isinstance(value, dict):
        return {_whole_text(name): _without_halves(each) for name, each in value.items()}
    return value


def _whole_text(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def holds_no_json(value: Any) -> bool:
    """Whether there is a NaN or an Infinity anywhere in it, however deep."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, NotJson):
            return True
        if isinstance(each, dict):
            left += each.values()
        elif isinstance(each, list):
            left += each
    return False


# -- texts


def is_missing(value: Any) -> bool:
    """Null, and text of nothing but white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def text(value: Any, longest: int = LONGEST_NAME) -> str | None:
    """None where it is missing, or no text at all. A number is its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) <= LARGEST_INTEGER else None
    if not isinstance(value, str):
        return None
    return value.strip()[:longest] or None


def identifier(value: Any) -> str | None:
    """An id that somebody else gave. Raises Unfit for what is neither text nor whole number. A very long
    one is its beginning and its hash, so that it fits wherever ids go."""
    if is_missing(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER:
        return str(value)
    if not isinstance(value, str):
        raise Unfit("is no id")
    given = value.strip()
    if len(given) <= LONGEST_IDENTIFIER:
        return given
    plain = same_spelling(given)
    return f"{plain[:100]}#{blake2b(plain.encode(), digest_size=16).hexdigest()}"


def whole_identifier(value: Any) -> str | None:
    """The whole of an id that `identifier` cuts; None of any other."""
    if not isinstance(value, str) or not LONGEST_IDENTIFIER < len(value.strip()) <= LONGEST_WHOLE_IDENTIFIER:
        return None
    return value.strip()


def same_spelling(given: str) -> str:
    """What two spellings of one name or id have in common."""
    return " ".join(given.split()).casefold()


# -- numbers


def rounded(value: Any) -> Any:
    """Half a cent to the even one; what is no number of cents stays as it is."""
    return round(value) if isinstance(value, float) and abs(value) < 2**53 else value


def whole_cents(value: Any) -> int:
    """Raises Unfit for what is no number; text is none."""
    cents = rounded(value)
    if isinstance(cents, bool) or not isinstance(cents, int):
        raise Unfit("is no amount")
    return cents


def whole_number(value: Any) -> int | None:
    """Also from text, as subscription events and imports have it: `"1000"`."""
    number = decimal(value)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise Unfit("is no whole number")
    if abs(number) > LARGEST_INTEGER:
        raise Unfit("is too large a number")
    return int(number)


def decimal(value: Any) -> Decimal | None:
    """Exact, also from text such as `"25.00"`. None where it is missing."""
    if is_missing(value):
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | str | Decimal)
        or len(str_of(value)) > 100
    ):
        raise Unfit("is no number")
    try:
        number = Decimal(str_of(value).strip())
    except InvalidOperation:
        raise Unfit("is no number") from None
    if not number.is_finite():
        raise Unfit("is no number")
    return number


def str_of(value: int | float | str | Decimal) -> str:
    """Digits of a number; of a huge one not all, which would take long."""
    if isinstance(value, int) and abs(value) > 10**40:
        return "1e41" if value > 0 else "-1e41"
    return str(value)


def boolean(value: Any) -> bool | None:
    """Also as text. None where it is missing."""
    if is_missing(value):
        return None
    said = value.strip().casefold() if isinstance(value, str) else value
    if said in ("true", "false"):
        return bool(said == "true")
    if not isinstance(value, bool):
        raise Unfit("is neither true nor false")
    return value


# -- times


def instant(value: Any, *, strict: bool = False) -> datetime | None:
    """Of ISO 8601 text, in UTC. A time without an offset is UTC and a date is its midnight, unless `strict`.
    None where it is missing. Raises Unfit."""
    if is_missing(value):
        return None
    if not isinstance(value, str) or len(value) > 100:
        raise Unfit("is no time")
    try:
        found = datetime.fromisoformat(value.strip())
        if found.tzinfo is None and strict:
            raise Unfit("is a time without an offset")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise error if isinstance(error, Unfit) else Unfit("is no time") from None


def instant_of_movement(value: Any) -> datetime:
    """Part of an identity, so nothing is guessed. Raises Unfit."""
    found = instant(value, strict=True)
    if found is None or not FIRST_YEAR <= datetime.fromisoformat(value.strip()).year <= LAST_YEAR:
        raise Unfit(f"must be an ISO 8601 date and time with an offset, {FIRST_YEAR} to {LAST_YEAR}")
    return found


def day(value: Any) -> date | None:
    """A date, or that of a time as it is written. None where it is missing."""
    if is_missing(value):
        return None
    if not isinstance(value, str) or len(value) > 100:
        raise Unfit("is no date")
    try:
        return datetime.fromisoformat(value.strip()).date()
    except ValueError:
        raise Unfit("is no date") from None
