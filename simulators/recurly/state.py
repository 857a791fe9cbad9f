"""All that Recurly's simulator holds. It tells by JSON, which only points at what it is about."""

import hashlib
import hmac
from datetime import datetime

from fastapi import Request

from simulators.billing.books import Attempt, Bill, Kind
from simulators.billing.state import Billing, Event
from simulators.recurly.rows import written
from simulators.world import world_of

SIGNING_SECRET = "recurly-demo-secret"
SITE_ID = "site1234"
PAYMENTS: dict[Kind, str] = {"failed": "failed", "confirm": "failed", "paid": "succeeded"}


class Recurly(Billing):
    def tell(self, kind: Kind, bill: Bill, attempt: Attempt | None, at: datetime) -> Event:
        if attempt:
            about = {"object_type": "payment", "event_type": PAYMENTS[kind], "uuid": attempt.id}
        else:
            state = "failed" if kind == "lost" else "voided"
            about = {"object_type": "charge_invoice", "event_type": state, "uuid": f"{bill.id}-uuid"}
        event = {
            "id": f"n{len(self.events) + 1:08}",
            "site_id": SITE_ID,
            "event_time": written(at),
            **about,
        }
        self.events.append(event)
        return event

    def proof(self, body: bytes, at: datetime) -> dict[str, str]:
        stamp = int(at.timestamp() * 1000)
        signed = hmac.new(SIGNING_SECRET.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
        return {"recurly-signature": f"{stamp},{signed}"}


def recurly_of(request: Request) -> Recurly:
    return world_of(request).of(Recurly)
