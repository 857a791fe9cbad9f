"""What billing systems have in common: what is asked of them, and how what they say is read.

Each has two ways to tell of a failed payment, its webhook and a list. Both are read as the same event, in
models/stripe.py, models/chargebee.py and models/recurly.py.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from models.base import Record
from models.chartmogul_values import Unfit, decimal, identifier, instant, is_missing, text, whole_cents
from models.event import EventSource
from models.events import FailedPayment
from models.money import Money

LONGEST_REASON = 500
LONGEST_LINK = 2_000
LATEST_SECOND = 10**11
"""Since 1970. What is later counts milliseconds."""


class NoFailedPayment(ValueError):
    """The message is well formed and tells of something else; the text says of what, and quotes no more."""


class NotTold(Exception):
    """The billing system refuses to tell, or tells nothing that can be read; the text says why."""


# -- what steps take and give


class InvoiceQuery(Record):
    account: str = Field(description="ChartMogul account whose billing system it is")
    invoice: str = Field(description="As a failed payment names it")
    data_source: str = Field(default="", description="ChartMogul's, where that is known")


InvoiceStatus = Literal["open", "paid", "voided", "lost"]
"""`lost`: nobody tries to collect it any more."""


class InvoiceNow(Record):
    """What a billing system says of an invoice at present. `due` is what is left to pay."""

    id: str
    number: str = Field(default="", description="As the customer knows it")
    status: InvoiceStatus
    due: Money | None = None
    paid_at: AwareDatetime | None = None
    attempts: int = Field(default=0, ge=0, description="To collect it, as far as that is known")
    next_attempt_at: AwareDatetime | None = None
    reason: str = Field(default="", description="Why the last attempt failed, in the billing system's words")
    link: str | None = Field(default=None, description="The billing system's page of it, for us")
    pay_link: str | None = Field(default=None, description="Where the customer pays, or changes the card")
    customer_external_id: str | None = Field(default=None, description="The billing system's")
    email: str | None = None
    customer_name: str = ""


class FailedSince(Record):
    """One page of the payments that failed from `since` on, before `until`."""

    account: str = Field(description="ChartMogul account whose billing system it is")
    since: AwareDatetime
    until: AwareDatetime
    cursor: str | None = Field(default=None, description="Of the page before; the rest as it was asked then")
    source: EventSource = Field(default=EventSource.POLL, description="Of the events that come of it")


class FailedPage(Record):
    """In no order, and a payment may come twice: its event has the same id. `until` may be before what was
    asked for, as lists lag: what failed later is asked for from there."""

    events: list[FailedPayment]
    unreadable: list[str] = Field(default=[], description="Rows that were left out: which, and why")
    cursor: str | None = Field(default=None, description="Where the next page begins; None: this is the last")
    until: AwareDatetime = Field(description="With the last page, all that failed before it has been told")
    gone_before: AwareDatetime | None = Field(
        default=None, description="Of what failed before it the system tells no more, and `since` is earlier"
    )
    note: str = Field(default="", description="Why there is nothing, where nobody was asked")


# -- how values are read


def _text(value: Any) -> str | None:
    return text(value, LONGEST_REASON)


def _link(value: Any) -> str | None:
    """A link that is cut leads nowhere."""
    found = text(value, LONGEST_LINK + 1)
    right = found and len(found) <= LONGEST_LINK and found.startswith(("https://", "http://"))
    return found if right else None


def _reference(value: Any) -> str | None:
    """An id, also of an object that stands there whole."""
    return identifier(value.get("id") if isinstance(value, dict) else value)


def _count(value: Any) -> int | None:
    """A number nothing depends on: what is none, or negative, is missing."""
    try:
        return max(whole_cents(value), 0) or None
    except Unfit:
        return None


def _minor(value: Any) -> int | None:
    try:
        return whole_cents(value)
    except Unfit:
        return None


def _decimal(value: Any) -> Decimal | None:
    try:
        return decimal(value)
    except Unfit:
        return None


def instant_of(value: Any) -> datetime | None:
    """Of ISO 8601 text, or of seconds or milliseconds since 1970; None of anything else."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value if value < LATEST_SECOND else value / 1000
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < LATEST_SECOND else None
    try:
        return instant(value)
    except Unfit:
        return None


Words = Annotated[str | None, BeforeValidator(_text)]
Link = Annotated[str | None, BeforeValidator(_link)]
Id = Annotated[str | None, BeforeValidator(_reference)]
NeededId = Annotated[str, BeforeValidator(_reference)]
Count = Annotated[int | None, BeforeValidator(_count)]
Minor = Annotated[int | None, BeforeValidator(_minor)]
Amount = Annotated[Decimal | None, BeforeValidator(_decimal)]
NeededAmount = Annotated[Decimal, BeforeValidator(_decimal)]
When = Annotated[AwareDatetime | None, BeforeValidator(instant_of)]
NeededWhen = Annotated[AwareDatetime, BeforeValidator(instant_of)]


class Said(Record):
    """What a billing system says: a field that is null is as good as absent."""

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_missing(cls, row: Any) -> Any:
        if isinstance(row, dict):
            return {name: value for name, value in row.items() if not is_missing(value)}
        return row


class Person(Said):
    """Whom a billing system bills, as people call them."""

    company: Words = None
    company_name: Words = None
    first_name: Words = None
    last_name: Words = None
    email: Words = None

    @property
    def label(self) -> str:
        name = " ".join(filter(None, (self.first_name, self.last_name)))
        return self.company or self.company_name or name
