"""All state of the simulators. A reset replaces what it holds of every vendor."""

from collections.abc import Sequence
from typing import TypeVar, cast

from fastapi import Request

from simulators.billing.truth.book import BookOfTruth
from simulators.kit.call_log import CallLog
from simulators.kit.fault_book import FaultBook
from simulators.kit.seed import Seed
from simulators.kit.shapes import Reset
from simulators.kit.vendor import State, Vendor

S = TypeVar("S", bound=State)


class World:
    def __init__(self, url: str, start: Reset, vendors: Sequence[Vendor], latency_ms: float = 0) -> None:
        self.url = url
        self.vendors = tuple(vendors)
        self.latency_seconds = latency_ms / 1000
        self._states = {vendor.state: vendor.state(url) for vendor in vendors}
        self._fill(start)

    def of(self, kind: type[S]) -> S:
        """The state of the vendor whose class that is."""
        return cast(S, self._states[kind])

    def hire(self, email: str) -> None:
        for state in self._states.values():
            state.hire(email)

    def end_sessions(self) -> None:
        """Of all vendors, whichever of them a rule `expired_token` strikes."""
        for state in self._states.values():
            state.end_sessions()

    async def reset(self, start: Reset) -> None:
        for state in self._states.values():
            await state.stop()
        self._fill(start)

    async def close(self) -> None:
        for state in self._states.values():
            await state.close()

    def _fill(self, start: Reset) -> None:
        self.seed = Seed(start.seed, start.customers, start.movements, start.invoices)
        for state in self._states.values():
            state.reset(self.seed)
        self.faults = FaultBook(start.seed, [vendor.name for vendor in self.vendors])
        self.calls = CallLog()
        self.truth = BookOfTruth()


def world_of(request: Request) -> World:
    return cast(World, request.app.state.world)
