"""All that Chargebee's simulator holds: events beside the invoices."""

import base64
from datetime import datetime

from fastapi import Request

from simulators.billing.books import Attempt, Bill, Kind
from simulators.billing.state import Billing, Event
from simulators.chargebee.rows import customer_row, invoice_row, seconds, transaction_row
from simulators.world import world_of

WEBHOOK_USER, WEBHOOK_PASSWORD = "chargebee", "cb-demo-password"
TYPES: dict[Kind, str] = {
    "failed": "payment_failed",
    "confirm": "payment_failed",
    "paid": "payment_succeeded",
    "voided": "invoice_updated",
    "lost": "invoice_updated",
}


class Chargebee(Billing):
    def tell(self, kind: Kind, bill: Bill, attempt: Attempt | None, at: datetime) -> Event:
        content = {"invoice": invoice_row(bill), "customer": customer_row(bill.customer)}
        if attempt:
            content["transaction"] = transaction_row(bill, attempt)
        event = {
            "id": f"ev_{len(self.events) + 1:08}",
            "api_version": "v2",
            "content": content,
            "event_type": TYPES[kind],
            "object": "event",
            "occurred_at": seconds(at),
            "source": "scheduled_job",
            "webhook_status": "scheduled",
        }
        self.events.append(event)
        return event

    def proof(self, body: bytes, at: datetime) -> dict[str, str]:
        given = base64.b64encode(f"{WEBHOOK_USER}:{WEBHOOK_PASSWORD}".encode()).decode()
        return {"Authorization": f"Basic {given}"}


def chargebee_of(request: Request) -> Chargebee:
    return world_of(request).of(Chargebee)
