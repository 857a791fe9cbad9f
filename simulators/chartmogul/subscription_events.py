"""Subscription events as they were imported. No MRR follows from them here: ChartMogul would compute it."""

from collections.abc import Mapping
from itertools import count
from typing import Any

Event = dict[str, Any]
FIRST_ID = 138_900_001

CHANGES = ("subscription_start", "subscription_updated")
TYPES = {
    **dict.fromkeys(
        (*CHANGES, "subscription_start_scheduled", "subscription_update_scheduled"),
        ("plan_external_id", "currency", "amount_in_cents", "quantity"),
    ),
    **dict.fromkeys(
        (
            "subscription_cancelled",
            "subscription_cancellation_scheduled",
            "scheduled_subscription_start_retracted",
            "scheduled_subscription_update_retracted",
            "scheduled_subscription_cancellation_retracted",
        ),
        (),
    ),
    "subscription_event_retracted": ("retracted_event_id",),
}
"""With what each needs beside REQUIRED."""

REQUIRED = (
    "data_source_uuid", "customer_external_id", "subscription_external_id", "event_type", "event_date",
    "effective_date",
)  # fmt: skip
OPTIONAL = {
    "external_id": "", "subscription_set_external_id": "", "plan_external_id": "", "event_order": None,
    "quantity": "", "currency": "", "amount_in_cents": "", "tax_amount_in_cents": None,
    "retracted_event_id": None,
}  # fmt: skip
"""With what stands there where nothing was sent."""

FILTERS = (
    "data_source_uuid", "external_id", "customer_external_id", "subscription_external_id", "event_type",
    "plan_external_id", "event_date", "effective_date",
)  # fmt: skip


class SubscriptionEvents:
    def __init__(self) -> None:
        self._by_id: dict[int, Event] = {}
        self._ids = count(FIRST_ID)

    def add(self, given: Mapping[str, Any], errors: Mapping[str, Any], at: str) -> Event:
        """Values come back as they were sent."""
        id = next(self._ids)
        fixed = {"errors": dict(errors), "created_at": at, "updated_at": at, "disabled": False}
        fixed |= {"disabled_at": None, "disabled_by": None, "user_created": True}
        self._by_id[id] = {"id": id} | OPTIONAL | dict(given) | fixed
        return self._by_id[id]

    def find(self, id: int) -> Event | None:
        return self._by_id.get(id)

    def named(self, data_source: str, external_id: str) -> Event | None:
        found = self.all(data_source_uuid=data_source, external_id=external_id)
        return found[0] if external_id and found else None

    def all(self, **wanted: str) -> list[Event]:
        """Newest first."""
        return [
            each
            for each in reversed(self._by_id.values())
            if all(str(each[name]) == value for name, value in wanted.items())
        ]

    def change(self, event: Event, **values: Any) -> Event:
        changed = event | values
        self._by_id[event["id"]] = changed
        return changed

    def remove(self, event: Event) -> None:
        del self._by_id[event["id"]]
