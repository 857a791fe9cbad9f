"""One customer, with what belongs to it."""

from pydantic import AwareDatetime

from models.base import Record
from models.foreign import Foreign
from models.reads.answer import AccountAnswer, Word


class CustomerFacts(Record):
    uuid: Word
    external_ids: list[Foreign] = []
    data_source_uuid: Word | None = None
    name: Foreign | None = None
    company: Foreign | None = None
    email: Foreign | None = None
    status: Word = ""
    mrr_cents: int = 0
    arr_cents: int = 0
    plan: Foreign | None = None
    billing_cycle: Word | None = None
    owner: Foreign | None = None
    country: Word | None = None
    city: Foreign | None = None
    customer_since: AwareDatetime | None = None
    trial_started_at: AwareDatetime | None = None
    tags: list[Foreign] = []
    link: Foreign | None = None


class SubscriptionFacts(Record):
    """`current_period_end` is the end of what is paid for: no cancellation."""

    external_id: Foreign | None = None
    plan: Foreign = Foreign("")
    status: Word = ""
    mrr_cents: int | None = None
    billing_cycle: Word = ""
    quantity: int | None = None
    started_at: AwareDatetime | None = None
    current_period_end: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    customer_uuid: Word | None = None
    customer: Foreign | None = None


class MovementFacts(Record):
    date: AwareDatetime
    type: Word
    cents: int
    mrr_after_cents: int | None = None
    description: Foreign = Foreign("")
    subscription_external_id: Foreign | None = None


class InvoiceFacts(Record):
    """In the invoice's own currency."""

    external_id: Foreign | None = None
    date: AwareDatetime | None = None
    currency: Word | None = None
    total_cents: int = 0
    status: Word = ""
    paid: bool = False
    failed_payments: int = 0


class CustomerAnswer(AccountAnswer):
    """Of each list the newest."""

    customer: CustomerFacts
    subscriptions: list[SubscriptionFacts] | None = None
    movements: list[MovementFacts] | None = None
    invoices: list[InvoiceFacts] | None = None
    attributes: dict[Foreign, Foreign | bool | int | float | None] | None = None
    truncated: bool = False
