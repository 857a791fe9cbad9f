"""How the recorded calls of an API come about."""

import os
from datetime import UTC, datetime

from configuration.connectors import load_connectors
from dispatch.dispatcher import Dispatcher
from local.stack import EXAMPLE_CONFIG
from models.chartmogul import MovementWebhook
from models.effects import Mode
from models.events import movement_from_webhook
from models.routes import Routes
from models.runs import Outcome, RunResult
from models.templates.template import Installation
from simulators.connector.api import TOKEN
from tests.histories.studio import Case, Run, Studio

CALLS = ["my_product.create_account", "my_product.grant_wiki"]


async def put(studio: Studio, mode: Mode = Mode.LIVE, calls: list[str] = CALLS) -> Run:
    os.environ["MY_PRODUCT_TOKEN"] = TOKEN
    route = {
        "name": "calls",
        "template": "call_api",
        "when": {"movements": ["churn"]},
        "options": {"calls": calls},
    }
    example = load_connectors(EXAMPLE_CONFIG / "connectors")["my_product"]
    product = example.model_copy(update={"base_url": f"{studio.simulators.url}/connector/api"})
    installation = Installation(connectors={"my_product": product})
    routes = Routes.model_validate({"routes": [route]})
    dispatcher = Dispatcher(studio.client, routes, "http://127.0.0.1:8233", installation)
    customer = next(each.uuid for each in studio.simulators.customers(case="account") if each.mrr)
    body = studio.simulators.cancel(customer, send=False)
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC), mode=mode)
    return studio.client.get_workflow_handle(run.workflow_id, result_type=RunResult)


async def called(studio: Studio) -> Run:
    return await put(studio)


async def unknown(studio: Studio) -> Run:
    studio.simulators.fault("connector", "drop_after", method="POST", path="/access")
    return await put(studio)


async def waits(studio: Studio) -> Run:
    studio.simulators.fault("connector", "status", method="POST", path="/accounts", status=503, times=2)
    return await put(studio)


async def would_call(studio: Studio) -> Run:
    return await put(studio, Mode.PREVIEW, CALLS[:1])


CASES = [
    Case(called, Outcome.ACTED),
    Case(unknown, Outcome.PARTIAL),
    Case(waits, Outcome.ACTED),
    Case(would_call, Outcome.PREVIEWED),
]
