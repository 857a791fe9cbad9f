"""A webhook of a return reaches the open run, whatever becomes of the telling."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.runs import Outcome
from settings import Settings
from simulators.kit.control import Control
from tests.ingress.conftest import URL, ingress_for
from tests.workflows.conftest import Start, starter
from tests.workflows.leaving import acted_on, left, until_open, uuid_of


@pytest.fixture
def start(client: Client, workers: None) -> Start:
    return starter(client)


@pytest.fixture
async def http(client: Client, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """In front of workers."""
    async with ingress_for(client, settings) as ingress:
        yield ingress


async def test_a_delivery_that_no_route_takes_ends_the_open_run(
    simulators: Control, client: Client, http: httpx.AsyncClient, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body, 7, 30)
    await until_open(client, body)
    back = simulators.reactivate(uuid_of(body), send=False)
    answer = await http.post(URL, json=back)
    assert (answer.status_code, answer.json()["result"]) == (200, "unrouted")
    assert (await handle.result()).outcome is Outcome.SAVED


async def test_a_list_that_does_not_answer_breaks_no_delivery(
    simulators: Control,
    client: Client,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = left(simulators)
    back = simulators.reactivate(uuid_of(body), send=False)

    async def away(*_: Any, **__: Any) -> None:
        raise RPCError("visibility is away", RPCStatusCode.UNAVAILABLE, b"")

    monkeypatch.setattr(client.workflow_service, "list_workflow_executions", away)
    answer = await http.post(URL, json=back)
    assert (answer.status_code, answer.json()["result"]) == (200, "unrouted")
    assert "open runs not told of returns" in caplog.messages
