"""ChartMogul: does it answer with our key, and are account and webhook as they should be?"""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.settings import ChartMogulAccount
from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from models.chartmogul import Account
from models.findings import Finding, State

SHORTEST_SECRET = 16


async def chartmogul_findings(accounts: Mapping[str, ChartMogulAccount]) -> AsyncIterator[Finding]:
    if not accounts:
        yield Finding("ChartMogul", State.FAULT, "no account", "Set CHARTMOGUL__DEFAULT__API_KEY.")
    for name, account in accounts.items():
        async for finding in _chartmogul(name, account):
            yield finding


async def _chartmogul(name: str, account: ChartMogulAccount) -> AsyncIterator[Finding]:
    what = f"ChartMogul {name}"
    client = ChartMogulClient(account)
    try:
        found = await client.account()
    except IntegrationError as error:
        yield failed(what, error, f"Set CHARTMOGUL__{name.upper()}__API_KEY.")
    else:
        yield Finding(what, State.OK, f"{found.name}, {found.currency}, {found.time_zone}")
        for finding in _of_account(name, account, found):
            yield finding
    finally:
        await client.aclose()
    yield _webhook_secrets(name, account)


def _of_account(name: str, account: ChartMogulAccount, found: Account) -> Iterator[Finding]:
    if get_currency_precision(found.currency) != 2:
        yield Finding(
            f"ChartMogul {name} currency",
            State.WARNING,
            f"{found.currency} has no cents; amounts are read as hundredths",
            "Compare one customer's MRR here with ChartMogul's page before you rely on amounts.",
        )
    if _hours(found.time_zone) != _hours(account.time_zone):
        variable = f"CHARTMOGUL__{name.upper()}__TIME_ZONE"
        yield Finding(
            f"ChartMogul {name} time zone",
            State.WARNING,
            f"{found.time_zone} there, and {account.time_zone} in {variable}: days and months differ",
            f"Set {variable}={found.time_zone}.",
        )


def _hours(zone: str) -> tuple[timedelta | None, ...] | str:
    """What a zone is, whatever its name: Etc/UTC is UTC. Its offsets at the middle of 24 months."""
    try:
        known = ZoneInfo(zone)
    except (ValueError, OSError, KeyError):  # one that this machine does not know
        return zone
    days = [datetime(year, month, 15, tzinfo=known) for year in (2025, 2026) for month in range(1, 13)]
    return tuple(day.utcoffset() for day in days)


def _webhook_secrets(name: str, account: ChartMogulAccount) -> Finding:
    what, variable = f"webhook {name}", f"CHARTMOGUL__{name.upper()}__WEBHOOK_SECRETS"
    secrets = [each.get_secret_value() for each in account.webhook_secrets]
    if not secrets:
        return Finding(what, State.FAULT, "no secret: every delivery gets 404", f"Set {variable}.")
    if min(map(len, secrets)) < SHORTEST_SECRET:
        advice = "Make one by `openssl rand -hex 24`; ChartMogul signs nothing, the URL is the only proof."
        return Finding(what, State.WARNING, f"shorter than {SHORTEST_SECRET} characters", advice)
    advice = "ChartMogul, Settings & Data, Destinations, Webhook: https://<host>/webhooks/chartmogul/<secret>"
    return Finding(what, State.OK, f"{len(secrets)} valid", advice)
