"""While runs wait too long for a worker, deliveries are sent back for later, and taken again after it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client

import worker
from ingress.backlog import Backlog, backlog_age
from local.devserver import DevServer
from local.processes import free_ports
from local.temporal_cli import find_cli
from settings import Settings
from tests.conftest import SECRET
from tests.ingress.conftest import churn, ingress_for
from tests.waiting import until

URL = f"/webhooks/chartmogul/{SECRET}"


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[Client]:
    """A server of its own, without workers."""
    server = DevServer(await find_cli(), tmp_path, free_ports(0)[0])
    await server.start()
    yield await server.client()
    await server.stop()


async def until_ready_is(http: httpx.AsyncClient, status: int) -> str:
    """What it says then of Temporal."""

    async def answer() -> httpx.Response | None:
        found = await http.get("/ready")
        return found if found.status_code == status else None

    return str((await until(answer)).json()["temporal"])


async def test_an_old_backlog_is_503_with_retry_after_until_workers_take_it(
    quiet: Client, settings: Settings
) -> None:
    async with ingress_for(quiet, settings, backlog_limit_seconds=1) as http:
        assert (await http.post(URL, json=churn())).status_code == 202
        assert "seconds for a worker" in await until_ready_is(http, 503)
        refused = churn()
        for answer in (await http.post(URL, json=refused), await http.post(URL, content=b"{")):
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
        text = (await http.get("/metrics")).text
        assert 'mogulflow_webhook_deliveries_total{result="backlog"}' in text
        assert "mogulflow_backlog_age_seconds" in text
        async with worker.running(quiet, settings):
            await until_ready_is(http, 200)
            assert (await http.post(URL, json=refused)).status_code == 202


async def test_what_waited_before_we_came_counts_from_then(quiet: Client, settings: Settings) -> None:
    async with ingress_for(quiet, settings) as http:
        await http.post(URL, json=churn())

    async def is_counted() -> bool:
        """The server does so every five seconds."""
        return await backlog_age(quiet) >= 1

    await until(is_counted)
    backlog = Backlog(limit_seconds=0.5)
    await backlog.look(quiet)
    assert backlog.problem is None
    await asyncio.sleep(0.6)
    await backlog.look(quiet)
    assert re.fullmatch(r"events have waited \d+ seconds for a worker", backlog.problem or "")


async def test_without_temporal_nothing_is_known_and_nothing_refused() -> None:
    backlog = Backlog(limit_seconds=0)
    nobody = await Client.connect(f"127.0.0.1:{free_ports(0)[0]}", lazy=True)
    for client in (None, nobody):
        await backlog.look(client)
        assert backlog.problem is None
