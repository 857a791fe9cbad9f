"""What we know of a customer that a CRM may want to know."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

from pydantic import Field

from models.base import Record

Kind = Literal["text", "amount", "date", "datetime", "custom"]

FactName = str
"""One of FACTS, or `custom.` and the name of one of ChartMogul's custom attributes."""

CUSTOM = "custom."
CUSTOM_PATTERN = r"^custom\.\S([^\r\n]{0,198}\S)?$"
"""Any attribute; a name of up to 200 letters."""

OwnFact = Literal[
    "uuid",
    "external_id",
    "name",
    "company",
    "email",
    "domain",
    "status",
    "mrr",
    "arr",
    "currency",
    "plans",
    "billing_cycle",
    "net_payments",
    "net_payments_by_currency",
    "predicted_ltv",
    "subscriber_since",
    "churned_on",
    "last_movement_type",
    "last_movement_amount",
    "last_movement_at",
    "link",
    "country",
    "tags",
]

_KINDS: dict[OwnFact, Kind] = {
    "mrr": "amount",
    "arr": "amount",
    "net_payments": "amount",
    "predicted_ltv": "amount",
    "last_movement_amount": "amount",
    "subscriber_since": "date",
    "churned_on": "date",
    "last_movement_at": "datetime",
}
FACTS: tuple[OwnFact, ...] = get_args(OwnFact)
KINDS: dict[FactName, Kind] = {name: _KINDS.get(name, "text") for name in FACTS}


def kind_of(fact: FactName) -> Kind:
    """A custom attribute may hold anything: what it is written as, its mapping says."""
    return KINDS.get(fact, "custom")


def attribute_of(fact: FactName) -> str | None:
    """The custom attribute that a fact is, by ChartMogul's name of it; None of any other fact."""
    return fact.removeprefix(CUSTOM) if re.match(CUSTOM_PATTERN, fact) else None


def title_of(fact: FactName) -> str:
    """For the label of a field that is made."""
    return attribute_of(fact) or fact.replace("_", " ")


class CustomerFacts(Record):
    """A customer at one moment. Amounts are in units of `currency`, the account's; days in its zone.

    None means that there is none. What could not be learned is in `unknown`, with the reason: it is no
    ground to clear a field.
    """

    uuid: str
    external_id: str | None = None
    name: str | None = None
    company: str | None = None
    email: str | None = Field(default=None, description="In lower case")
    domain: str | None = Field(
        default=None, description="Of the website, else of the e-mail; never free mail"
    )
    status: str | None = Field(default=None, description="ChartMogul's own word: Active, Past Due ...")
    mrr: Decimal
    arr: Decimal | None
    currency: str
    plans: tuple[str, ...] = Field(default=(), description="Names of those paid for now, in order")
    billing_cycle: str | None = Field(default=None, description="monthly, yearly, every 3 months ...")
    net_payments: Decimal | None = Field(default=None, description="Payments less refunds to date")
    net_payments_by_currency: str | None = Field(default=None, description="1200.00 EUR, 300.00 USD")
    predicted_ltv: Decimal | None = Field(default=None, description="The account's, not the customer's own")
    subscriber_since: date | None = None
    churned_on: date | None = Field(default=None, description="Of who pays nothing now")
    last_movement_type: str | None = None
    last_movement_amount: Decimal | None = Field(default=None, description="Losses are negative")
    last_movement_at: datetime | None = None
    link: str | None = Field(default=None, description="The customer in ChartMogul")
    country: str | None = Field(default=None, description="As ChartMogul has it: DE, US")
    tags: tuple[str, ...] = Field(default=(), description="In order")
    custom: dict[str, str] = Field(
        default={}, description="Custom attributes that the mapping names, by their own name, as text"
    )
    unknown: dict[FactName, str] = {}

    @property
    def label(self) -> str:
        """As people know the customer: the company, else the name; "" where neither is known."""
        return self.company or self.name or ""
