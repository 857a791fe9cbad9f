"""What an admin must do in Salesforce before the mapping can be written there.

Only an admin or a package can make fields: the data API cannot.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from models.crm import Format, ObjectMapping, overwritten
from models.crm_facts import attribute_of
from models.crm_fields import Unfit
from models.spelling import nearest

_TYPES: dict[Format, tuple[str, ...]] = {
    "number": ("currency", "double", "percent", "int"),
    "date": ("date",),
    "datetime": ("datetime",),
    "boolean": ("boolean",),
    "text": ("string", "textarea", "picklist", "combobox", "multipicklist", "url", "email", "phone"),
}
_TO_MAKE: dict[Format, str] = {
    "number": "Currency(16, 2)",
    "date": "Date",
    "datetime": "Date/Time",
    "text": "Text(255)",
    "boolean": "Checkbox",
}
PLAIN_NUMBER = "Number(16, 2)"
"""For a custom attribute: no amount of money."""

LIKE = 0.85
"""Names of an org's fields have a prefix in common, and so are never far from each other."""

_NO_RIGHT = "let the integration user edit it"
KEY_TYPE = "Text(64), External ID, Unique, case-sensitive"


CURRENCY = "CurrencyIsoCode"
"""The record's own currency; only orgs with several have the field."""


def money_fields(description: Mapping[str, Any]) -> frozenset[str]:
    """Fields that hold amounts in the record's own currency; none where the org has one for all."""
    fields = {str(field["name"]): field.get("type") for field in description["fields"]}
    if CURRENCY not in fields:
        return frozenset()
    return frozenset(name for name, kind in fields.items() if kind == "currency")


def refused_values(
    description: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Name, code and words of each value that the org takes for none of its field's, as far as its
    description tells: no such field that we may see, or a picklist that is restricted. Of one that is not,
    Salesforce takes anything."""
    fields = {str(field["name"]): field for field in description["fields"]}
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            yield (
                name,
                "INVALID_FIELD",
                f"the org has no field {name} that we may see{nearest(name, fields, LIKE)}",
            )
        elif field.get("type") == "picklist" and field.get("restrictedPicklist") and isinstance(value, str):
            listed = field.get("picklistValues") or ()
            known = [str(each["value"]) for each in listed if each.get("active")]
            if value.casefold() not in map(str.casefold, known):
                said = f"{name}: {value} is none of its values{nearest(value, known)}"
                yield name, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", said


def notes_on_salesforce(
    object_name: str, mapping: ObjectMapping, description: Mapping[str, Any], rates: Iterable[str]
) -> Iterator[str]:
    """What works, and may not be meant."""
    fields = {str(field["name"]): field for field in description["fields"]}
    if currency := fields.get(CURRENCY):
        known = set(rates)
        values = (str(each["value"]) for each in currency.get("picklistValues") or () if each.get("active"))
        without = ", ".join(sorted(set(values) - known)) or "none"
        yield (
            f"{object_name}: the org uses several currencies; amounts are converted into the record's by"
            f" money.exchange_rates, and left as they are where it has no rate: {without}"
        )
    own = {name for name, field in fields.items() if field.get("custom") is False}
    yield from overwritten(object_name, mapping, own, "Salesforce's own fields")


def to_do_in_salesforce(
    object_name: str, mapping: ObjectMapping, description: Mapping[str, Any]
) -> list[str]:
    """One sentence per field that is missing or unfit."""
    return list(map(str, unfit_fields(object_name, mapping, description)))


def unfit_fields(object_name: str, mapping: ObjectMapping, description: Mapping[str, Any]) -> list[Unfit]:
    """`description` is what describe answers."""
    fields = {str(field["name"]): field for field in description["fields"]}
    found = (*_key(mapping, fields), *_others(mapping, fields))
    return [
        Unfit(object_name, name, why, missing=name not in fields, hint=_hint(name, fields))
        for name, why in found
    ]


def _hint(name: str, fields: Mapping[str, Any]) -> str:
    return "" if name in fields else nearest(name, fields, LIKE)


def _key(mapping: ObjectMapping, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name, and what to do."""
    if mapping.key is None:
        return
    field = fields.get(mapping.key)
    if field is None:
        yield mapping.key, f"make it, {KEY_TYPE}"
    elif not (field.get("externalId") and field.get("unique")):
        yield mapping.key, "tick External ID and Unique"
    elif not field.get("updateable"):
        yield mapping.key, _NO_RIGHT


def _others(mapping: ObjectMapping, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    wanted = {target.to: mapping.formats[fact] for fact, target in mapping.fields.items()}
    wanted |= dict.fromkeys(mapping.create_with.values(), "text")
    plain = {target.to for fact, target in mapping.fields.items() if attribute_of(fact)}
    for name, form in wanted.items():
        field = fields.get(name)
        if field is None:
            to_make = PLAIN_NUMBER if form == "number" and name in plain else _TO_MAKE[form]
            yield name, f"make it, {to_make}"
        elif field.get("type") not in _TYPES[form]:
            yield name, f"is of type {field.get('type')}, and {form} is to go there"
        elif not field.get("updateable"):
            yield name, _NO_RIGHT
        elif field.get("restrictedPicklist"):
            yield from _values(name, mapping, field)


def _values(name: str, mapping: ObjectMapping, field: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    allowed = {str(each["value"]) for each in field.get("picklistValues") or () if each.get("active")}
    target = next((each for each in mapping.fields.values() if each.to == name), None)
    if target and (strange := sorted(set(target.values.values()) - allowed)):
        yield name, f"has no value {', '.join(strange)}; add it, or correct `values`"
    elif target and not target.values:
        yield name, "takes only values of its list; name them under `values`, or unrestrict it"
