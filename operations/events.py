"""An event through the ingress, as ChartMogul would send it, or through runs that write nothing."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError

import temporal
from clients.kit.unanswered import unanswered
from configuration.files import load_routes
from dispatch.dispatcher import Dispatched, Dispatcher
from models.effects import Mode
from models.events import AnyEvent
from models.runs import RunResult
from operations.errors import Stopped, why_failed
from operations.run_facts import waits_of
from operations.waiting import LOOK_SECONDS, nobody_takes
from settings import Settings

TRIES_TO_END = 4
"""Half seconds for a cancelled preview to end by itself."""


@dataclass(frozen=True)
class Answer:
    """What the ingress said, or what stands at its address."""

    status: int
    text: str

    @property
    def is_error(self) -> bool:
        return self.status >= 400


@dataclass(frozen=True)
class Reading:
    """A preview is under way; `waits` is what it is about, in words."""

    template: str
    waits: str


@dataclass(frozen=True)
class Previewed:
    run: Dispatched
    result: RunResult


def send(settings: Settings, body: bytes, account: str) -> Answer:
    """Post it as ChartMogul would. Raises Stopped where nothing answers."""
    url = f"{_ingress(settings)}/webhooks/chartmogul/{_secret(settings, account)}"
    try:
        answer = httpx.post(url, content=body, headers={"Content-Type": "application/json"}, timeout=10)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        why = unanswered(error, _ingress(settings))
        raise Stopped(
            f"Could not send the event: {why}. Start `mogulflow serve`, or correct INGRESS_URL."
        ) from None
    return Answer(answer.status_code, answer.text)


async def preview(settings: Settings, event: AnyEvent) -> AsyncGenerator[Reading | Previewed, None]:
    """What each template that the routes say would do, and meanwhile how far it is. Whoever leaves early
    closes this (`aclosing`), and no run is left open. Raises Stopped."""
    client = await temporal.connect()
    routes = load_routes(settings.routes_file)
    dispatcher = Dispatcher.of(client, routes, settings)
    starting = asyncio.ensure_future(
        dispatcher.dispatch(event, received_at=datetime.now(UTC), mode=Mode.PREVIEW)
    )
    try:
        runs = await asyncio.shield(starting)
        if not runs:
            raise Stopped(f"No route in {settings.routes_file} takes this {event.type} movement.")
        for run in runs:
            async for waits in _waits(client, run):
                yield Reading(run.template, waits)
            yield Previewed(run, await _result(client, run))
    finally:
        for run in await starting:  # also where somebody has left while they were being started
            await _end(client.get_workflow_handle(run.workflow_id, run_id=run.run_id))


async def _waits(client: Client, run: Dispatched) -> AsyncIterator[str]:
    """Twice a second until it has ended. Raises Stopped where no worker takes it."""
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id)
    while (described := await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
        if nobody_takes(described):
            raise Stopped("No worker takes the preview. Start `mogulflow serve`, then ask again.")
        yield await waits_of(client, described)
        await asyncio.sleep(LOOK_SECONDS)


async def _result(client: Client, run: Dispatched) -> RunResult:
    """Raises Stopped where the run failed."""
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id, result_type=RunResult)
    try:
        result: RunResult = await handle.result()
    except WorkflowFailureError as failure:
        raise Stopped(f"The run failed: {why_failed(failure)}.\nRun: {run.link}") from None
    return result


async def _end(handle: WorkflowHandle[Any, Any]) -> None:
    """Whoever asked for a preview and left leaves no open run behind, also where no worker is there."""
    if (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING:
        return
    with suppress(RPCError):  # it has just ended
        await handle.cancel()
        for _ in range(TRIES_TO_END):
            await asyncio.sleep(LOOK_SECONDS)
            if (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING:
                return
        await handle.terminate(reason="Whoever asked for this preview did not wait for it.")


def _ingress(settings: Settings) -> str:
    host = settings.ingress_host
    default = f"http://{f'[{host}]' if ':' in host else host}:{settings.ingress_port}"
    return (settings.ingress_url or default).rstrip("/")


def _secret(settings: Settings, account: str) -> str:
    known = settings.chartmogul.get(account)
    if known is None or not known.webhook_secrets:
        raise Stopped(f"Set CHARTMOGUL__{account.upper()}__WEBHOOK_SECRETS, or name another --account.")
    return known.webhook_secrets[0].get_secret_value()
