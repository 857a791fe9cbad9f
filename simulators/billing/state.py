"""What every simulated billing system holds: invoices, events, and where its webhook goes."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from simulators.billing.books import Attempt, Bill, Bills, Kind
from simulators.billing.subscriptions import Subscriptions
from simulators.kit.seed import Seed
from simulators.kit.vendor import State

ANSWER_SECONDS = 10.0
Event = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """A webhook, and how the receiver answered; None where nobody did, or it was not sent."""

    body: str
    headers: dict[str, str]
    status: int | None


class Billing(State):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.webhook_url: str | None = None
        self._http = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False, verify=False)

    def reset(self, seed: Seed) -> None:
        self.seed, self.bills = seed, Bills(seed)
        self.subscriptions = Subscriptions(seed, self.bills)
        self.events: list[Event] = []
        """As its API tells them, oldest first."""
        self.sent: list[Sent] = []

    def summary(self) -> str:
        changed = self.bills.kept()
        open = sum(bill.status == "open" for bill in changed)
        return f"Invoices of {self.seed.count:,} customers. Of those that changed here, {open:,} are open."

    async def close(self) -> None:
        await super().close()
        await self._http.aclose()

    def tell(self, kind: Kind, bill: Bill, attempt: Attempt | None, at: datetime) -> Event | None:
        """Keep the event, if the vendor has one, and give its webhook's body."""
        raise NotImplementedError

    def proof(self, body: bytes, at: datetime) -> dict[str, str]:
        """The headers by which a receiver knows who sent it."""
        raise NotImplementedError

    async def send(self, event: Event, *, really: bool) -> Sent:
        """Signed now, whenever it happened."""
        body = json.dumps(event).encode()
        headers = {"Content-Type": "application/json", **self.proof(body, datetime.now(UTC))}
        status = await self._post(body, headers) if really and self.webhook_url else None
        self.sent.append(Sent(body.decode(), headers, status))
        return self.sent[-1]

    async def _post(self, body: bytes, headers: dict[str, str]) -> int | None:
        assert self.webhook_url
        try:
            return (await self._http.post(self.webhook_url, content=body, headers=headers)).status_code
        except httpx.HTTPError:
            return None
