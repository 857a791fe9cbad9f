"""Events: facts about a customer that can cause action, each with an identity of our own.

ChartMogul's webhook has no id and the ids of its activities change when history is recalculated,
so the id is a digest of what both say about one MRR movement: whose it is, and when. Type and amount
are what ChartMogul says of it at present: a recalculation may restate them.
"""

import hashlib
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import AwareDatetime, Field

from models import headlines
from models.base import Record
from models.chartmogul import Activity, MovementWebhook
from models.chartmogul_values import same_spelling
from models.money import Cents, Money

Moment = tuple[str, str, datetime]
"""Customer, what of theirs (a subscription, an invoice), and when, to the second in UTC."""


class MovementType(StrEnum):
    NEW_BUSINESS = "new_biz"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"

    @property
    def loses(self) -> bool:
        return self in (MovementType.CONTRACTION, MovementType.CHURN)


class EventSource(StrEnum):
    """How we learned of it. Never part of the identity."""

    WEBHOOK = "webhook"
    POLL = "poll"
    BACKFILL = "backfill"


class Event(Record):
    """What each kind of event is. A kind declares `kind` as a Literal, and `event_id` last, made of its other
    fields: pydantic gives a default factory those that stand before it.

    `event_id` alone is the identity. What the source may restate is the statement, and no part of it.
    """

    kind: str
    account: str
    occurred_at: AwareDatetime
    customer_uuid: str
    customer_name: str = ""
    amount: Money | None = None
    source: EventSource
    occurrence: int = Field(default=1, description="Which of several of one moment, from 1")

    if TYPE_CHECKING:
        event_id: str

    @property
    def type(self) -> str:
        """What routes choose by and reports count by, such as `churn`."""
        raise NotImplementedError

    @property
    def stated(self) -> str:
        """What the source says of it at present, on a line that begins with its type. The run's memo keeps
        it, so that a restatement is seen."""
        raise NotImplementedError

    @property
    def subject(self) -> str:
        """What of the customer's it is about, by its external id; empty where that is not known."""
        return ""

    @property
    def moment(self) -> Moment:
        """Whose it is, and when. Several in one second share it."""
        return (
            same_spelling(self.customer_uuid),
            same_spelling(self.subject),
            to_the_second(self.occurred_at),
        )

    @property
    def in_words(self) -> str:
        """`churn movement of $49.00`, in a sentence."""
        return self.type

    @property
    def headline(self) -> str:
        """One line with nothing personal: a search attribute, of at most 255 bytes."""
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """One line that names the customer: for user metadata only, at most 400 bytes."""
        raise NotImplementedError

    @property
    def headline_with_customer(self) -> str:
        """For an installation that wants names in its lists."""
        who = headlines.name(self.customer_name)
        return f"{who}: {self.headline}" if who else self.headline

    @property
    def brings_back(self) -> bool:
        """Who had paid nothing pays after it."""
        return False

    def numbered(self, occurrence: int) -> Self:
        """The same as another one of several of its moment."""
        given = self.model_dump(exclude={"event_id"}) | {"occurrence": occurrence}
        return type(self).model_validate(given)


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
    def brings_back(self) -> bool:
        """A merge or a late import may call that an expansion."""
        if self.movement_type is MovementType.EXPANSION:
            return self.mrr_after is not None and self.mrr_after <= self.amount.cents
        return self.movement_type in (MovementType.NEW_BUSINESS, MovementType.REACTIVATION)


AnyEvent = MrrMovement
"""Every kind of event, to read one back from JSON: of several a union, told apart by `kind`."""


def _digest(given: dict[str, Any]) -> str:
    identity = (
        same_spelling(given["account"]),
        given["kind"],
        same_spelling(given["customer_uuid"]),
        same_spelling(given["whole_subscription_id"] or given["subscription_external_id"] or ""),
        to_the_second(given["occurred_at"]).isoformat(),
        given["occurrence"],
    )
    text = json.dumps(identity, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


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


def to_the_second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)


def _movement_type(text: str) -> MovementType:
    try:
        return MovementType(same_spelling(text))
    except ValueError:
        raise NotAMovement(f"movement type is none of {', '.join(MovementType)}") from None


def _signed(cents: int, currency: str, kind: MovementType) -> Money:
    """Take the sign from the type: ChartMogul documents none for the webhook's amounts."""
    amount = abs(Money(cents=cents, currency=currency.strip().upper()))
    return -amount if kind.loses else amount
