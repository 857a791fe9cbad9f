"""Which fields of a record differ from what we know, so that only those are written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from models.chartmogul_values import Unfit, boolean, day, decimal, instant
from models.crm import FieldMapping, Format, ObjectMapping, format_of
from models.crm_facts import CustomerFacts, FactName, attribute_of

Value = str | bool | Decimal | date | datetime | None
"""What a field is to hold; None clears it. A client writes it as its system wants it."""


class Change(NamedTuple):
    before: Any
    """As the CRM gave it."""
    after: Value


@dataclass(frozen=True)
class Difference:
    """By their field. `kept` are values of a person that stay; `open` are fields of whose value we know
    nothing, with the reason."""

    changes: dict[str, Change] = field(default_factory=dict)
    kept: dict[str, Change] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Value]:
        """What to write."""
        return {name: change.after for name, change in self.changes.items()}


def difference(
    facts: CustomerFacts,
    mapping: ObjectMapping,
    record: Mapping[str, Any],
    written: Mapping[str, Any] | None = None,
) -> Difference:
    """Compare with a record as it was read; `written` is what we last wrote there, where that is known.

    Without `written` nobody can tell a person's value from our own old one: in a field of `owner: crm`
    every value that is there stays.
    """
    found = Difference()
    if mapping.key and _plain(record.get(mapping.key), "text") != facts.uuid:
        found.changes[mapping.key] = Change(record.get(mapping.key), facts.uuid)
    for fact, target in mapping.fields.items():
        if fact in facts.unknown:
            found.open[target.to] = facts.unknown[fact]
            continue
        form, before = mapping.formats[fact], record.get(target.to)
        try:
            wanted = value_of(facts, fact, target)
        except Unfit as error:
            found.open[target.to] = f"ChartMogul's value {error}"
            continue
        stays = wanted is None and (target.when_empty == "keep" or form == "boolean")
        if stays or _equal(wanted, before, form):  # a checkbox cannot be empty
            continue
        kept = _is_a_persons(target, before, form, written)
        (found.kept if kept else found.changes)[target.to] = Change(before, wanted)
    return found


def values_of_new(facts: CustomerFacts, mapping: ObjectMapping) -> dict[str, Value]:
    """What a record that is made anew gets, its key included."""
    given = {name: _written_as(_fact(facts, fact), "text") for fact, name in mapping.create_with.items()}
    known = {name: value for name, value in given.items() if value is not None}
    return known | difference(facts, mapping, {}).values


def value_of(facts: CustomerFacts, fact: FactName, target: FieldMapping) -> Value:
    """A fact as its field is to hold it. Raises Unfit where a custom attribute holds no such value."""
    form = format_of(fact, target)
    given = _fact(facts, fact)
    value = _READ_CUSTOM[form](given) if attribute_of(fact) else _written_as(given, form)
    if not isinstance(value, str):
        return value
    text = target.values.get(value, value)
    if target.max_length and len(text) > target.max_length:
        text = text[: target.max_length - 1].rstrip() + "…"
    return text or None


def as_text(value: Value) -> str:
    """As HubSpot takes it: every value is text, and an empty one clears."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _fact(facts: CustomerFacts, fact: FactName) -> Any:
    name = attribute_of(fact)
    value = facts.custom.get(name) if name else getattr(facts, fact)
    return ", ".join(value) if isinstance(value, tuple) else value


def _written_as(value: Any, form: Format) -> Value:
    if value is None or value == "":
        return None
    if form == "text":
        return as_text(value)
    if form == "date" and isinstance(value, datetime):
        return value.date()
    plain: Value = value
    return plain


def _is_a_persons(target: FieldMapping, before: Any, form: Format, written: Mapping[str, Any] | None) -> bool:
    if target.owner == "mogulflow" or _plain(before, form) is None:
        return False
    return not (written and target.to in written and _equal(written[target.to], before, form))


def _equal(ours: Any, theirs: Any, form: Format) -> bool:
    return bool(ours == theirs) or bool(_plain(ours, form) == _plain(theirs, form))


def _plain(value: Any, form: Format) -> Any:
    """The same for all ways of writing a value; text that is no such value stays as it is."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return _READ[form](value)
    except (ValueError, InvalidOperation, OverflowError):
        return str(value).strip()


def _number(value: Any) -> Decimal:
    number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    if not number.is_finite():
        raise ValueError("no number")
    return number


def _datetime(value: Any) -> datetime:
    """To the second. HubSpot may also give milliseconds since 1970."""
    if isinstance(value, datetime):
        instant = value
    elif (text := str(value).strip()).isdecimal():
        instant = datetime.fromtimestamp(int(text) / 1000, UTC)
    else:
        instant = datetime.fromisoformat(text)
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC).replace(microsecond=0)


def _date(value: Any) -> date:
    """A day, which HubSpot may give as its midnight in UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return date.fromisoformat(text) if len(text := str(value).strip()) == 10 else _datetime(value).date()


def _words(value: Any) -> str:
    return as_text(value).strip()


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text == "true"


_READ: dict[Format, Callable[[Any], Any]] = {
    "number": _number,
    "text": _words,
    "date": _date,
    "datetime": _datetime,
    "boolean": _truth,
}
_READ_CUSTOM: dict[Format, Callable[[str | None], Value]] = {
    "number": decimal,
    "text": lambda text: text,
    "date": day,
    "datetime": instant,
    "boolean": boolean,
}
"""A custom attribute's text as its field wants it. Each raises Unfit."""
