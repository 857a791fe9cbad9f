"""What a Salesforce field takes, how it keeps it, and when two values are the same."""

import re
from datetime import UTC, date, datetime
from typing import Any

from simulators.kit.refusal import Refusal
from simulators.salesforce.schema import Field

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNFIT = {"combobox": re.compile(r"[\x00-\x1f]")}
"""A subject is one line."""

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "currency": (int, float),
    "double": (int, float),
}


def refused(code: str, message: str, fields: list[str] | None = None, status: int = 400) -> Refusal:
    return Refusal(status, [{"message": message, "errorCode": code, "fields": fields or []}])


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def same(compared: Field, ours: Any, theirs: Any) -> bool:
    """Text compares without case, save in keys that were made case-sensitive."""
    if isinstance(ours, str) and isinstance(theirs, str):
        return folded(compared, ours) == folded(compared, theirs)
    return bool(ours == theirs)


def folded(compared: Field, value: Any) -> str:
    exact = compared.case_sensitive or compared.type in ("id", "reference")
    return str(value) if exact else str(value).casefold()


def check_type(checked: Field, value: Any) -> None:
    expected = _PYTHON_TYPES.get(checked.type, (str,))
    if type(value) not in expected:
        text = f"Cannot deserialize instance of {checked.type} from value {value!r}"
        raise refused("JSON_PARSER_ERROR", text)
    reads = {"date": _is_date, "datetime": _is_datetime}.get(checked.type)
    if reads and value and not reads(value):
        text = f"Cannot deserialize instance of {checked.type} from VALUE_STRING value {value}"
        raise refused("JSON_PARSER_ERROR", text)


def check_value(checked: Field, value: Any) -> None:
    check_type(checked, value)
    if isinstance(value, str) and (bad := _UNFIT.get(checked.type, _CONTROL).search(value)):
        text = f"{checked.name}: invalid character U+{ord(bad[0]):04X}"
        raise refused("INVALID_FIELD_FOR_INSERT_UPDATE", text, [checked.name])
    if checked.length and len(value) > checked.length:
        text = f"{checked.name}: data value too large: {value[:80]} (max length={checked.length})"
        raise refused("STRING_TOO_LONG", text, [checked.name])
    if checked.values and value not in checked.values:
        text = f"{checked.name}: bad value for restricted picklist field: {value}"
        raise refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, [checked.name])


def stored(kept: Field, value: Any) -> Any:
    """Text without the spaces around it, none where it is empty; amounts to the cent; instants in UTC."""
    if kept.type == "currency" and value is not None:
        return round(float(value), 2)
    if not isinstance(value, str):
        return value
    text = value.strip() or None
    return stamp(datetime.fromisoformat(text)) if kept.type == "datetime" and text else text


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_datetime(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
