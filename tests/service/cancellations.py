"""Runs of cancellations, begun without the ingress."""

from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client, WorkflowHandle

from dispatch.dispatcher import Dispatcher
from models.chartmogul import MovementWebhook
from models.events import MrrMovement, movement_from_webhook
from models.routes import Routes
from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from tests.waiting import until_listed

Run = WorkflowHandle[Any, RunResult]


def churn_route(**options: Any) -> dict[str, Any]:
    task = {"fallback_owner": "revops@mogulflow.example"} | options.pop("task", {})
    defaults = {"channel": "#revenue-saves", "check_back_days": [], "settling_seconds": 0.2, "task": task}
    return {
        "name": "by-mistake",
        "template": "churn_save",
        "when": {"movements": ["churn"]},
        "options": defaults | options,
    }


def given_to(simulators: Control, number: int) -> MrrMovement:
    body = simulators.cancel(simulators.customers(case="account")[number].uuid, send=False)
    return movement_from_webhook(MovementWebhook.model_validate(body), "default")


async def begun(client: Client, simulators: Control, route: dict[str, Any], number: int = 0) -> Run:
    """A cancellation that came in while the routes were these."""
    event = given_to(simulators, number)
    dispatcher = Dispatcher(client, Routes.model_validate({"routes": [route]}), "http://127.0.0.1:8233")
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    return client.get_workflow_handle(run.workflow_id, result_type=RunResult)


async def partial(client: Client, simulators: Control, number: int = 0, channel: str = "#nowhere") -> Run:
    run = await begun(client, simulators, churn_route(channel=channel), number)
    assert (await run.result()).outcome is Outcome.PARTIAL
    await until_listed(client, f"WorkflowId = '{run.id}' AND Outcome = 'partial' AND CloseTime IS NOT NULL")
    return run
