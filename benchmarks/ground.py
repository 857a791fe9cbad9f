"""What every benchmark stands on: the whole product as processes, and customers to lose."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from temporalio.client import Client

from local.agent import NO_LIMITS, admit
from local.stack import ANY_PORTS, STATE, Stack
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow

T = TypeVar("T")
Json = dict[str, Any]

ROUTES_FILE = Path(__file__).with_name("routes.yaml")
CALL_MS = 20
"""How long each call of a vendor's API takes, before the simulators' own work."""

IN_FLIGHT = 32
AGAIN_SECONDS = 1
IDLE_SECONDS = 2
"""Less than the ingress keeps a connection: it would drop one just as a round begins."""


@dataclass
class Ground:
    stack: Stack
    control: Control
    client: Client
    http: aiohttp.ClientSession
    token: str
    """Of an agent that has no limits."""
    _seeds: Iterator[int] = field(default_factory=lambda: count(100))

    def customers(self, number: int) -> list[CustomerRow]:
        """Simulators anew, with customers who pay, have one account with an active owner, and are new."""
        self.control.reset(customers=number * 3 // 2 + 40, seed=next(self._seeds))
        self.control.webhook(url=self.stack.webhook_url)
        rows = self.control.customers(limit=number * 3 // 2, case="account")
        return [row for row in rows if row.mrr > 0][:number]

    def cancellations(self, number: int) -> list[Json]:
        """Webhook bodies of that many customers, who have just left."""
        return [self.control.cancel(row.uuid, send=False) for row in self.customers(number)]

    async def deliver(self, body: Json) -> tuple[int, Json]:
        async with self.http.post(self.stack.webhook_url, json=body) as answer:
            return answer.status, await answer.json()

    async def save(self, body: Json) -> Any:
        """Deliver the webhook and see its run through."""
        status, answer = await self.deliver(body)
        while status == 503:  # Temporal did not confirm in time; ChartMogul would send it again, too
            await asyncio.sleep(AGAIN_SECONDS)
            status, answer = await self.deliver(body)
        if status not in (200, 202):
            raise RuntimeError(f"the webhook was answered with {status}: {answer}")
        run = answer["runs"][0]
        result = await self.client.get_workflow_handle(run["workflow_id"], run_id=run["run_id"]).result()
        if result["outcome"] != "acted":
            raise RuntimeError(f"a run came to {result['outcome']}: {result['problems']}")
        return result


@asynccontextmanager
async def prepared() -> AsyncIterator[Ground]:
    """A fresh stack on free ports, warmed up."""
    STATE.mkdir(exist_ok=True)
    async with AsyncExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-", dir=STATE))
        token = admit(Path(folder), NO_LIMITS)
        environment = {"ROUTES_FILE": str(ROUTES_FILE), "CHARTMOGUL__DEFAULT__AGENT_CALLS_PER_SECOND": "1000"}
        stack = Stack(Path(folder), ANY_PORTS, latency_ms=CALL_MS, environment=environment)
        await held.enter_async_context(stack)
        control = held.enter_context(Control(stack.simulators_url))
        connections = aiohttp.TCPConnector(limit=IN_FLIGHT, keepalive_timeout=IDLE_SECONDS)
        http = await held.enter_async_context(aiohttp.ClientSession(connector=connections))
        ground = Ground(stack, control, await stack.client(), http, token)
        await flat_out(ground.save, ground.cancellations(2 * IN_FLIGHT))
        yield ground


@asynccontextmanager
async def served_anew(ground: Ground, environment: Mapping[str, object]) -> AsyncIterator[None]:
    """`mogulflow serve` as a new process with these settings changed, for as long as the block lasts."""
    stack, serve = ground.stack, ground.stack.serve
    changed = {name: str(value) for name, value in environment.items()}
    await serve.stop()
    stack.serve = replace(serve, environment={**(serve.environment or {}), **changed})
    try:
        await stack.serve.start()
        yield
    finally:
        await stack.serve.stop()
        stack.serve = serve
        await serve.start()


async def flat_out(work: Callable[[T], Awaitable[object]], items: list[T]) -> float:
    """Work on all, so many at once that the next begins when one ends. Seconds it took."""
    left = iter(items)

    async def one_after_the_other() -> None:
        for item in left:
            await work(item)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(one_after_the_other())
    return time.perf_counter() - started
