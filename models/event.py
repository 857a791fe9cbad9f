"""What each kind of event is: a fact about a customer that can cause action, with an identity of our own."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from pydantic import AwareDatetime, Field

from models import headlines
from models.base import Record
from models.chartmogul_values import same_spelling
from models.money import Money

Moment = tuple[str, str, datetime]
"""Customer, what of theirs (a subscription, an invoice), and when, to the second in UTC."""


class EventSource(StrEnum):
    """How we learned of it. Never part of the identity."""

    WEBHOOK = "webhook"
    POLL = "poll"
    BACKFILL = "backfill"
    BILLING = "billing"
    """The billing system: its own webhook, or its list."""


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
    def run_key(self) -> str:
        """What a run of a template is known by: of several events that one run is for, the same."""
        return self.event_id

    @property
    def origin(self) -> dict[str, str]:
        """Whose it is, as far as that is known: of two that would share a run it tells whether they may."""
        return {}

    def is_of_another(self, origin: Mapping[str, str]) -> bool:
        """Than what has that origin. What is not known of both makes no difference."""
        known = [name for name in self.origin if origin.get(name)]
        return bool(known) and self.origin[known[0]] != origin[known[0]]

    def told_apart(self) -> Self | None:
        """The same with a key that holds its origin; None where it has one, or nothing is known."""
        return None

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
    def mrr(self) -> Money | None:
        """What of a customer's MRR it changes."""
        return None

    @property
    def brings_back(self) -> bool:
        """Who had paid nothing pays after it."""
        return False

    def numbered(self, occurrence: int) -> Self:
        """The same as another one of several of its moment."""
        given = self.model_dump(exclude={"event_id"}) | {"occurrence": occurrence}
        return type(self).model_validate(given)


def digest(*identity: str | int) -> str:
    """What an event is known by, for ever: of the same parts in the same order the same."""
    text = json.dumps(identity, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def to_the_second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
