"""Agents' reads of ChartMogul, which take a small part of its limit: a loop must not hold up events."""

from typing import Any

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.settings import ChartMogulAccount
from clients.kit.http import Call
from ingress.agents.limits import Stretch
from settings import Settings

CALLS_PER_SECOND = 5
"""Of each account's 40."""


class SparingClient(ChartMogulClient):
    """All its calls, of whatever kind, are within CALLS_PER_SECOND."""

    def __init__(self, account: ChartMogulAccount) -> None:
        calls = max(1, min(CALLS_PER_SECOND, int(account.requests_per_second)))
        share = calls / account.requests_per_second
        super().__init__(account.model_copy(update={"bulk_share": min(1.0, share)}))
        self._share = Stretch(calls, 1)

    async def _ask(self, call: Call, path: str, **params: str) -> Any:
        await self._share.wait()
        return await super()._ask(call, path, **params)


def sparing_clients(settings: Settings) -> dict[str, ChartMogulClient]:
    return {name: SparingClient(account) for name, account in settings.chartmogul.items()}
