"""All that Salesforce's simulator holds: the org, who is signed in, how many calls it has taken."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from simulators.kit.seed import Seed
from simulators.kit.vendor import State
from simulators.salesforce.org import Org
from simulators.salesforce.seed import SalesforceSeed
from simulators.world import world_of


class Salesforce(State):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.tokens: set[str] = set()

    def reset(self, seed: Seed) -> None:
        self.org = Org(SalesforceSeed(seed))
        self.calls = 0

    def summary(self) -> str:
        tasks, opportunities = (len(self.org.changed[name]) for name in ("Task", "Opportunity"))
        more = f", {opportunities:,} opportunit{'y' if opportunities == 1 else 'ies'}" * bool(opportunities)
        return f"{tasks:,} task{'' if tasks == 1 else 's'}{more} on accounts with owners."

    @contextmanager
    def call(self) -> Iterator[None]:
        self.calls += 1
        yield

    def end_sessions(self) -> None:
        self.tokens.clear()

    def hire(self, email: str) -> None:
        self.org.hire(email)


def salesforce_of(request: Request) -> Salesforce:
    return world_of(request).of(Salesforce)


def org_of(request: Request) -> Org:
    return salesforce_of(request).org
