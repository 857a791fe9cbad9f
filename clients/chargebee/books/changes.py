"""What changed after the cut, from Chargebee's events. Each has the subscription as it was after it:
how it was at the cut stands in the last event before."""

from typing import Any

from clients.kit.aside import Aside
from clients.kit.tables import Row

AFTER, AT_CUT = "changes", "at the cut"
CREATED = "subscription_created"
RENEWED = "subscription_renewed"
"""Another period of the same terms: a scheduled change of them is an event of its own."""

TYPES = (
    CREATED, RENEWED, "subscription_created_with_backdating", "subscription_started",
    "subscription_activated", "subscription_activated_with_backdating", "subscription_changed",
    "subscription_changed_with_backdating", "subscription_scheduled_changes_applied",
    "subscription_scheduled_changes_removed", "subscription_changes_scheduled",
    "subscription_trial_extended", "subscription_cancellation_scheduled",
    "subscription_scheduled_cancellation_removed", "subscription_cancelled",
    "subscription_canceled_with_backdating", "subscription_reactivated",
    "subscription_reactivated_with_backdating", "subscription_paused", "subscription_resumed",
    "subscription_pause_scheduled", "subscription_scheduled_pause_removed",
    "subscription_resumption_scheduled", "subscription_scheduled_resumption_removed",
    "subscription_advance_invoice_schedule_added", "subscription_deleted", "mrr_updated",
)  # fmt: skip
NEUTRAL = {RENEWED, "mrr_updated"}


def _subscription(event: Row) -> Row | None:
    row = (event.get("content") or {}).get("subscription")
    return row if isinstance(row, dict) and isinstance(row.get("id"), str) else None


def note(aside: Aside, event: Row) -> None:
    """Events after the cut."""
    if row := _subscription(event):
        known: list[Any] = aside.get(AFTER, row["id"]) or []
        kind = event.get("event_type")
        if kind not in known:
            aside.put(AFTER, row["id"], [*known, kind])


def note_before(aside: Aside, event: Row) -> bool:
    """Of events before the cut, newest first: whether it is the last of a subscription that changed since."""
    row = _subscription(event)
    if row is None or aside.get(AFTER, row["id"]) is None or aside.get(AT_CUT, row["id"]) is not None:
        return False
    aside.put(
        AT_CUT, row["id"], {"subscription": row, "customer": (event.get("content") or {}).get("customer")}
    )
    return True


def sought(aside: Aside) -> int:
    """How many have to be looked for."""
    return sum(1 for _, kinds in aside.items(AFTER) if CREATED not in kinds and not NEUTRAL.issuperset(kinds))


def before(aside: Aside, id: str, now: Row) -> Row | None:
    """None where nobody can say, or where it was not there."""
    kinds = aside.get(AFTER, id)
    if not kinds or CREATED in kinds:
        return None
    found: Row | None = aside.get(AT_CUT, id)
    if found is None and NEUTRAL.issuperset(kinds):
        return _a_period_back(now)
    return found


def _a_period_back(now: Row) -> Row:
    """The terms are those of now. When the period before began is not told."""
    said = now["subscription"]
    period = {"current_term_start": None, "current_term_end": said.get("current_term_start")}
    return now | {"subscription": said | period}
