"""Which properties the mapping needs in HubSpot, and which of those there are unfit."""

from collections.abc import Iterator, Sequence

from models.crm import Format, ObjectMapping, overwritten
from models.crm_facts import title_of
from models.hubspot import FACTS, NewProperty, Property
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
_THEIRS = {"predicted_ltv": "ltv"}
"""Facts that go by another name in FACTS."""

MOST_OF_LABEL = 100

PREPARE = "`mogulflow crm prepare hubspot` makes it"


def wanted_properties(mapping: ObjectMapping) -> list[NewProperty]:
    """What `prepare` makes where it is missing: the key, and a property for each fact."""
    key = [_property(mapping.key, "customer_uuid", "text", unique=True)] if mapping.key else []
    return key + [
        _property(target.to, fact, mapping.formats[fact]) for fact, target in mapping.fields.items()
    ]


def unfit_properties(object_type: str, mapping: ObjectMapping, properties: Sequence[Property]) -> list[str]:
    """One sentence per property that is missing, or cannot hold what is to go there."""
    there = {each.name: each for each in properties}
    forms = {target.to: mapping.formats[fact] for fact, target in mapping.fields.items()}
    forms |= dict.fromkeys(mapping.create_with.values(), "text")
    key = _unfit_key(mapping.key, there) if mapping.key else []
    return [f"{object_type}.{each}" for each in (*key, *_unfit(forms, there))]


def notes_on_hubspot(object_type: str, mapping: ObjectMapping, properties: Sequence[Property]) -> list[str]:
    """What works, and may not be meant."""
    own = {each.name for each in properties if each.defined_by_hubspot}
    return overwritten(object_type, mapping, own, "HubSpot's own properties")


def _property(name: str, fact: str, form: Format, *, unique: bool = False) -> NewProperty:
    label = FACTS.get(_THEIRS.get(fact, fact), (title_of(fact), ""))[0]
    type_, field_type = _TO_MAKE[form]
    return NewProperty.model_validate({
        "name": name.lower(),
        "label": f"ChartMogul {label}"[:MOST_OF_LABEL],
        "type": type_,
        "field_type": field_type,
        "unique": unique,
        "description": "Kept up to date by Mogulflow.",
    })  # fmt: skip


def _unfit_key(key: str, there: dict[str, Property]) -> list[str]:
    if key not in there:
        return [f"{key}: is not there; {PREPARE}{nearest(key, there, 0.9)}"]
    return [] if there[key].unique else [f"{key}: does not hold unique values, which cannot be changed"]


def _unfit(forms: dict[str, Format], there: dict[str, Property]) -> Iterator[str]:
    for name, form in forms.items():
        found = there.get(name)
        if found is None:
            yield f"{name}: is not there; {PREPARE}{nearest(name, there, 0.9)}"
        elif found.calculated:
            yield f"{name}: is calculated by HubSpot, and cannot be written"
        elif found.type not in _TYPES[form]:
            yield f"{name}: is of type {found.type}, and {form} is to go there"
