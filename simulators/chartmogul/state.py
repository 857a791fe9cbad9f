"""All that ChartMogul's simulator holds, the sender of its webhooks included."""

from contextlib import AbstractContextManager

from fastapi import Request

from simulators.chartmogul.book import Book
from simulators.chartmogul.invoices import Invoices
from simulators.chartmogul.later import Later
from simulators.chartmogul.limits import Limits
from simulators.chartmogul.metrics import Totals
from simulators.chartmogul.webhook import WebhookSender, http_pool
from simulators.kit.seed import Seed
from simulators.kit.shapes import WebhookRules
from simulators.kit.vendor import State
from simulators.salesforce.seed import DOMAIN, PEOPLE
from simulators.world import world_of

MEMBERS = ("ana@mogulflow.example", *(f"{mailbox}@{DOMAIN}" for _, _, mailbox in PEOPLE))
"""E-mail addresses of those who can own a customer."""


class ChartMogul(State):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._http = http_pool()
        self.webhook = WebhookSender(self._http, WebhookRules(), seed=0)

    def reset(self, seed: Seed) -> None:
        self.seed = seed
        self.book = Book(seed)
        self.invoices = Invoices(self.book)
        self.totals = Totals(self.book)
        self.limits = Limits()
        self.later = Later()
        self.members = set(MEMBERS)
        self.webhook = WebhookSender(self._http, WebhookRules(url=self.webhook.rules.url), seed.seed)

    def summary(self) -> str:
        count = len(self.book.customers.numbers())
        return f"{count:,} customers. Cancel one: its webhook goes out as ChartMogul's does."

    def hire(self, email: str) -> None:
        self.members.add(email)

    async def stop(self) -> None:
        await self.webhook.close()

    async def close(self) -> None:
        await super().close()
        await self._http.aclose()

    def call(self) -> AbstractContextManager[int | None]:
        return self.limits.call(self.book.rules)


def chartmogul_of(request: Request) -> ChartMogul:
    """With all done that is due by now."""
    found = world_of(request).of(ChartMogul)
    found.later.settle(found.book.rules.merge_seconds)
    return found
