"""Sends ChartMogul's webhooks: 17 retries after the first try, and what can go wrong, by rule."""

import asyncio
import random
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, cast

import httpx

from simulators.kit.shapes import Delivery, WebhookRules

RETRIES = 17
RETRY_CAP_SECONDS = 3600.0
"""ChartMogul does not publish its spacing; the count it does."""
ANSWER_SECONDS = 10.0
AT_ONCE = 20
SWAP_SECONDS = 1.0
"""How long a delivery waits for the next one to overtake it, under the rule `reorder`."""


def http_pool() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=ANSWER_SECONDS,
        trust_env=False,
        headers={"user-agent": "ChartMogul simulator"},
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=AT_ONCE),
    )


class WebhookSender:
    def __init__(self, http: httpx.AsyncClient, rules: WebhookRules, seed: int) -> None:
        self.rules = rules
        self.bodies: list[dict[str, Any]] = []
        self.deliveries: list[Delivery] = []
        self._http = http
        # Not left to the HTTP client: a thousand that wait for a connection there hold each other up.
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._random = random.Random(seed)
        self._started = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[asyncio.Task[None], int] = {}
        self._overtaken: asyncio.Event | None = None

    def send(self, body: dict[str, Any], wait_seconds: float = 0.0) -> None:
        """Queue a new movement's webhook."""
        self.bodies.append(body)
        self._start(len(self.bodies) - 1, wait_seconds)
        if self._random.random() < self.rules.duplicate:
            self._start(len(self.bodies) - 1, wait_seconds)

    def keep(self, body: dict[str, Any]) -> None:
        """Count a movement whose webhook does not go out by itself."""
        self.bodies.append(body)

    def resend(self, index: int) -> None:
        """One delivery more, as after a press on RETRY; no rule of chance applies."""
        self._spawn(self._deliver(index, self._next()))

    def withdraw(self, index: int) -> bool:
        """Do not send what still waits for its time. False where nothing does."""
        waiting = [task for task, movement in self._waiting.items() if movement == index]
        for task in waiting:
            task.cancel()
        return bool(waiting)

    def replace(self, index: int, body: dict[str, Any], wait_seconds: float) -> None:
        """Send this instead, where the movement's webhook still waits for its time."""
        if self.withdraw(index):
            self.bodies[index] = body
            self._wait_and_go(index, self._next(), wait_seconds)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, index: int, wait_seconds: float) -> None:
        delivery = self._next()
        if self._random.random() < self.rules.loss:
            self._record(Delivery(
                movement=index, delivery=delivery, attempt=1, error="lost by rule", at=_now()
            ))  # fmt: skip
            return
        if self.rules.late and self._random.random() < self.rules.late:
            wait_seconds += self.rules.late_seconds
        self._wait_and_go(index, delivery, wait_seconds)

    def _wait_and_go(self, index: int, delivery: int, wait_seconds: float) -> None:
        task = self._spawn(self._go(index, delivery, wait_seconds + self.rules.delay_seconds))
        self._waiting[task] = index
        task.add_done_callback(lambda done: self._waiting.pop(done, None))

    def _next(self) -> int:
        self._started += 1
        return self._started - 1

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _go(self, index: int, delivery: int, wait_seconds: float) -> None:
        if wait_seconds > 0:
            await asyncio.sleep(wait_seconds)
        self._waiting.pop(cast("asyncio.Task[None]", asyncio.current_task()), None)
        if not self.rules.reorder:
            await self._deliver(index, delivery)
        elif self._overtaken is None:
            await self._be_overtaken()
            await self._deliver(index, delivery)
        else:
            overtaken, self._overtaken = self._overtaken, None
            await self._deliver(index, delivery, answered=overtaken)

    async def _be_overtaken(self) -> None:
        overtaken = self._overtaken = asyncio.Event()
        try:
            await asyncio.wait_for(overtaken.wait(), SWAP_SECONDS)
        except TimeoutError:
            self._overtaken = None

    async def _deliver(self, index: int, delivery: int, answered: asyncio.Event | None = None) -> None:
        for attempt in range(1, RETRIES + 2):
            done = await self._attempt(index, delivery, attempt)
            if answered:
                answered.set()
            if done:
                return
            spacing = self.rules.retry_base_seconds * 2.0 ** (attempt - 1)
            if attempt <= RETRIES:
                await asyncio.sleep(min(spacing, RETRY_CAP_SECONDS))

    async def _attempt(self, index: int, delivery: int, attempt: int) -> bool:
        """True where there is nothing left to do."""
        if self.rules.url is None:
            return True
        async with self._turns:
            at, started = _now(), time.perf_counter()
            status, response, error = await self._post(self.rules.url, self.bodies[index])
        self._record(
            Delivery(
                movement=index,
                delivery=delivery,
                attempt=attempt,
                status_code=status,
                response=response,
                error=error,
                at=at,
                took_ms=round((time.perf_counter() - started) * 1000, 3),
            )
        )
        return status is not None and 200 <= status < 300

    async def _post(self, url: str, body: dict[str, Any]) -> tuple[int | None, Any, str | None]:
        try:
            answer = await self._http.post(url, json=body)
        except httpx.HTTPError as error:
            return None, None, f"{type(error).__name__}: {error}"
        try:
            return answer.status_code, answer.json(), None
        except ValueError:
            return answer.status_code, answer.text[:500] or None, None

    def _record(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)


def _now() -> datetime:
    return datetime.now(UTC)
