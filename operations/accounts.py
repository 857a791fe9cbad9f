"""Which ChartMogul accounts there are."""

from operations.errors import Stopped
from settings import Settings


def known_account(settings: Settings, account: str) -> None:
    """Raises Stopped for one that is not set."""
    if account not in settings.chartmogul:
        there_are = ", ".join(settings.chartmogul) or "none"
        name = f"CHARTMOGUL__{account.upper()}__API_KEY"
        raise Stopped(f"There is no account {account}; there are: {there_are}. Set {name}, or name another.")
