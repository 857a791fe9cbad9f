"""All that Stripe's simulator holds: the events of the last 30 days beside the invoices."""

import hashlib
import hmac
from datetime import datetime

from fastapi import Request

from simulators.billing.books import Attempt, Bill, Kind
from simulators.billing.state import Billing, Event
from simulators.stripe.rows import VERSION, invoice_row
from simulators.world import world_of

SIGNING_SECRET = "whsec_demo"
TYPES: dict[Kind, str] = {
    "failed": "invoice.payment_failed",
    "confirm": "invoice.payment_action_required",
    "paid": "invoice.paid",
    "voided": "invoice.voided",
    "lost": "invoice.marked_uncollectible",
}


class Stripe(Billing):
    def tell(self, kind: Kind, bill: Bill, attempt: Attempt | None, at: datetime) -> Event:
        event = {
            "id": f"evt_{len(self.events) + 1:08}",
            "object": "event",
            "api_version": VERSION,
            "created": int(at.timestamp()),
            "data": {"object": invoice_row(bill, self.url)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": TYPES[kind],
        }
        self.events.append(event)
        return event

    def proof(self, body: bytes, at: datetime) -> dict[str, str]:
        stamp = int(at.timestamp())
        signed = hmac.new(SIGNING_SECRET.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={stamp},v1={signed}"}


def stripe_of(request: Request) -> Stripe:
    return world_of(request).of(Stripe)
