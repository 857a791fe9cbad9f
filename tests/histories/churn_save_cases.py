"""How the recorded runs of churn save come about."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from ingress.dispatch import Door
from models.chartmogul import MovementWebhook
from models.effects import Effect, Mode
from models.events import movement_from_webhook
from models.routes import Filter, Route, Routes
from models.runs import Outcome, RunResult
from tests.histories.studio import Case, Run, Studio
from tests.workflows.conftest import SECOND, options


async def start(studio: Studio, *, mode: Mode = Mode.LIVE, **wish: Any) -> Run:
    """A customer has cancelled, a while ago."""
    when = Filter.model_validate({"movements": ["churn"]})
    route = Route(name="churn-save", template="churn_save", when=when, options=options(**wish))
    door = Door(studio.client, Routes(routes=[route]), "http://127.0.0.1:8233")
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    body = studio.simulators.cancel(customer_of(studio), send=False, at=earlier, reason="Too expensive")
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    [run] = await door.dispatch(event, received_at=datetime.now(UTC), mode=mode)
    return studio.client.get_workflow_handle(run.workflow_id, result_type=RunResult)


def customer_of(studio: Studio) -> str:
    return studio.simulators.customers(case="account")[0].uuid


async def happy(studio: Studio) -> Run:
    return await start(studio)


async def saved(studio: Studio) -> Run:
    run = await start(studio, check_back_days=[2 * SECOND, 60])
    async with asyncio.timeout(30):
        while len(await run.query("effects", result_type=list[Effect])) < 2:
            await asyncio.sleep(0.05)
    studio.simulators.reactivate(customer_of(studio), send=False)
    return run


async def lost(studio: Studio) -> Run:
    return await start(studio, check_back_days=[SECOND, 2 * SECOND])


async def preview(studio: Studio) -> Run:
    return await start(studio, mode=Mode.PREVIEW)


async def in_preview(studio: Studio) -> Run:
    """By its route, of a cancellation that lies some seconds ahead: it keeps its day."""
    route = {
        "name": "churn-save",
        "template": "churn_save",
        "when": {"movements": ["churn"]},
        "mode": "preview",
    }
    routes = Routes.model_validate({"routes": [route | {"options": options().model_dump()}]})
    door = Door(studio.client, routes, "http://127.0.0.1:8233")
    ahead = datetime.now(UTC) + timedelta(seconds=8)
    body = studio.simulators.cancel(customer_of(studio), send=False, at=ahead, reason="Too expensive")
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    [run] = await door.dispatch(event, received_at=datetime.now(UTC))
    return studio.client.get_workflow_handle(run.workflow_id, result_type=RunResult)


async def partial(studio: Studio) -> Run:
    studio.simulators.remove_field("Task", "Mogulflow_Key__c")
    return await start(studio, check_back_days=[2 * SECOND])


async def told_to_wait(studio: Studio) -> Run:
    studio.simulators.fault("slack", "status", path="chat.postMessage", status=429, retry_after=1)
    return await start(studio)


async def at_once(studio: Studio) -> Run:
    """ChartMogul is read in one step, also for the check-back."""
    return await start(studio, check_back_days=[2 * SECOND])


async def durable(studio: Studio) -> Run:
    """A read that is refused, a write whose answer is lost, and a message likewise."""
    studio.simulators.fault("chartmogul", "status", path="/customers/", status=503)
    studio.simulators.fault("salesforce", "drop_after", method="PATCH")
    studio.simulators.fault("slack", "drop_after", path="chat.postMessage")
    return await start(studio, check_back_days=[4 * SECOND])


async def in_trouble(studio: Studio) -> Run:
    """Two systems are waited for, one by two steps at once, and then a step fails for good."""
    studio.simulators.fault("chartmogul", "status", path="/customers/", status=503, times=2)
    studio.simulators.fault("salesforce", "status", method="PATCH", status=503)
    refusal = {"ok": False, "error": "is_archived"}
    studio.simulators.fault("slack", "status", path="chat.postMessage", status=200, body=refusal, times=None)
    return await start(studio)


CASES = [
    Case(happy, Outcome.ACTED),
    Case(saved, Outcome.SAVED),
    Case(lost, Outcome.LOST),
    Case(preview, Outcome.PREVIEWED),
    Case(in_preview, Outcome.PREVIEWED),
    Case(partial, Outcome.PARTIAL),
    Case(told_to_wait, Outcome.ACTED),
    Case(durable, Outcome.LOST),
    Case(at_once, Outcome.LOST),
    Case(in_trouble, Outcome.PARTIAL),
]
