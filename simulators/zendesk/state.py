"""All that Zendesk's simulator holds."""

import time
from collections import deque
from typing import Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from simulators.kit.seed import Seed
from simulators.kit.vendor import State
from simulators.world import world_of
from simulators.zendesk.directory import Directory


class ZendeskRules(BaseModel):
    """What an account has that others have not. The limit is off by default; Zendesk's is 200 to 2,500."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tagging: bool = Field(default=True, description="Tags on users and organizations")
    role: Literal["end-user", "agent", "admin"] = Field(default="admin", description="Whose token ours is")
    role_type: int | None = Field(default=None, description="1 light agent, 2 chat agent, 3 contributor")
    requests_per_minute: int | None = Field(default=None, ge=1, description="Above: 429")


class Zendesk(State):
    def reset(self, seed: Seed) -> None:
        self.directory = Directory(seed, self.url)
        self.rules = ZendeskRules()
        self._calls: deque[float] = deque()

    def summary(self) -> str:
        tagged = len(self.directory.tagged())
        return f"Users and organisations; tags of {tagged:,} were changed."

    def seconds_to_wait(self) -> int | None:
        """Where there were too many calls within the last minute; a refused one counts no more."""
        if (most := self.rules.requests_per_minute) is None:
            return None
        now = time.monotonic()
        while self._calls and self._calls[0] <= now - 60:
            self._calls.popleft()
        if len(self._calls) >= most:
            return max(1, round(self._calls[0] + 60 - now))
        self._calls.append(now)
        return None


def zendesk_of(request: Request) -> Zendesk:
    return world_of(request).of(Zendesk)
