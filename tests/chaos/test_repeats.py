"""One movement is delivered thousands of times, by webhook, poll and backfill at once."""

import asyncio
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from local.stack import Stack
from models.movements import Found, Tally
from models.runs import Outcome
from simulators.kit.control import Control
from tests.chaos.conftest import Figures
from tests.chaos.proofs import done_once, doubled, ended, next_second, outcomes, runs_since
from tests.chaos.sizes import SIZES
from tests.chaos.sweeps import backfill, poll

SIZE = SIZES.repeats
Answers = list[dict[str, Any]]
NO_ANSWER = 0


@pytest.mark.timeout(SIZES.limit_seconds)
async def test_repeats_of_one_movement_are_one_run(
    stack: Stack, simulators: Control, client: Client, figures: Figures
) -> None:
    began, started = await next_second(), time.monotonic()
    body = simulators.cancel(simulators.customers()[0].uuid, send=False)
    refused: Counter[int] = Counter()
    answers, polls, backfills = await asyncio.gather(
        by_webhook(stack.webhook_url, body, refused), by_poll(client), by_backfill(client, began)
    )
    await ended(client, began, 1, SIZES.limit_seconds)
    runs = await runs_since(client, began)
    sweeps = Counter(churn_of(tally) for tally in polls + backfills)
    new = sum(answer["result"] == "started" for answer in answers) + sweeps[Found.STARTED]
    figures |= {
        "deliveries": len(answers) + len(polls) + len(backfills),
        "by webhook": len(answers),
        "by poll": len(polls),
        "by backfill": len(backfills),
        "at once": SIZE.at_once,
        "seconds": round(time.monotonic() - started),
        "503s": refused[503],
        "without an answer": refused[NO_ANSWER],
        "runs": len(runs),
        "starts": new,
        "doubled": doubled(simulators),
    }
    assert await outcomes(client, runs) == {Outcome.ACTED: 1}
    assert done_once(simulators, runs)
    assert new == 1 or (new == 0 and refused[NO_ANSWER])  # the answer that told of the start may be lost
    assert {run["workflow_id"] for answer in answers for run in answer["runs"]} == set(runs)
    assert set(sweeps) <= {Found.STARTED, Found.KNOWN}
    assert set(refused) <= {503, NO_ANSWER}


async def by_webhook(url: str, body: dict[str, Any], refused: Counter[int]) -> Answers:
    """What is not confirmed is sent again, as ChartMogul does."""
    limits = httpx.Limits(max_connections=SIZE.at_once)
    left, answers = iter(range(SIZE.webhooks)), Answers()

    async with httpx.AsyncClient(trust_env=False, timeout=30, limits=limits) as http:

        async def send() -> None:
            for _ in left:
                while (answer := await _answer(http, url, body)) is None or answer.is_error:
                    refused[answer.status_code if answer else NO_ANSWER] += 1
                answers.append(answer.json())

        await asyncio.gather(*(send() for _ in range(SIZE.at_once)))
    return answers


async def _answer(http: httpx.AsyncClient, url: str, body: dict[str, Any]) -> httpx.Response | None:
    """None where the line was cut: a server may close a kept connection just as it is used again."""
    try:
        return await http.post(url, json=body)
    except httpx.TransportError:
        return None


async def by_poll(client: Client) -> list[Tally]:
    return [(await poll(client)).tally for _ in range(SIZE.polls)]


async def by_backfill(client: Client, start: datetime) -> list[Tally]:
    end = start + timedelta(hours=1)
    return [(await backfill(client, start, end)).tally for _ in range(SIZE.backfills)]


def churn_of(tally: Tally) -> Found:
    """What became of the one movement there is."""
    [found] = tally.counts
    assert tally.counts[found] == {"churn": 1}
    return found
