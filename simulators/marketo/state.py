"""All that Marketo's simulator holds: the instance, its tokens, and how many calls it has taken."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from simulators.kit.seed import Seed
from simulators.kit.vendor import State, counted
from simulators.marketo.answers import failure
from simulators.marketo.instance import Instance
from simulators.world import world_of

USER = "mogulflow-api@acme.example"
TOO_MANY_AT_ONCE = 615


class MarketoRules(BaseModel):
    """The limits are off by default. Marketo's are 100, 50,000 and 10."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls_per_20_seconds: int | None = Field(default=None, ge=1, description="Above: 606")
    calls_per_day: int | None = Field(default=None, ge=1, description="Above: 607")
    calls_at_once: int | None = Field(default=None, ge=1, description="Above: 615")
    token_seconds: float = Field(default=3600, gt=0, description="Of tokens that are issued from now on")
    missing: list[str] = Field(default=[], description="Permissions that the API-Only user lacks")
    native_sync: bool = Field(default=False, description="A CRM is synced: company fields are its own")
    custom_objects: bool = True
    write_seconds: float = Field(default=0, ge=0, description="Between a lead's look-up and its creation")


class Marketo(State):
    def reset(self, seed: Seed) -> None:
        self.rules = MarketoRules()
        self.instance = Instance(seed)
        self._tokens: dict[str, float] = {}
        """When they end, by token; those that have ended are known, too."""
        self._numbers = count(1)
        self._calls: deque[float] = deque()
        self._today = self._under_way = 0

    @property
    def today(self) -> int:
        return self._today

    def summary(self) -> str:
        instance = self.instance
        members = sum(len(each.members) for each in instance.lists)
        members += sum(len(each.members) for each in instance.programs)
        written, requests = (
            counted(len(instance.written), "lead"),
            counted(len(instance.requests), "campaign"),
        )
        return f"{written} written, {counted(members, 'member')}, {requests} requested."

    def change(self, rules: MarketoRules) -> None:
        self.rules, self.instance.native_sync = rules, rules.native_sync

    @contextmanager
    def call(self) -> Iterator[int | None]:
        self._under_way += 1
        most = self.rules.calls_at_once
        try:
            yield TOO_MANY_AT_ONCE if most and self._under_way > most else None
        finally:
            self._under_way -= 1

    def end_sessions(self) -> None:
        self._tokens = dict.fromkeys(self._tokens, 0.0)

    def token(self) -> tuple[str, int]:
        """The one that lives, with the seconds that are left to it, or a new one."""
        now = time.monotonic()
        for token, ends in self._tokens.items():
            if ends > now:
                return token, int(ends - now)
        token = f"mkto-{next(self._numbers)}:int"
        self._tokens[token] = now + self.rules.token_seconds
        return token, int(self.rules.token_seconds)

    def check_token(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise failure("600", "Access token not specified")
        if token not in self._tokens:
            raise failure("601", "Access token invalid")
        if self._tokens[token] <= time.monotonic():
            raise failure("602", "Access token expired")

    def count_call(self) -> None:
        now = time.monotonic()
        self._today += 1
        self._calls.append(now)
        while self._calls[0] <= now - 20:
            self._calls.popleft()
        most, most_today = self.rules.calls_per_20_seconds, self.rules.calls_per_day
        if most_today and self._today > most_today:
            raise failure("607", "Daily quota reached")
        if most and len(self._calls) > most:
            raise failure("606", f"Max rate limit '{most}' exceeded with in '20' secs")


def marketo_of(request: Request) -> Marketo:
    return world_of(request).of(Marketo)
