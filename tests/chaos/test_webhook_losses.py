"""Webhooks are lost, late and doubled, ids change and pages hide a row: two polls account for all."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from models.movements import Found
from models.runs import Outcome
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests.chaos.conftest import Figures
from tests.chaos.proofs import (
    acted_on,
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
from tests.waiting import until

SIZE = SIZES.losses
CHURNS, EXPANSIONS = 2 * SIZE.churns, 2 * SIZE.expansions
MOVEMENTS = CHURNS + EXPANSIONS


@pytest.mark.timeout(SIZES.limit_seconds)
async def test_losses_of_webhooks_are_made_good_by_two_polls(
    simulators: Control, client: Client, figures: Figures
) -> None:
    began, started = await next_second(), time.monotonic()
    simulators.webhook(loss=0.3, late=0.2, late_seconds=SIZE.late_seconds, duplicate=0.1)
    simulators.chartmogul(cursor_skips=True)
    customers = [each for each in simulators.customers(limit=2000) if each.status == "Active"]
    half = SIZE.churns + SIZE.expansions
    move(simulators, customers[:half])
    simulators.reissue()
    move(simulators, customers[half : 2 * half])
    moved = time.monotonic()
    states = [await poll(client) for _ in range(2)]
    report = await coverage(client, began, datetime.now(UTC))
    seconds = time.monotonic() - started
    await ended(client, began, CHURNS, SIZES.limit_seconds)
    await asyncio.sleep(max(0.0, SIZE.late_seconds + 2 - (time.monotonic() - moved)))
    await until(lambda: not unanswered(simulators), SIZES.limit_seconds)
    runs, final = await runs_since(client, began), await coverage(client, began, report.end)
    deliveries = simulators.deliveries()
    answers = Counter(each.status_code or each.error for each in deliveries)
    figures |= {
        "movements": MOVEMENTS,
        "most in one second": half,
        "seconds to two polls": round(seconds),
        "deliveries": len(deliveries),
        "lost by rule": answers["lost by rule"],
        "started by poll 1 and 2": [state.tally.of(Found.STARTED) for state in states],
        "doubled": doubled(simulators),
        "accounted": sources(final),
    }
    assert all_accounted(report, MOVEMENTS)
    assert all_accounted(final, MOVEMENTS)
    assert acted_on(final) == CHURNS
    assert states[0].tally.of(Found.STARTED) > 0
    assert await outcomes(client, runs) == {Outcome.ACTED: CHURNS}
    assert done_once(simulators, runs)


def move(simulators: Control, customers: list[CustomerRow]) -> None:
    """All in one second, cancellations and expansions mixed."""
    at = datetime.now(UTC)
    leaving = {each.uuid for each in customers[:: len(customers) // SIZE.churns][: SIZE.churns]}
    for each in customers:
        if each.uuid in leaving:
            simulators.cancel(each.uuid, at=at)
        else:
            simulators.expand(each.uuid, at=at.isoformat())
