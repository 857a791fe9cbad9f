"""All state of the simulators, replaced as a whole by a reset."""

from typing import cast

from fastapi import Request

from simulators.chartmogul.book import Book
from simulators.chartmogul.invoices import Invoices
from simulators.chartmogul.limits import Limits
from simulators.chartmogul.metrics import Totals
from simulators.chartmogul.webhook import WebhookSender, http_pool
from simulators.hubspot.limits import HubSpotLimits
from simulators.hubspot.portal import Portal
from simulators.hubspot.seed import HubSpotSeed
from simulators.kit.call_log import CallLog
from simulators.kit.fault_book import FaultBook
from simulators.kit.seed import Seed
from simulators.kit.shapes import Reset, WebhookRules
from simulators.salesforce.org import Org
from simulators.salesforce.seed import SalesforceSeed
from simulators.slack.workspace import Workspace


class World:
    def __init__(self, url: str, start: Reset, webhook_url: str | None, latency_ms: float) -> None:
        self.url = url
        self.latency_seconds = latency_ms / 1000
        self.salesforce_tokens: set[str] = set()
        self._http = http_pool()
        self._fill(start, webhook_url)

    async def reset(self, start: Reset) -> None:
        """Fresh state. The webhook's URL stays, and so do Salesforce sessions: they are no data."""
        url = self.webhook.rules.url
        await self.webhook.close()
        self._fill(start, url)

    async def close(self) -> None:
        await self.webhook.close()
        await self._http.aclose()

    def _fill(self, start: Reset, webhook_url: str | None) -> None:
        self.seed = Seed(start.seed, start.customers, start.movements, start.invoices)
        self.chartmogul = Book(self.seed)
        self.invoices = Invoices(self.chartmogul)
        self.totals = Totals(self.chartmogul)
        self.chartmogul_limits = Limits()
        self.salesforce_calls = 0
        self.salesforce = Org(SalesforceSeed(self.seed))
        self.slack = Workspace(self.url)
        self.hubspot = Portal(HubSpotSeed(self.seed))
        self.hubspot_limits = HubSpotLimits()
        self.webhook = WebhookSender(self._http, WebhookRules(url=webhook_url), start.seed)
        self.faults = FaultBook(start.seed)
        self.calls = CallLog()


def world_of(request: Request) -> World:
    return cast(World, request.app.state.world)
