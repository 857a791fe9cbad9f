"""How the recorded runs of churn save come about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.dispatcher import Dispatcher
from models.chartmogul import MovementWebhook
from models.effects import Mode
from models.events import movement_from_webhook
from models.routes import Filter, Route, Routes
from models.runs import Outcome, RunResult
from tests.histories.hold.cases import a_moment_long
from tests.histories.studio import Case, Run, Studio
from tests.waiting import until
from tests.workflows.conftest import SECOND, options, until_effects


async def start(studio: Studio, *, mode: Mode = Mode.LIVE, is_paused: bool = False, **wish: Any) -> Run:
    """A customer has cancelled, a while ago."""
    when = Filter.model_validate({"movements": ["churn"]})
    route = Route(name="churn-save", template="churn_save", when=when, options=options(**wish))
    routes = Routes(routes=[route])
    holds = await a_moment_long(studio, routes, "churn_save") if is_paused else None
    dispatcher = Dispatcher(studio.client, routes, "http://127.0.0.1:8233", holds=holds)
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    body = studio.simulators.cancel(customer_of(studio), send=False, at=earlier, reason="Too expensive")
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC), mode=mode)
    return studio.client.get_workflow_handle(run.workflow_id, result_type=RunResult)


def customer_of(studio: Studio) -> str:
    return studio.simulators.customers(case="account")[0].uuid


async def happy(studio: Studio) -> Run:
    return await start(studio)


async def saved(studio: Studio) -> Run:
    run = await start(studio, check_back_days=[2 * SECOND, 60])
    await until_effects(run, 2)
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
    dispatcher = Dispatcher(studio.client, routes, "http://127.0.0.1:8233")
    ahead = datetime.now(UTC) + timedelta(seconds=8)
    body = studio.simulators.cancel(customer_of(studio), send=False, at=ahead, reason="Too expensive")
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
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


async def came_back(studio: Studio) -> Run:
    """Told of the return, which shows a little later, by a customer who pays less than before."""
    run = await with_task_and_alert(studio, check_back_days=[60])
    body = studio.simulators.reactivate(customer_of(studio), send=False, cents=1_000, known_after_seconds=0.1)
    await run.signal("came_back", movement_from_webhook(MovementWebhook.model_validate(body), "default"))
    return run


async def withdrawn(studio: Studio) -> Run:
    """Restated as a contraction."""
    run = await with_task_and_alert(studio, check_back_days=[2 * SECOND, 60])
    studio.simulators.restate(customer_of(studio), type="contraction", cents=100)
    return run


async def merged(studio: Studio) -> Run:
    """Into a customer who pays nothing."""
    run = await with_task_and_alert(studio, check_back_days=[2 * SECOND, 4 * SECOND])
    others = [each for each in studio.simulators.customers(limit=200) if not each.mrr]
    other = next(each.uuid for each in others if each.uuid != customer_of(studio))
    studio.simulators.merge(customer_of(studio), other)
    return run


async def deleted(studio: Studio) -> Run:
    run = await with_task_and_alert(studio, check_back_days=[2 * SECOND])
    studio.simulators.delete_customer(customer_of(studio))
    return run


async def held_up(studio: Studio) -> Run:
    """The alert goes out only after ChartMogul was read again."""
    simulators = studio.simulators
    fault = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    run = await start(studio, reread_after_seconds=1)
    customer = customer_of(studio)
    await until(lambda: sum(customer in call.path for call in simulators.calls("chartmogul")) >= 6)
    simulators.remove_fault(fault.id)
    return run


async def moot(studio: Studio) -> Run:
    """The customer is back before Slack is."""
    simulators = studio.simulators
    fault = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    run = await start(studio, reread_after_seconds=1)
    await until_effects(run, 1)
    simulators.reactivate(customer_of(studio), send=False)
    read = len(simulators.calls("chartmogul"))
    await until(lambda: len(simulators.calls("chartmogul")) >= read + 8)
    simulators.remove_fault(fault.id)
    return run


async def without_owner(studio: Studio) -> Run:
    """The look-up is refused for good, and so is the list of movements."""
    refusal = [{"errorCode": "INVALID_FIELD", "message": "cannot be filtered", "fields": []}]
    studio.simulators.fault("salesforce", "status", path="/query", status=400, body=refusal, times=2)
    studio.simulators.fault("chartmogul", "status", path="/customers/[^/]+/activities", status=403)
    return await start(studio)


async def with_task_and_alert(studio: Studio, **wish: Any) -> Run:
    run = await start(studio, **wish)
    await until_effects(run, 2)
    return run


async def held(studio: Studio) -> Run:
    """Until a pause ends."""
    return await start(studio, is_paused=True)


async def nothing_lost(studio: Studio) -> Run:
    """Temporal is asked whether a message may be a repeat, and it is not looked for."""
    return await came_back(studio)


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
    Case(came_back, Outcome.SAVED),
    Case(withdrawn, Outcome.WITHDRAWN),
    Case(merged, Outcome.LOST),
    Case(deleted, Outcome.PARTIAL),
    Case(held_up, Outcome.ACTED),
    Case(moot, Outcome.SAVED),
    Case(without_owner, Outcome.ACTED),
    Case(held, Outcome.ACTED),
    Case(nothing_lost, Outcome.SAVED),
]
