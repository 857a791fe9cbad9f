"""Whatever comes to the webhook, the service refuses it, stays as it was, and goes on."""

import asyncio
import io
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import aiohttp
import pytest
from temporalio.client import Client

from local.stack import Stack
from models.runs import Outcome
from simulators.kit.control import Control
from tests.chaos import FULL
from tests.chaos.bodies import Body, malformed
from tests.chaos.conftest import Figures
from tests.service.conftest import one_of_each, results

BODIES = 100_000 if FULL else 1_000
WARM_UP = BODIES // 4
CONNECTIONS = 64
MORE_MEMORY_MB = 20
LINE_CUT = 0

ALLOWED = {"ten_megabytes": {413}, "ten_megabytes_unasked": {413, LINE_CUT}}
"""Statuses by kind of body; 422 for all others."""


async def fire(url: str, bodies: Iterator[Body], connections: int) -> Counter[tuple[str, int]]:
    """Send all of them; the answers by kind of body and status."""
    answers: Counter[tuple[str, int]] = Counter()

    async def shoot(http: aiohttp.ClientSession) -> None:
        for body in bodies:
            answers[body.kind, await post(http, url, body)] += 1

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as http,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(connections):
            group.create_task(shoot(http))
    return answers


async def post(http: aiohttp.ClientSession, url: str, body: Body) -> int:
    """The answer's status."""
    try:
        async with http.post(url, data=io.BytesIO(body.content), headers=body.headers) as answer:
            await answer.read()
            return answer.status
    except aiohttp.ClientError:
        return LINE_CUT


def memory_mb(process: int) -> float:
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, check=True)
    return int(said.stdout) / 1024


@pytest.mark.timeout(600)
async def test_malformed_bodies_are_refused_and_change_nothing(
    stack: Stack, simulators: Control, client: Client, figures: Figures
) -> None:
    bodies = malformed(seed=1, count=BODIES)
    answers = await fire(stack.webhook_url, islice(bodies, 150), connections=4)  # of these a hundred are kept
    answers += await fire(stack.webhook_url, islice(bodies, WARM_UP), CONNECTIONS)
    warm, began = memory_mb(stack.serve.pid), time.monotonic()
    shot = await fire(stack.webhook_url, bodies, CONNECTIONS)
    seconds, grown = time.monotonic() - began, memory_mb(stack.serve.pid) - warm
    answers += shot
    figures |= {
        "bodies": answers.total(),
        "per second": round(shot.total() / seconds),
        "answers": dict(Counter(status for _, status in answers.elements())),
        "memory": f"{warm:.0f} MB, grown by {grown:+.1f}",
    }
    assert answers.total() == BODIES
    assert {each for each in answers if each[1] not in ALLOWED.get(each[0], {422})} == set()
    assert grown < MORE_MEMORY_MB
    simulators.cancel(simulators.customers(case="account")[0].uuid)
    [result] = await results(client, simulators, 1)
    assert result.outcome is Outcome.ACTED
    assert one_of_each(simulators, 1)
