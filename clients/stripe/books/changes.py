"""What changed after the cut, from Stripe's events: a subscription as it was, before the first of them.

Each event has the subscription after it, and what of it was otherwise before. Stripe keeps them for 30 days.
"""

from datetime import UTC, datetime
from typing import Any

from clients.kit.aside import Aside
from clients.kit.tables import Row, Unreadable

TYPES = (
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
)
CREATED, _, DELETED = TYPES
KIND = "changes"
ASKED, UNPAID = "cancellation_requested", "payment_failed"
"""Why a subscription ended, which says how it stood before: Stripe tells nothing else of that."""


def note(aside: Aside, event: Row) -> None:
    """Events come newest first: the last one of a subscription that is noted is the earliest."""
    data = event.get("data") or {}
    row = data.get("object") or {}
    if not isinstance(row.get("id"), str):
        return
    known = aside.get(KIND, row["id"]) or {"last": event.get("created")}
    before = {"type": event.get("type"), "row": row, "previous": data.get("previous_attributes") or {}}
    aside.put(KIND, row["id"], known | before)


def changed_at(aside: Aside, id: str) -> datetime | None:
    found = aside.get(KIND, id)
    return datetime.fromtimestamp(found["last"], UTC) if found else None


def before(aside: Aside, now: Row) -> Row | None:
    """The subscription's row before the first change; None where it did not change, was not there yet, or
    where nobody can say. What events do not expand is taken of the row as it is `now`. Raises Unreadable."""
    found = aside.get(KIND, str(now.get("id")))
    if found is None or found["type"] == CREATED:
        return None
    row = _as_expanded(_merged(found["row"], found["previous"]), now)
    return _not_ended(row) if found["type"] == DELETED else row


def _merged(row: Row, previous: Row) -> Row:
    """Of an object inside only what was otherwise is told; a list is told whole."""
    merged = dict(row)
    for name, value in previous.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _as_expanded(row: Row, now: Row) -> Row:
    invoice, latest = now.get("latest_invoice"), row.get("latest_invoice")
    same = isinstance(invoice, dict) and invoice.get("id") == latest
    expanded = {
        "customer": now.get("customer"),
        "latest_invoice": invoice if same else None,
        "schedule": None,
    }
    known = {str(each.get("id")): each for each in _discounts_in(now)}
    found = row | expanded
    if "discounts" in row:
        found["discounts"] = [_known(known, each) for each in row["discounts"] or []]
    items = [each | {"discounts": [_known(known, one) for one in each.get("discounts") or []]}
             for each in (row.get("items") or {}).get("data") or []]  # fmt: skip
    return found | {"items": {**(row.get("items") or {}), "data": items}}


def _discounts_in(row: Row) -> list[Row]:
    items = (row.get("items") or {}).get("data") or []
    found = [*(row.get("discounts") or []), *(one for each in items for one in each.get("discounts") or [])]
    return [each for each in found if isinstance(each, dict)]


def _known(known: dict[str, Row], discount: Any) -> Row:
    if isinstance(discount, dict):
        return discount
    if (found := known.get(str(discount))) is None:
        raise Unreadable("a discount that it had is not there any more")
    return found


def _not_ended(row: Row) -> Row:
    """Raises Unreadable where the end does not say how it stood before."""
    reason = (row.get("cancellation_details") or {}).get("reason")
    if reason not in (ASKED, UNPAID):
        raise Unreadable("its end does not say why")
    trial, end = row.get("trial_end"), row.get("ended_at") or row.get("canceled_at") or 0
    in_trial = isinstance(trial, int) and trial > end
    status = "past_due" if reason == UNPAID else "trialing" if in_trial else "active"
    at_end = bool(row.get("cancel_at_period_end") or row.get("cancel_at"))
    asked = row.get("canceled_at") if at_end else None
    return row | {"status": status, "ended_at": None, "canceled_at": asked}
