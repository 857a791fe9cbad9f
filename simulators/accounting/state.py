"""What every simulated accounting system holds: the books, tokens, and how many calls it has taken."""

import time
from collections import deque
from itertools import count
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from simulators.accounting.book import Book
from simulators.kit.seed import Seed
from simulators.kit.vendor import State


class Rules(BaseModel):
    """The limits are off by default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute: int | None = Field(default=None, ge=1, description="Above: 429")
    requests_per_day: int | None = Field(default=None, ge=1, description="Above: 429")
    token_seconds: float = Field(default=3600, gt=0, description="Of access tokens that are issued from now")
    grace: bool = Field(default=False, description="The refresh token before the latest is taken as well")
    revoked: bool = Field(default=False, description="No refresh token is taken")
    several_currencies: bool = True
    largest_page: int = Field(default=1_000, ge=1)
    rate_is: str = Field(default="foreign_per_base", description="What Xero's CurrencyRate means")


class Accounting(State):
    refresh_token: ClassVar[str]
    """The first one; those after it end in a number."""
    client: ClassVar[tuple[str, str]]

    def reset(self, seed: Seed) -> None:
        self.rules, self.book = Rules(), Book(seed)
        self.issued: list[str] = []
        """Refresh tokens, in their order."""
        self._latest = 0
        self._numbers = count(1)
        self._access: dict[str, float] = {}
        self._calls: deque[float] = deque()
        self._today = 0

    def summary(self) -> str:
        return "Books of the simulated billing's invoices, for reading alone."

    def end_sessions(self) -> None:
        self._access.clear()

    # -- tokens

    def renew(self, given: str) -> tuple[str, str, float] | None:
        """Access token, next refresh token, and how long the first lives. None of a refresh token that was
        used. One that is later than all that are known is from before a restart."""
        number = self._number(given)
        oldest = self._latest - (1 if self.rules.grace else 0)
        if number is None or number < oldest or self.rules.revoked:
            return None
        self._latest = max(self._latest, number) + 1
        self.issued.append(f"{self.refresh_token}-{self._latest}")
        return self.access(), self.issued[-1], self.rules.token_seconds

    def access(self) -> str:
        token = f"access-{next(self._numbers)}"
        self._access[token] = time.monotonic() + self.rules.token_seconds
        return token

    def knows(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        return scheme == "Bearer" and self._access.get(token, 0.0) > time.monotonic()

    def _number(self, given: str) -> int | None:
        if given == self.refresh_token:
            return 0
        first, _, number = given.rpartition("-")
        return int(number) if first == self.refresh_token and number.isdecimal() else None

    # -- limits

    @property
    def left_today(self) -> int:
        return (self.rules.requests_per_day or 5_000) - self._today

    def exceeded(self) -> str | None:
        """`minute` or `day`, where this call is one too many."""
        now = time.monotonic()
        while self._calls and self._calls[0] <= now - 60:
            self._calls.popleft()
        if self.rules.requests_per_day and self._today >= self.rules.requests_per_day:
            return "day"
        if self.rules.requests_per_minute and len(self._calls) >= self.rules.requests_per_minute:
            return "minute"
        self._today += 1
        self._calls.append(now)
        return None
