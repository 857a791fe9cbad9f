"""An account, and the client by which it is read."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.reads import Reads
from clients.kit.errors import IntegrationError
from models.chartmogul import Account
from operations.changes import NotPossible

KEPT_SECONDS = 600.0
"""Currency and zone of an account hardly ever change."""

_kept: WeakKeyDictionary[ChartMogulClient, tuple[float, Account]] = WeakKeyDictionary()


class NotAnswered(NotPossible):
    """`code` is one of those that agents are told; `next` says what to ask instead."""

    def __init__(
        self, code: str, message: str, next: str = "", retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(code, message)
        self.next, self.retry_after_seconds = next, retry_after_seconds


@dataclass(frozen=True)
class About:
    account: str
    currency: str
    time_zone: str

    @property
    def zone(self) -> Any:
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(self.time_zone)
        return UTC

    def now(self) -> datetime:
        return datetime.now(self.zone).replace(microsecond=0)

    def local(self, instant: datetime | None) -> datetime | None:
        return instant.astimezone(self.zone) if instant else None

    def start_of(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    def end_of(self, day: date) -> datetime:
        return self.start_of(day + timedelta(days=1))

    @property
    def envelope(self) -> dict[str, Any]:
        """What every answer begins with."""
        return {
            "account": self.account,
            "currency": self.currency,
            "time_zone": self.time_zone,
            "as_of": self.now(),
        }


@dataclass(frozen=True)
class Source:
    account: str
    client: ChartMogulClient
    time_zone: str = "UTC"
    """Of the settings, where ChartMogul does not answer."""

    @property
    def reads(self) -> Reads:
        return self.client.reads

    async def about(self) -> About:
        found = await _account(self.client)
        return About(self.account, found.currency, found.time_zone)

    async def about_if_it_answers(self) -> About:
        """For what can be told without ChartMogul."""
        try:
            return await self.about()
        except IntegrationError:
            return About(self.account, "", self.time_zone)


async def _account(client: ChartMogulClient, clock: Callable[[], float] = time.monotonic) -> Account:
    at, known = _kept.get(client, (0.0, None))
    if known is None or clock() - at > KEPT_SECONDS:
        known = await client.account()
        _kept[client] = clock(), known
    return known
