"""The ingress on a port of its own, in front of a real Temporal."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from commands.serve import listening
from configuration.files import load_routes
from dispatch.dispatcher import Dispatcher
from ingress.app import create_app
from local.processes import free_ports
from local.stack import EXAMPLE_CONFIG
from models.agents import Agents
from models.deliveries import UnreadableDelivery
from models.routes import Routes
from settings import Settings
from tests.conftest import SECRET, in_a_namespace_of_its_own
from tests.models.bodies import webhook


@pytest.fixture(scope="session")
async def unserved(client: Client) -> Client:
    """Where no worker takes what is started: other folders' tests leave theirs running."""
    return await in_a_namespace_of_its_own(client)


@asynccontextmanager
async def ingress_for(
    client: Client | None,
    settings: Settings,
    *,
    routes: Routes | None = None,
    agents: Callable[[], Agents] = Agents,
    **changes: object,
) -> AsyncIterator[httpx.AsyncClient]:
    """No worker may be running, and many bodies are odd: the limits for both are far off."""
    routes = routes or load_routes(EXAMPLE_CONFIG / "routes.yaml")
    port = free_ports(0)[0]
    far = {"backlog_limit_seconds": 3600, "unreadable_kept_per_hour": 1000}
    settings = settings.model_copy(update=far | {"ingress_port": port} | changes)
    dispatcher = Dispatcher(client, routes, settings.web_ui_url) if client else None
    app = create_app(settings, dispatcher, agents=agents)
    async with (
        listening(app, settings),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        yield http


@pytest.fixture(scope="session")
async def http(unserved: Client, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with ingress_for(unserved, settings) as ingress:
        yield ingress


URL = f"/webhooks/chartmogul/{SECRET}"


def churn(**changes: Any) -> dict[str, Any]:
    """A movement no test has seen."""
    customer = {"uuid": f"cus_{uuid.uuid4()}", "name": "Nora Lind", "company": "Fjord Labs"}
    return webhook(customer=customer) | changes


async def kept_input(client: Client, kept: dict[str, str]) -> UnreadableDelivery:
    """What the run holds, from its history."""
    events = client.get_workflow_handle(kept["workflow_id"]).fetch_history_events()
    started = (await anext(events)).workflow_execution_started_event_attributes
    [delivery] = await client.data_converter.decode(started.input.payloads, [UnreadableDelivery])
    return UnreadableDelivery.model_validate(delivery)


async def nobody() -> Client:
    return await Client.connect(
        f"127.0.0.1:{free_ports(0)[0]}", lazy=True, data_converter=pydantic_data_converter
    )
