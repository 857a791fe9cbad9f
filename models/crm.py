"""The CRM mapping, config/crm.yaml: which of our facts goes to which field of theirs.

One file for all CRMs, per system and object. People edit it without code; what we know of a customer is
in `models/crm_facts.py`.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self

from babel.numbers import get_currency_precision
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    model_validator,
)

from models.base import ConfigRecord
from models.crm_facts import (
    CUSTOM,
    CUSTOM_PATTERN,
    FACTS,
    KINDS,
    FactName,
    Kind,
    attribute_of,
    kind_of,
)
from models.free_mail import is_free_mail
from models.money import Currency
from models.spelling import nearest

CrmName = Literal["hubspot", "salesforce"]
Way = Literal["key", "email", "contact", "domain"]
"""How a record is found: by our unique field, by e-mail, as the company of the contact with that e-mail,
or by the domain of the website or e-mail."""

Format = Literal["number", "text", "date", "datetime", "boolean"]

MOST_CUSTOM = 50
"""Custom attributes that a file may name, each once: all of a customer's values go through one run."""

FORMATS: dict[Kind, tuple[Format, ...]] = {
    "text": ("text",),
    "amount": ("number", "text"),
    "date": ("date", "text"),
    "datetime": ("datetime", "date", "text"),
    "custom": ("text", "number", "date", "datetime", "boolean"),
}
"""What a fact of that kind may be written as, the default first."""


def _known_fact(name: str) -> str:
    if name in KINDS or attribute_of(name):
        return name
    if name.startswith(CUSTOM):
        raise ValueError(
            f"{name[:40]}: behind custom. goes the name of a custom attribute, of 1 to 200 letters"
        )
    custom = re.match(r"(?i)customs?[._: /-]+(\S.*)", name)
    meant = f": did you mean custom.{custom[1]}?" if custom else nearest(name, KINDS)
    raise ValueError(
        f"{name[:200]} is no fact of ours{meant[:200]}. Facts are: {', '.join(KINDS)}; and custom.NAME for"
        " ChartMogul's custom attribute NAME"
    )


def _just_a_name(value: object) -> object:
    return {"to": value} if isinstance(value, str) else value


def _lower(value: str) -> str:
    return value.strip().lower().removeprefix("@")


Fact = Annotated[FactName, AfterValidator(_known_fact)]
NAMES_ARE_FACTS: dict[str, Any] = {
    "propertyNames": {"anyOf": [{"enum": list(FACTS)}, {"pattern": CUSTOM_PATTERN}]}
}
"""For editors: pydantic's schema of a dict says nothing of keys that a function checks."""

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z]\w{0,99}$")]
"""Internal name of a HubSpot property, or API name of a Salesforce field."""

Domain = Annotated[str, AfterValidator(_lower), Field(min_length=3)]


class FieldMapping(ConfigRecord):
    to: FieldName = Field(description="Their field: HubSpot's internal name, Salesforce's API name")
    owner: Literal["mogulflow", "crm"] = Field(
        default="mogulflow",
        description="crm: a value that is there and is not what we wrote stays, and is reported",
    )
    format: Format | None = Field(default=None, description="By default what the fact is")
    values: dict[str, str] = Field(
        default={}, description="Our text to theirs, for fields with a closed list; others go as they are"
    )
    when_empty: Literal["clear", "keep"] = Field(
        default="clear", description="What becomes of their value where we have none"
    )
    max_length: int | None = Field(default=None, ge=1, description="Longer text is cut, with …")


Target = Annotated[
    FieldMapping, BeforeValidator(_just_a_name, json_schema_input_type=FieldName | FieldMapping)
]


def format_of(fact: FactName, target: FieldMapping) -> Format:
    """What it is written as."""
    return target.format or FORMATS[kind_of(fact)][0]


def check_formats(fields: Mapping[FactName, FieldMapping]) -> None:
    """Raises ValueError for a fact that cannot be written so."""
    for fact, target in fields.items():
        if target.format and target.format not in FORMATS[kind_of(fact)]:
            can_be = " or ".join(FORMATS[kind_of(fact)])
            raise ValueError(f"{fact} can be {can_be}, and not {target.format}")


class ObjectMapping(ConfigRecord):
    """One object of a CRM. Fields that are not named here are never touched."""

    key: FieldName | None = Field(
        description="Their unique field for ChartMogul's customer uuid; null where they have none"
    )
    match: Sequence[Way] = Field(min_length=1, description="Ways to find the record, in this order")
    create: Literal["never", "if_not_found"] = Field(
        default="never", description="Whether a customer without a record gets a new one"
    )
    create_with: dict[Fact, FieldName] = Field(
        default={},
        description="What a new record gets beside the fields below, and an old one does not",
        json_schema_extra=NAMES_ARE_FACTS,
    )
    fields: dict[Fact, Target] = Field(
        min_length=1, description="Our facts to their fields", json_schema_extra=NAMES_ARE_FACTS
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if "key" in self.match and self.key is None:
            raise ValueError("match names key, and key is null")
        if self.create != "never" and not (self.key and self.create_with):
            raise ValueError("create needs key, so that it is done once, and create_with")
        names = [each.to for each in self.fields.values()] + ([self.key] if self.key else [])
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two facts go to {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _formats_fit(self) -> Self:
        check_formats(self.fields)
        return self

    @cached_property
    def formats(self) -> dict[FactName, Format]:
        """What each mapped fact is written as."""
        return {fact: format_of(fact, each) for fact, each in self.fields.items()}

    @property
    def field_names(self) -> list[str]:
        """What to read of a record, in order to compare."""
        names = [target.to for target in self.fields.values()]
        return [self.key, *names] if self.key else names


def overwritten(name: str, mapping: ObjectMapping, own: Collection[str], what: str) -> list[str]:
    """A sentence on fields that the CRM comes with: people fill those, too. `own` are all of the object's,
    `what` calls them. A field of `owner: crm` keeps what people wrote."""
    found = [each.to for each in mapping.fields.values() if each.to in own and each.owner == "mogulflow"]
    told = f"{name}: {what} are written, and people's values in them overwritten: {', '.join(found)}"
    return [told] if found else []


class ContactMapping(ObjectMapping):
    match: list[Literal["key", "email"]] = Field(
        default=["key", "email"], min_length=1, description="Ways to find the record, in this order"
    )


class CompanyMapping(ObjectMapping):
    match: list[Literal["key", "contact", "domain"]] = Field(
        default=["key", "contact", "domain"],
        min_length=1,
        description="Ways to find the record, in this order; contact: the company of who has the e-mail",
    )


class HubSpotMapping(ConfigRecord):
    contacts: ContactMapping | None = None
    companies: CompanyMapping | None = None


class SalesforceMapping(ConfigRecord):
    account: CompanyMapping | None = Field(default=None, alias="Account")
    contact: ContactMapping | None = Field(default=None, alias="Contact")
    domain_field: FieldName = Field(
        default="Website", description="Account field that holds the domain, as a domain or as a URL"
    )


class MoneyRules(ConfigRecord):
    minor_unit_digits: dict[str, Annotated[int, Field(ge=0, le=4)]] = Field(
        default={"default": 2},
        description="Decimal places in ChartMogul's amounts; by currency where one differs (JPY: 0)",
    )
    exchange_rates: dict[Currency, Annotated[Decimal, Field(gt=0)]] = Field(
        default={},
        description="One unit in the account's currency. What was paid in a currency that is not here"
        " leaves net_payments open",
    )

    def amount(self, cents: int, currency: str) -> Decimal:
        """In units of the currency, with as many decimal places as it has."""
        return rounded(self.exact(cents, currency), currency)

    def exact(self, cents: int | Decimal, currency: str) -> Decimal:
        digits = self.minor_unit_digits.get(currency, self.minor_unit_digits.get("default", 2))
        return Decimal(cents).scaleb(-digits)


class FreeMail(ConfigRecord):
    """Domains at which anybody gets an address: they say nothing of a company."""

    also: list[Domain] = Field(default=[], description="Besides those that are known; yahoo.* names all")
    allow: list[Domain] = Field(default=[], description="Known ones that do name a company, to you")

    def holds(self, domain: str) -> bool:
        return domain not in self.allow and is_free_mail(domain, self.also)


class SharedHosts(ConfigRecord):
    """Hosts at which everybody has a page: a website there says nothing of a company's domain."""

    also: list[Domain] = Field(default=[], description="Besides those that are known; names below them, too")
    allow: list[Domain] = Field(default=[], description="Known ones that do name a company, to you")


class CrmMapping(ConfigRecord):
    hubspot: HubSpotMapping | None = None
    salesforce: SalesforceMapping | None = None
    money: MoneyRules = MoneyRules()
    free_mail: FreeMail = FreeMail()
    shared_hosts: SharedHosts = SharedHosts()

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if len(self.custom_attributes) > MOST_CUSTOM:
            found = len(self.custom_attributes)
            raise ValueError(f"{found} custom attributes are mapped, and {MOST_CUSTOM} is the most")
        return self

    @cached_property
    def custom_attributes(self) -> frozenset[str]:
        """Those that any object is to have, by ChartMogul's name of them."""
        return frozenset(name for fact in self._facts() if (name := attribute_of(fact)))

    def _facts(self) -> Iterator[FactName]:
        for chosen in (self.hubspot, self.salesforce):
            objects = [getattr(chosen, name) for name, _ in _fields_of(chosen)] if chosen else []
            for each in objects:
                if isinstance(each, ObjectMapping):
                    yield from (*each.fields, *each.create_with)

    def creating(self, system: CrmName, name: str) -> Self:
        """With that object made where a customer has none: only where the file says what a new one gets."""
        chosen, mapping = self.hubspot if system == "hubspot" else self.salesforce, self.objects(system)[name]
        if chosen is None or not (mapping.key and mapping.create_with):
            return self
        field = next(field for field, about in _fields_of(chosen) if (about.alias or field) == name)
        creates = mapping.model_copy(update={"create": "if_not_found"})
        return self.model_copy(update={system: chosen.model_copy(update={field: creates})})

    def objects(self, system: CrmName) -> Mapping[str, ObjectMapping]:
        """By the system's own name of the object: contacts, companies, Account, Contact."""
        chosen = self.hubspot if system == "hubspot" else self.salesforce
        if chosen is None:
            return {}
        given: dict[str, Any] = {f.alias or name: getattr(chosen, name) for name, f in _fields_of(chosen)}
        return {name: each for name, each in given.items() if isinstance(each, ObjectMapping)}


def _fields_of(config: ConfigRecord) -> list[tuple[str, Any]]:
    return list(type(config).model_fields.items())


def rounded(amount: Decimal, currency: str) -> Decimal:
    return round(amount, _decimal_places(currency))


_decimal_places = lru_cache(get_currency_precision)
