"""Agents' reads of ChartMogul, which take a small part of its limit: a loop must not hold up events."""

from clients.chartmogul.client import ChartMogulClient
from clients.kit.stretch import Stretch
from settings import Settings


def sparing_clients(settings: Settings) -> dict[str, ChartMogulClient]:
    """By account. What they read is asked for at once, within the agents' own part."""
    return {
        name: ChartMogulClient(account, live_limit=Stretch(account.agent_calls_per_second))
        for name, account in settings.chartmogul.items()
    }
