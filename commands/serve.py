"""The long-running processes: ingress, worker, or both in one."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress

import uvicorn
from fastapi import FastAPI
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.service import RPCError, RPCStatusCode

import temporal
import worker
from configuration.environment import near_misses
from configuration.files import crm_for, load_routes
from dispatch.dispatcher import Dispatcher
from dispatch.holds import Holds
from ingress.app import create_app
from ingress.slack.socket_mode import connected
from models.crm import CrmMapping
from models.reach import lost_movements
from models.routes import Routes
from operations.agents.file import agents_now
from operations.errors import Stopped
from operations.prepare import lacking_in
from settings import Settings

CONNECT_SECONDS = 10
RECONNECT_SECONDS = 2
LAST_ANSWERS_SECONDS = 5
"""For requests that are under way when we are told to stop."""

log = logging.getLogger("mogulflow")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's, which takes a tenth less CPU for a run; Windows has none."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


async def serve(settings: Settings, *, with_ingress: bool, with_worker: bool) -> None:
    """Run until SIGINT or SIGTERM. Raises what ends a part of it before."""
    for miss in near_misses(os.environ):
        log.warning(miss)
    job = asyncio.create_task(_serve(settings, with_ingress, with_worker))
    for each in (signal.SIGINT, signal.SIGTERM):  # a second one would cut the workers' shutdown short
        asyncio.get_running_loop().add_signal_handler(each, lambda: job.cancelling() or job.cancel())
    try:
        await job
    except asyncio.CancelledError:
        return
    except ExceptionGroup as group:
        raise _first(group) from None


async def _serve(settings: Settings, with_ingress: bool, with_worker: bool) -> None:
    """The ingress listens at once; events are taken and workers run as soon as Temporal answers.

    Both share a client, so that runs start at once; the SDK takes no lazy one for that.
    """
    async with AsyncExitStack() as stack:
        if with_ingress:
            routes, crm = _read(settings)  # a mistake in them ends the start
            _say_what_never_happens(routes, settings)
            app = create_app(settings)
            server = await stack.enter_async_context(listening(app, settings))
        client = await _connect(_runtime(settings))
        if with_worker:
            await _find_namespace(client)
        await _say_what_is_missing(client)
        if not with_ingress:
            routes, crm = _read(settings)
        holds = Holds(client, routes)
        await stack.enter_async_context(holds.watching())
        if with_worker:
            await stack.enter_async_context(worker.running(client, settings, holds=holds, crm=crm))
            if settings.slack and (token := settings.slack.app_token):
                await stack.enter_async_context(
                    connected(settings.slack, token, client, agents_now(settings))
                )
        if with_ingress:
            app.state.dispatcher = Dispatcher.of(client, routes, settings, holds, crm)
            stack.callback(server.close)  # no more events while the workers finish theirs
        gc.collect()
        gc.freeze()  # what stays for ever: looking through it took up to a tenth of a second each time
        log.info("ready", extra={"ingress": with_ingress, "worker": with_worker})
        await asyncio.Event().wait()


async def _say_what_is_missing(client: Client) -> None:
    """After an upgrade, say, which needs a search attribute more. Events are taken all the same."""
    with suppress(RPCError):
        if lacking := await lacking_in(client):
            log.warning(lacking)


def _read(settings: Settings) -> tuple[Routes, CrmMapping]:
    """Raises BadConfig."""
    routes = load_routes(settings.routes_file)
    return routes, crm_for(routes, settings)


def _say_what_never_happens(routes: Routes, settings: Settings) -> None:
    """No reason to refuse the file, which may have worked so for long: a route may be meant for later."""
    for lost in lost_movements(routes, settings.chartmogul):
        level = logging.INFO if lost.as_meant else logging.WARNING
        log.log(level, "%s: route %s %s", settings.routes_file, lost.route, lost.text)


def _first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


class _Server(uvicorn.Server):
    stopping: asyncio.Event | None = None
    """Of an app that has streams which only the end of the process ends."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to us: uvicorn would raise them again and cut the workers' shutdown short."""
        yield

    async def listen(self) -> None:
        try:
            await self.serve()
        except SystemExit:  # so uvicorn says that it cannot
            where = f"{self.config.host}:{self.config.port}"
            raise Stopped(f"Cannot listen on {where}. Set INGRESS_HOST and INGRESS_PORT.") from None
        if not self.should_exit:
            raise Stopped("The HTTP server ended by itself.")

    def close(self) -> None:
        self.should_exit = True
        if self.stopping:
            self.stopping.set()


@asynccontextmanager
async def listening(app: FastAPI, settings: Settings) -> AsyncIterator[_Server]:
    """The app on its port, for as long as the block lasts. An end of the server ends the block."""
    config = uvicorn.Config(
        app,
        host=settings.ingress_host,
        port=settings.ingress_port,
        access_log=False,  # it would write the secret in the path
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
    )
    server = _Server(config)
    server.stopping = getattr(app.state, "stopping", None)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.listen())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield server
        finally:
            server.close()
            await asyncio.wait([running])


def _runtime(settings: Settings) -> Runtime | None:
    try:
        return worker.runtime(settings)
    except ValueError as error:
        raise Stopped(f"WORKER_METRICS_ADDRESS: {error}") from None


async def _connect(runtime: Runtime | None) -> Client:
    while True:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await temporal.connect(runtime=runtime)
        except temporal.BadConnection:
            raise
        except (RuntimeError, TimeoutError) as error:
            log.warning("waiting for Temporal", extra={"reason": str(error)[:200] or "no answer"})
        await asyncio.sleep(RECONNECT_SECONDS)


async def _find_namespace(client: Client) -> None:
    """The workers would end without it, with many words, and after we have said that we are ready."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        await client.workflow_service.describe_namespace(request, retry=True)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            advice = "Set TEMPORAL_NAMESPACE, or create it: `mogulflow prepare`."
            raise Stopped(f"Temporal has no namespace {client.namespace}. {advice}") from None
        raise
