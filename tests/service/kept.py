"""Deliveries that were kept because they could not be read."""

import json
from typing import Any

from temporalio.client import Client

from dispatch.dead_letters import keep
from dispatch.deliveries import CHARTMOGUL, Delivery
from dispatch.dispatcher import Dispatcher
from models.deliveries import DeliveryResult
from models.routes import Routes
from simulators.kit.control import Control


async def kept_before_the_fix(client: Client, body: bytes) -> str:
    """The run of a body that an earlier version could not read, and this one can."""
    dispatcher = Dispatcher(client, Routes(routes=[]), "http://127.0.0.1:8233")
    return (await keep(dispatcher, Delivery(CHARTMOGUL, "default", body), "The body is no JSON.")).workflow_id


def cancellation(simulators: Control, number: int = 0, **changes: Any) -> bytes:
    body = simulators.cancel(simulators.customers(case="account")[number].uuid, send=False)
    return json.dumps(body | changes).encode()


async def result_of(client: Client, run: str) -> DeliveryResult:
    return DeliveryResult.model_validate(
        await client.get_workflow_handle(run, result_type=DeliveryResult).result()
    )
