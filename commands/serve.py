"""The long-running processes: ingress, worker, or both in one."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI
from temporalio.client import Client

import temporal
import worker
from ingress.app import create_app
from ingress.dispatch import Door
from ingress.routes import load_routes
from settings import Settings

RECONNECT_SECONDS = 2

log = logging.getLogger("mogulflow")


async def serve(settings: Settings, *, with_ingress: bool, with_worker: bool) -> None:
    """Run until SIGINT or SIGTERM. In one process both share a client, so that runs start at once."""
    routes = load_routes(settings.routes_file)
    stop = _stop_signal()
    async with AsyncExitStack() as stack:
        client = await _connect(settings, lazy=not with_worker)
        if with_worker:
            await stack.enter_async_context(worker.running(client, settings))
        if with_ingress:
            app = create_app(settings, Door(client, routes, settings.web_ui_url))
            await stack.enter_async_context(listening(app, settings))
        log.info("ready", extra={"ingress": with_ingress, "worker": with_worker})
        await stop.wait()


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again and cut the workers' shutdown short."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """The app on its port, for as long as the block lasts."""
    config = uvicorn.Config(
        app,
        host=settings.ingress_host,
        port=settings.ingress_port,
        access_log=False,  # it would write the secret in the path
        log_config=None,
        server_header=False,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    while not (server.started or running.done()):
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await running


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


async def _connect(settings: Settings, *, lazy: bool) -> Client:
    runtime = worker.runtime(settings)
    while True:
        try:
            return await temporal.connect(lazy=lazy, runtime=runtime)
        except RuntimeError as error:
            log.warning("waiting for Temporal", extra={"reason": str(error)[:200]})
            await asyncio.sleep(RECONNECT_SECONDS)
