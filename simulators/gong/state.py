"""All that Gong's simulator holds."""

import time
from collections import deque

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from simulators.gong.shapes import DigitalInteraction
from simulators.kit.seed import Seed
from simulators.kit.vendor import State, counted
from simulators.world import world_of


class GongRules(BaseModel):
    """Off by default. Gong's are 3 and 10,000."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests_per_second: int | None = Field(default=None, ge=1, description="Above: 429")
    requests_per_day: int | None = Field(default=None, ge=0, description="Above: 429")


class Gong(State):
    def reset(self, seed: Seed) -> None:
        self.seed = seed
        self.rules = GongRules()
        self.interactions: dict[str, DigitalInteraction] = {}
        self._today = 0
        self._lately: deque[float] = deque()

    def summary(self) -> str:
        accounts = len({each.account for each in self.interactions.values()})
        return f"{counted(len(self.interactions), 'interaction')} of {counted(accounts, 'account')}."

    def seconds_to_wait(self) -> int | None:
        """Where there were too many calls, of a day or a second; a refused one counts no more."""
        now = time.monotonic()
        while self._lately and self._lately[0] <= now - 1:
            self._lately.popleft()
        if self.rules.requests_per_day is not None and self._today >= self.rules.requests_per_day:
            return 3600
        if self.rules.requests_per_second is not None and len(self._lately) >= self.rules.requests_per_second:
            return 1
        self._today += 1
        self._lately.append(now)
        return None

    def name_of(self, account: str) -> str:
        """The company's, where the domain is one of a customer's."""
        customer = self.seed.find_domain(account)
        return customer.company if customer else account


def gong_of(request: Request) -> Gong:
    return world_of(request).of(Gong)
