"""How the recorded syncs of one customer come about."""

from datetime import UTC, datetime
from typing import Any

from dispatch.dispatcher import Dispatcher
from models.chartmogul import MovementWebhook
from models.effects import Mode
from models.events import MovementType, movement_from_webhook
from models.holds import Decision, Verdict
from models.routes import Filter, Route, Routes
from models.runs import Outcome, RunResult
from models.templates.customer_sync import CustomerSyncOptions
from models.templates.template import Installation
from tests.conftest import settings_for
from tests.histories.hold.cases import a_moment_long
from tests.histories.studio import Case, Run, Studio
from tests.workflows.crm import MAPPING, prepare


async def put(
    studio: Studio, body: dict[str, Any], mode: Mode = Mode.LIVE, *, is_paused: bool = False
) -> Run:
    route = Route(
        name="customer-sync",
        template="customer_sync",
        when=Filter(movements=list(MovementType)),
        options=CustomerSyncOptions(settling_seconds=0.2),
    )
    routes = Routes(routes=[route])
    holds = await a_moment_long(studio, routes, "customer_sync") if is_paused else None
    dispatcher = Dispatcher(
        studio.client, routes, "http://127.0.0.1:8233", Installation(crm=MAPPING), holds=holds
    )
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC), mode=mode)
    return studio.client.get_workflow_handle(run.workflow_id, result_type=RunResult)


def payer(studio: Studio) -> str:
    return next(each.uuid for each in studio.simulators.customers(case="account") if each.mrr)


async def expanded(studio: Studio) -> Run:
    await prepare(settings_for(studio.simulators.url))
    return await put(studio, studio.simulators.expand(payer(studio), send=False))


async def waits_for_hubspot(studio: Studio) -> Run:
    await prepare(settings_for(studio.simulators.url))
    studio.simulators.fault("hubspot", "status", path="batch/read", status=503, times=3)
    return await put(studio, studio.simulators.expand(payer(studio), send=False))


async def cannot_write(studio: Studio) -> Run:
    """HubSpot has none of our properties."""
    return await put(studio, studio.simulators.expand(payer(studio), send=False))


async def not_there(studio: Studio) -> Run:
    body = studio.simulators.expand(payer(studio), send=False)
    studio.simulators.delete_customer(payer(studio))
    return await put(studio, body)


async def would_sync(studio: Studio) -> Run:
    await prepare(settings_for(studio.simulators.url))
    return await put(studio, studio.simulators.cancel(payer(studio), send=False), Mode.PREVIEW)


async def held(studio: Studio) -> Run:
    await prepare(settings_for(studio.simulators.url))
    return await put(studio, studio.simulators.expand(payer(studio), send=False), is_paused=True)


async def dropped(studio: Studio) -> Run:
    run = await put(studio, studio.simulators.expand(payer(studio), send=False), is_paused=True)
    await run.signal("hold_ended", Decision(verdict=Verdict.DROPPED, why="a test", by="ada"))
    return run


CASES = [
    Case(expanded, Outcome.ACTED),
    Case(waits_for_hubspot, Outcome.ACTED),
    Case(cannot_write, Outcome.PARTIAL),
    Case(not_there, Outcome.UNVERIFIED),
    Case(would_sync, Outcome.PREVIEWED),
    Case(held, Outcome.ACTED),
    Case(dropped, Outcome.DROPPED),
]
