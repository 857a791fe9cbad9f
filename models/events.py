"""Events, kind by kind, and what their sources say read as one.

ChartMogul's webhook has no id and the ids of its activities change when history is recalculated,
so the id is a digest of what both say about one MRR movement: whose it is, and when. Type and amount
are what ChartMogul says of it at present: a recalculation may restate them.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field

from models import headlines
from models.chartmogul import Activity, MovementWebhook
from models.chartmogul_values import same_spelling
from models.event import Event, EventSource, digest, to_the_second
from models.money import Cents, Money


class MovementType(StrEnum):
    NEW_BUSINESS = "new_biz"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"

    @property
    def loses(self) -> bool:
        return self in (MovementType.CONTRACTION, MovementType.CHURN)


class NotAMovement(ValueError):
    """The message is well formed but no MRR movement; the text says why, and quotes nothing of it."""


class MrrMovement(Event):
    """One change of a customer's MRR. `amount` is in account currency; losses are negative."""

    kind: Literal["mrr_movement"] = "mrr_movement"
    movement_type: MovementType
    subscription_external_id: str | None = None
    whole_subscription_id: str | None = Field(
        default=None, description="Where the one before is cut: the event's id has always been of the whole"
    )
    amount: Money
    description: str = ""
    customer_external_id: str | None = Field(
        default=None, description="The billing system's id: it stays where ChartMogul merges customers"
    )
    mrr_after: Cents | None = Field(default=None, description="What the customer pays after it")

    event_id: str = Field(
        default_factory=lambda given: _digest(given),
        description="Made once, and then kept: runs that began under another rule keep theirs",
    )

    @property
    def type(self) -> str:
        return self.movement_type.value

    @property
    def stated(self) -> str:
        """`churn 4900 USD`: what a recalculation may change."""
        return f"{self.movement_type} {abs(self.amount.cents)} {self.amount.currency}"

    @property
    def subject(self) -> str:
        return self.subscription_external_id or ""

    @property
    def in_words(self) -> str:
        return f"{self.type} movement of {abs(self.amount)}"

    @property
    def headline(self) -> str:
        return headlines.headline(self.type, self.amount, self.description)

    @property
    def summary(self) -> str:
        return headlines.summary(self.type, self.customer_name or self.customer_uuid, self.amount)

    @property
    def mrr(self) -> Money:
        return self.amount

    @property
    def brings_back(self) -> bool:
        """A merge or a late import may call that an expansion."""
        if self.movement_type is MovementType.EXPANSION:
            return self.mrr_after is not None and self.mrr_after <= self.amount.cents
        return self.movement_type in (MovementType.NEW_BUSINESS, MovementType.REACTIVATION)


DataSources = Mapping[tuple[str, str], str]
"""ChartMogul's uuid of each data source that a billing system is, by account and system."""

SAME_ATTEMPT = timedelta(hours=1)
"""Two sources tell of one attempt within this; billing systems wait for longer before they try again."""


class FailedPayment(Event):
    """One attempt to collect an invoice that failed. `amount` is in the invoice's currency.

    Billing systems and ChartMogul's list both tell of it. They meet in the invoice, which one run is for, and
    in the transaction where both name it.
    """

    kind: Literal["failed_payment"] = "failed_payment"
    customer_uuid: str = Field(default="", description="ChartMogul's; empty of a billing system's webhook")
    customer_external_id: str | None = Field(default=None, description="The billing system's")
    invoice: str = Field(description="Its external id, else ChartMogul's uuid")
    transaction: str | None = Field(default=None, description="The same of the attempt")
    attempt: int | None = Field(default=None, ge=1, description="How many there were, where that is known")
    next_attempt_at: AwareDatetime | None = None
    reason: str = Field(default="", description="In the billing system's words")
    link: str | None = Field(default=None, description="Where the customer can pay")
    billing_system: str = Field(default="", description="That told of it, such as stripe")
    data_source: str = Field(default="", description="ChartMogul's uuid of it, ds_..., where that is known")
    apart: str = Field(
        default="",
        description="Of which source, where another's invoice of the same id has the run of the id",
    )

    event_id: str = Field(default_factory=lambda given: _payment_digest(given))

    @property
    def run_key(self) -> str:
        """Of its invoice: later attempts are told to the run of the first."""
        return digest(
            same_spelling(self.account), "invoice", same_spelling(self.invoice), *_apart(self.apart)
        )

    @property
    def origin(self) -> dict[str, str]:
        """The data source decides, where it is known of both."""
        said = {"data_source": self.data_source, "billing_system": self.billing_system}
        return {name: same_spelling(value) for name, value in said.items() if value}

    def told_apart(self) -> Self | None:
        which = next(iter(self.origin.values()), "")
        if self.apart or not which:
            return None
        return type(self).model_validate(self.model_dump(exclude={"event_id"}) | {"apart": which})

    def of_source(self, known: DataSources) -> Self:
        """With its data source, where its billing system is known to be one."""
        source = known.get((self.account, self.billing_system), "")
        return self.model_copy(update={"data_source": source}) if source and not self.data_source else self

    @property
    def type(self) -> str:
        return self.kind

    @property
    def stated(self) -> str:
        amount = f"{self.amount.cents} {self.amount.currency}" if self.amount else "0 XXX"
        return f"{self.kind} {amount}"

    @property
    def subject(self) -> str:
        return self.invoice

    def is_same_attempt(self, other: "FailedPayment") -> bool:
        """Of one invoice: sources tell of the same attempt in different words, so that its id differs."""
        if self.is_of_another(other.origin):
            return False
        if self.event_id == other.event_id:
            return True
        if self.transaction and other.transaction:
            return self.transaction == other.transaction
        if self.attempt and other.attempt:
            return self.attempt == other.attempt
        return abs(self.occurred_at - other.occurred_at) < SAME_ATTEMPT

    @property
    def in_words(self) -> str:
        return f"failed payment of {self.amount}" if self.amount else "failed payment"

    @property
    def headline(self) -> str:
        return headlines.payment_headline(self.amount, self.attempt)

    @property
    def summary(self) -> str:
        who = self.customer_name or self.customer_uuid or self.customer_external_id or "a customer"
        return headlines.payment_summary(who, self.amount)


AnyEvent = MrrMovement | FailedPayment
"""Every kind of event, to read one back from JSON: told apart by `kind`."""


def _payment_digest(given: dict[str, Any]) -> str:
    """The transaction, else which attempt it is, else when it was."""
    instant = to_the_second(given["occurred_at"]).isoformat()
    which = given["transaction"] or given["attempt"] or instant
    account, invoice = same_spelling(given["account"]), same_spelling(given["invoice"])
    return digest(account, given["kind"], invoice, same_spelling(str(which)), *_apart(given["apart"]))


def _apart(source: str) -> list[str]:
    return ["of", source] if source else []


def _digest(given: dict[str, Any]) -> str:
    return digest(
        same_spelling(given["account"]),
        given["kind"],
        same_spelling(given["customer_uuid"]),
        same_spelling(given["whole_subscription_id"] or given["subscription_external_id"] or ""),
        to_the_second(given["occurred_at"]).isoformat(),
        given["occurrence"],
    )


def movement_from_webhook(body: MovementWebhook, account: str) -> MrrMovement:
    """Read a webhook body. Raises NotAMovement where its type is another one."""
    if same_spelling(body.type) != "mrr_movement":
        raise NotAMovement("type is not mrr_movement")
    kind = _movement_type(body.movement_type)
    return MrrMovement(
        account=account,
        movement_type=kind,
        occurred_at=to_the_second(body.date),
        customer_uuid=body.customer.uuid.strip(),
        customer_name=body.customer.company or body.customer.name or "",
        subscription_external_id=body.subscription.external_id,
        whole_subscription_id=body.subscription.whole_id,
        amount=_signed(body.mrr_movement_in_account_currency, body.account_currency, kind),
        description=body.description,
        customer_external_id=body.customer.external_id,
        mrr_after=body.customer.current_mrr,
        source=EventSource.WEBHOOK,
    )


def movement_from_activity(
    row: Activity, account: str, source: EventSource = EventSource.POLL
) -> MrrMovement:
    """Read a row of `GET /activities`."""
    kind = _movement_type(row.type)
    return MrrMovement(
        account=account,
        movement_type=kind,
        occurred_at=to_the_second(row.date),
        customer_uuid=row.customer_uuid.strip(),
        customer_name=row.customer_name or "",
        subscription_external_id=row.subscription_external_id,
        whole_subscription_id=row.whole_subscription_id,
        amount=_signed(row.movement, row.currency, kind),
        description=row.description,
        customer_external_id=row.customer_external_id,
        mrr_after=row.mrr,
        source=source,
    )


def _movement_type(text: str) -> MovementType:
    try:
        return MovementType(same_spelling(text))
    except ValueError:
        raise NotAMovement(f"movement type is none of {', '.join(MovementType)}") from None


def _signed(cents: int, currency: str, kind: MovementType) -> Money:
    """Take the sign from the type: ChartMogul documents none for the webhook's amounts."""
    amount = abs(Money(cents=cents, currency=currency.strip().upper()))
    return -amount if kind.loses else amount
