"""Which properties the mapping needs in HubSpot, and which of those there are unfit."""

from collections.abc import Iterator, Sequence

from models.crm import Format, ObjectMapping, overwritten
from models.crm_facts import title_of
from models.crm_fields import Unfit
from models.hubspot import NewProperty, Property
from models.spelling import nearest

_TYPES: dict[Format, tuple[str, ...]] = {
    "number": ("number",),
    "date": ("date",),
    "datetime": ("datetime",),
    "text": ("string", "enumeration", "phone_number"),
    "boolean": ("bool", "enumeration"),
}
_TO_MAKE = {
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "text": ("string", "text"),
    "boolean": ("bool", "booleancheckbox"),
}
_LABELS = {
    "uuid": "customer UUID",
    "external_id": "external ID",
    "mrr": "MRR",
    "arr": "ARR",
    "last_movement_type": "last movement",
}
"""Of facts whose title would read badly."""

MOST_OF_LABEL = 100


def wanted_properties(mapping: ObjectMapping) -> list[NewProperty]:
    """What `prepare` makes where it is missing: the key, and a property for each fact."""
    key = [_property(mapping.key, "customer_uuid", "text", unique=True)] if mapping.key else []
    return key + [
        _property(target.to, fact, mapping.formats[fact]) for fact, target in mapping.fields.items()
    ]


def unfit_properties(object_type: str, mapping: ObjectMapping, properties: Sequence[Property]) -> list[Unfit]:
    """Properties that are missing, or cannot hold what is to go there."""
    there = {each.name: each for each in properties}
    forms = {target.to: mapping.formats[fact] for fact, target in mapping.fields.items()}
    forms |= dict.fromkeys(mapping.create_with.values(), "text")
    key = _unfit_key(object_type, mapping.key, there) if mapping.key else []
    return [*key, *_unfit(object_type, forms, there)]


def notes_on_hubspot(object_type: str, mapping: ObjectMapping, properties: Sequence[Property]) -> list[str]:
    """What works, and may not be meant."""
    own = {each.name for each in properties if each.defined_by_hubspot}
    return overwritten(object_type, mapping, own, "HubSpot's own properties")


def _property(name: str, fact: str, form: Format, *, unique: bool = False) -> NewProperty:
    type_, field_type = _TO_MAKE[form]
    return NewProperty.model_validate({
        "name": name.lower(),
        "label": f"ChartMogul {_LABELS.get(fact) or title_of(fact)}"[:MOST_OF_LABEL],
        "type": type_,
        "field_type": field_type,
        "unique": unique,
        "description": "Kept up to date by Mogulflow.",
    })  # fmt: skip


def _unfit_key(object_type: str, key: str, there: dict[str, Property]) -> list[Unfit]:
    if key not in there:
        return [_missing(object_type, key, there)]
    why = "does not hold unique values, which cannot be changed"
    return [] if there[key].unique else [Unfit(object_type, key, why)]


def _missing(object_type: str, name: str, there: dict[str, Property]) -> Unfit:
    return Unfit(object_type, name, "is not there", missing=True, hint=nearest(name, there, 0.9))


def _unfit(object_type: str, forms: dict[str, Format], there: dict[str, Property]) -> Iterator[Unfit]:
    for name, form in forms.items():
        found = there.get(name)
        if found is None:
            yield _missing(object_type, name, there)
        elif found.calculated:
            yield Unfit(object_type, name, "is calculated by HubSpot, and cannot be written")
        elif found.type not in _TYPES[form]:
            yield Unfit(object_type, name, f"is of type {found.type}, and {form} is to go there")
