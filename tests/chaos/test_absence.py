"""A system is away for minutes, first Temporal, then Slack: nothing crashes, and all is made good once."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime

import httpx
import pytest
from temporalio.client import Client

from ingress.intake import RETRY_AFTER_SECONDS
from local.stack import Stack
from models.runs import Outcome
from simulators.kit.control import Control
from simulators.kit.shapes import Delivery
from tests.chaos.conftest import Figures
from tests.chaos.proofs import (
    all_accounted,
    done_once,
    doubled,
    ended,
    next_second,
    outcomes,
    runs_since,
    sources,
    unanswered,
)
from tests.chaos.sizes import SIZES
from tests.chaos.sweeps import coverage, poll
from tests.service.conftest import accepted
from tests.waiting import until


@pytest.mark.timeout(SIZES.limit_seconds)
async def test_absence_of_temporal_is_answered_503_and_made_good(
    stack: Stack, simulators: Control, client: Client, figures: Figures
) -> None:
    size, began, pid = SIZES.temporal_away, await next_second(), stack.serve.pid
    simulators.webhook(retry_base_seconds=1)
    simulators.cancel_many(size.movements // 5)
    await until(lambda: accepted(simulators))
    simulators.webhook(loss=0.3)
    await stack.temporal.kill()
    gone, gone_since = datetime.now(UTC), time.monotonic()
    [body, *_] = simulators.cancel_many(size.movements - size.movements // 5, over_seconds=1)
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        refusal = await http.post(stack.webhook_url, json=body)
        health = (await http.get(f"{stack.ingress_url}/health")).status_code
        ready = (await http.get(f"{stack.ingress_url}/ready")).status_code
    await asyncio.sleep(max(0.0, gone_since + size.seconds - time.monotonic()))
    meanwhile, away = since(simulators, gone), time.monotonic() - gone_since
    promised = accepted(simulators)
    await stack.temporal.start()
    back = time.monotonic()
    await poll(client)
    await ended(client, began, size.movements, SIZES.limit_seconds)
    acted = time.monotonic() - back
    await until(lambda: not unanswered(simulators), SIZES.limit_seconds)
    answered = time.monotonic() - back
    runs, report = await runs_since(client, began), await coverage(client, began, datetime.now(UTC))
    figures |= {
        "movements": size.movements,
        "seconds away": round(away),
        "answers meanwhile": dict(Counter(each.status_code for each in meanwhile)),
        "retry-after": refusal.headers.get("retry-after"),
        "restarts of serve": int(stack.serve.pid != pid),
        "seconds after return until all acted": round(acted, 1),
        "until all webhooks answered": round(answered, 1),
        "doubled": doubled(simulators),
        "accounted": sources(report),
    }
    assert (refusal.status_code, refusal.headers["retry-after"]) == (503, str(RETRY_AFTER_SECONDS))
    assert (health, ready) == (200, 503)
    assert {each.status_code for each in meanwhile} == {503}
    assert (stack.serve.running, stack.serve.pid) == (True, pid)
    assert promised <= set(runs)
    assert await outcomes(client, runs) == {Outcome.ACTED: size.movements}
    assert done_once(simulators, runs)
    assert all_accounted(report, size.movements)


def since(simulators: Control, instant: datetime) -> list[Delivery]:
    """Deliveries sent since then, but for those that a rule lost."""
    return [each for each in simulators.deliveries() if each.at > instant and each.error != "lost by rule"]


@pytest.mark.timeout(SIZES.limit_seconds)
async def test_absence_of_slack_holds_back_the_message_alone(
    simulators: Control, client: Client, figures: Figures
) -> None:
    size, began, started = SIZES.slack_away, await next_second(), time.monotonic()
    down = simulators.fault("slack", "status", status=503, times=None)
    simulators.cancel_many(size.movements)
    await until(lambda: len(simulators.records("Task")) == size.movements, size.seconds)
    tasks = time.monotonic() - started
    await asyncio.sleep(max(0.0, started + size.seconds / 3 - time.monotonic()))
    retry_after = max(2, round(size.seconds / 12))
    simulators.fault("slack", "status", status=429, retry_after=retry_after, times=None)
    simulators.remove_fault(down.id)  # only now, or a call could slip through between them
    await asyncio.sleep(max(0.0, started + size.seconds - time.monotonic()))
    early, refused = len(simulators.messages()), Counter(each.status for each in simulators.calls("slack"))
    simulators.clear_faults()
    back = time.monotonic()
    await ended(client, began, size.movements, SIZES.limit_seconds)
    runs = await runs_since(client, began)
    figures |= {
        "movements": size.movements,
        "seconds away": round(size.seconds),
        "seconds until all tasks": round(tasks, 1),
        "refused calls": dict(refused),
        "retry-after": retry_after,
        "messages meanwhile": early,
        "seconds after return until all messages": round(time.monotonic() - back, 1),
        "doubled": doubled(simulators),
    }
    assert early == 0
    assert set(refused) == {503, 429}
    assert await outcomes(client, runs) == {Outcome.ACTED: size.movements}
    assert done_once(simulators, runs)
