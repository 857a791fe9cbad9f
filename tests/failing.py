"""Invoices of the simulated billing systems that fail: each once, for an invoice has one run for ever."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx

from dispatch.deliveries import Delivery, event_of
from models.event import Event
from models.routes import Routes
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY

BillingSystem = Literal["stripe", "chargebee", "recurly"]

NUMBERS = itertools.count(1)


def routes(*changes: dict[str, Any]) -> Routes:
    """One for each, of failed payments, without a brake where none is asked for."""
    given = {
        "name": "unpaid", "template": "failed_payment", "when": {"events": ["failed_payment"]},
        "pause_above": 0, "options": {"channel": "#revenue-saves"},
    }  # fmt: skip
    return Routes.model_validate({"routes": [given | each for each in changes or ({},)]})


class Bill:
    """The last invoice of a customer whom no other test has. It fails `minutes` ago; no webhook is sent."""

    def __init__(self, simulators: Control, system: BillingSystem = "stripe") -> None:
        self._simulators, self.system = simulators, system
        self.customer, self.id = next(filter(None, map(self._last, NUMBERS)))

    def _last(self, number: int) -> tuple[str, str] | None:
        [row] = self._simulators.customers(limit=1, offset=number)
        query = {"customer": row.external_id}
        bills = self._simulators.ask("GET", f"{self.system}/invoices", query=query)
        return (row.uuid, bills[0]["id"]) if bills and bills[0]["status"] == "paid" else None

    def act(self, action: str, minutes: float = 3, **wish: Any) -> dict[str, Any]:
        """What is told of it: a webhook's `body` and `headers`, signed just now."""
        at = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
        path = f"{self.system}/invoices/{self.id}/{action}"
        told: dict[str, Any] = self._simulators.ask("POST", path, {"at": at, "send": False, **wish})
        return told

    def fails(self, minutes: float = 3, **wish: Any) -> dict[str, Any]:
        return self.act("fail_payment", minutes, **wish)

    def event(self, minutes: float = 3) -> Event:
        """What a webhook tells; not of Recurly, whose only points at it."""
        return event_of(Delivery(self.system, "default", self.fails(minutes)["body"].encode()))

    def shown_by_chartmogul(self, minutes: float = 3, transaction: str | None = None) -> None:
        """ChartMogul's import has the failure, too, by the same id or this one: its customer is past due."""
        tried = self._in_chartmogul()["transactions"][0]["uuid"]
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        self._simulators.odd(tried, "date", json.dumps(at.isoformat()))
        if transaction:
            self._simulators.odd(tried, "external_id", json.dumps(transaction))

    def loses_its_dates(self) -> str:
        """In ChartMogul, the invoice's own and its attempt's. The invoice's uuid."""
        row = self._in_chartmogul()
        for each in (row, *row["transactions"]):
            self._simulators.odd(each["uuid"], "date", "null")
        return str(row["uuid"])

    def _in_chartmogul(self) -> dict[str, Any]:
        url, query = f"{self._simulators.chartmogul_url}/invoices", {"customer_uuid": self.customer}
        rows = httpx.get(url, params=query, auth=(CHARTMOGUL_KEY, ""), trust_env=False).json()["invoices"]
        found: dict[str, Any] = next(row for row in rows if row["external_id"] == self.id)
        return found
