"""Values as Marketo's fields take them. One that cannot be what its field is, is left out and named; a text
that is too long is cut.

Source: Marketo's page "Field Types", and the description of the instance's own fields. What Marketo itself
does with a longer text than a field has room for is UNVERIFIED: none is sent.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from pydantic import Field

from clients.marketo.errors import COMPANY_FIELDS
from models.base import Record
from models.bounds import within
from models.marketo import Value
from models.spelling import nearest
from models.wording import short

MOST_FIELDS = 100
"""Of one record that is written."""

LARGEST_INTEGER = 2**31 - 1
LONGEST_STRING, LONGEST_TEXT_BYTES = 255, 30_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class FieldSpec(Record):
    """Of a lead or a custom object, as Marketo describes it."""

    name: str
    kind: str = Field(default="string", alias="dataType")
    length: int | None = None
    updateable: bool = True
    crm_managed: bool = Field(default=False, alias="crmManaged")


@dataclass
class Fitted:
    """`notes` name what was left out or cut, and why."""

    values: dict[str, Value] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, name: str, why: str) -> None:
        self.values.pop(name, None)
        self.notes.append(f"{name} was left out: {why}")


class _Unfit(ValueError):
    """The text says why, and quotes nothing."""


def fitted(
    given: Mapping[str, Value],
    specs: Mapping[str, FieldSpec],
    *,
    company_fields: bool = True,
    settable: Iterable[str] = (),
) -> Fitted:
    """`settable` are fields that cannot be changed later, and may be set now."""
    fit, free = Fitted(), set(settable)
    for name, value in given.items():
        spec = specs.get(name)
        if spec is None:
            fit.leave_out(name, f"Marketo has no such field{nearest(name, specs)}")
        elif not spec.updateable and name not in free:
            fit.leave_out(name, "Marketo lets nobody write it")
        elif not company_fields and (name in COMPANY_FIELDS or spec.crm_managed):
            fit.leave_out(name, "it is its company's or its CRM's, and not written with a lead")
        elif len(fit.values) >= MOST_FIELDS:
            fit.leave_out(name, f"{MOST_FIELDS} fields are written at most")
        else:
            _add(fit, spec, value)
    return fit


def same(spec: FieldSpec | None, one: object, other: object) -> bool:
    """Whether the field holds that already, in whichever form Marketo gives it back."""
    if one in (None, "") or other in (None, ""):
        return one in (None, "") and other in (None, "")
    if spec is None or not isinstance(one, Value) or not isinstance(other, Value):
        return one == other
    try:
        return _fit(spec, one)[0] == _fit(spec, other)[0]
    except _Unfit:
        return False


def _add(fit: Fitted, spec: FieldSpec, value: Value) -> None:
    try:
        fit.values[spec.name], cut = _fit(spec, value)
    except _Unfit as why:
        fit.leave_out(spec.name, str(why))
        return
    if cut:
        fit.notes.append(f"{spec.name} was cut to {cut}")


def _fit(spec: FieldSpec, value: Value) -> tuple[Value, str]:
    """Also how far it was cut. Raises _Unfit."""
    if value == "" and isinstance(value, str):
        return "", ""
    kind = spec.kind.lower()
    if kind in _READ:
        return _READ[kind](value), ""
    text = _CONTROL.sub("", _text(value))
    if kind in ("text", "textarea", "text area"):
        most = min(spec.length or LONGEST_TEXT_BYTES, LONGEST_TEXT_BYTES)
        fitting = within(text, most)
        return fitting, "" if fitting == text else f"{most:,} bytes"
    return _short_text(kind, text, spec.length or LONGEST_STRING)


def _short_text(kind: str, text: str, most: int) -> tuple[Value, str]:
    """Half an address leads nowhere: it is not cut."""
    if kind == "url" and not text.startswith(("http://", "https://")):
        raise _Unfit("it is no address that begins with http:// or https://")
    if kind == "email" and not text.isascii():
        raise _Unfit("Marketo takes addresses in ASCII alone")
    if len(text) <= most:
        return text, ""
    if kind in ("url", "email"):
        raise _Unfit(f"it is longer than {most} characters")
    return short(text, most), f"{most} characters"


def _text(value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.encode(errors="replace").decode()


def _integer(value: Value) -> Value:
    number = _float(value)
    if number != int(number) or abs(number) > LARGEST_INTEGER:
        raise _Unfit("it is no whole number, or too large a one")
    return int(number)


def _float(value: Value) -> float:
    if isinstance(value, bool):
        raise _Unfit("it is no number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _Unfit("it is no number") from None
    if not math.isfinite(number):
        raise _Unfit("it is no number")
    return number


def _boolean(value: Value) -> Value:
    if isinstance(value, bool):
        return value
    known = {"true": True, "false": False, "1": True, "0": False}
    if (said := str(value).strip().lower()) not in known:
        raise _Unfit("it is neither true nor false")
    return known[said]


def _instant(value: Value) -> datetime:
    try:
        instant = datetime.fromisoformat(str(value).strip().replace("Z+0000", "Z"))
    except ValueError:
        raise _Unfit("it is no date") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _date(value: Value) -> Value:
    return date(*_instant(value).timetuple()[:3]).isoformat()


def _datetime(value: Value) -> Value:
    try:
        return _instant(value).astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError:
        raise _Unfit("it is no date") from None


_READ: dict[str, Callable[[Value], Value]] = {
    "integer": _integer,
    "score": _integer,
    "percent": _integer,
    "float": _float,
    "currency": _float,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}
