"""A route in preview: its runs read everything and write nothing, and what they took is taken for good."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

import temporal
import worker
from dispatch.dispatcher import Dispatched, Dispatcher
from dispatch.movement_scan import MovementScan
from models.chartmogul import MovementWebhook
from models.effects import Action, Mode
from models.event import EventSource
from models.events import MrrMovement, movement_from_webhook
from models.movements import Found, Scan, Tally
from models.routes import Routes
from models.runs import Outcome, Rerun, RunResult
from models.templates.churn_save import ChurnSaveInput
from models.templates.template import Installation
from settings import Settings
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until
from tests.workflows.conftest import cancelled
from tests.workflows.crm import MAPPING, prepare, unlimited, writes

Put = Callable[..., Awaitable[tuple[Dispatched, WorkflowHandle[Any, RunResult]]]]


@pytest.fixture(scope="module")
async def own(client: Client, settings: Settings) -> Any:
    namespace = await in_a_namespace_of_its_own(client)
    async with worker.running(namespace, unlimited(settings)):
        yield namespace


def route(template: str, mode: str) -> dict[str, Any]:
    options: dict[str, Any] = {"settling_seconds": 0.2}
    if template == "churn_save":
        task = {"fallback_owner": "revops@mogulflow.example"}
        options |= {"channel": "#revenue-saves", "task": task, "check_back_days": [7, 30]}
    when = {"movements": ["churn"]}
    return {"name": f"{template.replace('_', '-')}-route", "template": template, "when": when, "mode": mode,
            "options": options}  # fmt: skip


def dispatcher(client: Client, mode: str, *templates: str) -> Dispatcher:
    routes = [route(each, mode) for each in templates or ("churn_save",)]
    return Dispatcher(
        client, Routes.model_validate({"routes": routes}), "http://127.0.0.1:8233", Installation(crm=MAPPING)
    )


def event_of(body: dict[str, Any]) -> MrrMovement:
    return movement_from_webhook(MovementWebhook.model_validate(body), "default")


async def put(
    client: Client, body: dict[str, Any], mode: str, asked: Mode = Mode.LIVE, template: str = "churn_save"
) -> tuple[Dispatched, WorkflowHandle[Any, RunResult]]:
    into = dispatcher(client, mode, template)
    [run] = await into.dispatch(event_of(body), received_at=datetime.now(UTC), mode=asked)
    return run, client.get_workflow_handle(run.workflow_id, result_type=RunResult)


async def attributes(handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    found = (await handle.describe()).typed_search_attributes
    return {pair.key.name: pair.value for pair in found}


def written(simulators: Control) -> int:
    made = len(simulators.records("Task")) + len(simulators.messages())
    return made + sum(writes(simulators, each) for each in ("hubspot", "salesforce"))


async def test_a_cancellation_is_read_and_nothing_is_written(simulators: Control, own: Client) -> None:
    body = cancelled(simulators)
    run, handle = await put(own, body, "preview")
    assert (run.new, run.mode) == (True, Mode.PREVIEW)
    assert handle.id == f"churn_save/{event_of(body).event_id}"
    result = await handle.result()  # at once, in spite of its check-backs
    assert result.outcome is Outcome.PREVIEWED
    assert {(each.object_type, each.action) for each in result.effects} == {
        ("Task", Action.WOULD_CREATE),
        ("message", Action.WOULD_CREATE),
    }
    assert written(simulators) == 0
    said = await attributes(handle)
    assert (said["Mode"], said["Outcome"]) == ("preview", "previewed")
    memo = await (await handle.describe()).memo()
    assert memo[temporal.SHADOW_OF] == "churn-save-route"
    assert memo[temporal.WOULD] == {"would create salesforce Task": 1, "would create slack message": 1}


@pytest.mark.parametrize("template", ["churn_save", "customer_sync"])
async def test_going_live_acts_on_nothing_that_ran_in_preview(
    simulators: Control, own: Client, settings: Settings, template: str
) -> None:
    await prepare(settings)
    body = cancelled(simulators)
    before = written(simulators)
    _, handle = await put(own, body, "preview", template=template)
    result = await handle.result()
    assert result.outcome is Outcome.PREVIEWED
    assert {each.action for each in result.effects} <= {
        Action.WOULD_CREATE, Action.WOULD_UPDATE, Action.UNCHANGED, Action.SKIPPED,
    }  # fmt: skip
    again, _ = await put(own, body, "live", template=template)
    assert not again.new
    movement_scan = MovementScan(dispatcher(own, "live", template))
    tally = await movement_scan.take(window(EventSource.BACKFILL), [event_of(body)], datetime.now(UTC))
    assert tally.runs(Found.KNOWN) == 1
    assert written(simulators) == before


async def test_what_ran_live_does_not_run_in_preview(simulators: Control, own: Client) -> None:
    body = cancelled(simulators)
    live, handle = await put(own, body, "live")
    again, _ = await put(own, body, "preview")
    assert (live.new, again.new) == (True, False)
    assert (await attributes(handle))["Mode"] == "live"
    await handle.terminate()


async def test_a_person_may_still_ask_and_that_takes_no_event(simulators: Control, own: Client) -> None:
    body = cancelled(simulators)
    _, asked = await put(own, body, "preview", Mode.PREVIEW)
    assert asked.id.endswith("/preview")
    assert (await asked.result()).outcome is Outcome.PREVIEWED
    assert temporal.SHADOW_OF not in await (await asked.describe()).memo()
    run, handle = await put(own, body, "preview")
    assert run.new
    await handle.result()


async def test_one_that_lies_ahead_keeps_its_day(simulators: Control, own: Client) -> None:
    """Closed runs are forgotten after 30 days: it would be listed, and acted on, again."""
    body = cancelled(simulators, at=datetime.now(UTC) + timedelta(days=60))
    _, handle = await put(own, body, "preview")

    async def previewed() -> bool:
        return bool((await attributes(handle))["Outcome"] == "previewed")

    await until(previewed)
    described = await handle.describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert temporal.WOULD in await described.memo()
    assert written(simulators) == 0
    await handle.terminate()


async def test_what_would_have_failed_is_said(simulators: Control, own: Client) -> None:
    refusal = [{"errorCode": "API_DISABLED_FOR_ORG", "message": "API is not enabled"}]
    simulators.fault("salesforce", "status", path="/query", status=403, times=None, body=refusal)
    body = cancelled(simulators)
    _, handle = await put(own, body, "preview")
    assert (await handle.result()).outcome is Outcome.PARTIAL
    assert written(simulators) == 0
    tally = await compared(own, 1, event_of(body))
    assert tally.shadows["churn-save-route"].outcomes == {"partial": 1}


@pytest.mark.parametrize("asked", [Mode.LIVE, Mode.PREVIEW])
@pytest.mark.parametrize("mode", ["live", "preview"])
async def test_what_is_started_again_says_whether_its_route_is_in_preview(
    simulators: Control, own: Client, mode: str, asked: Mode
) -> None:
    """As the first start does. What a person asks to see says so by its id."""
    body = cancelled(simulators)
    _, handle = await put(own, body, "preview", asked)
    await handle.result()
    into = dispatcher(own, mode)
    [now] = into.routes.routes
    old = await given_to(handle)
    why = Rerun(who="Ann", why="To see", at=datetime.now(UTC), instead_of="none")
    again = await into.start_again(handle.id, old, now, await (await handle.describe()).memo(), why)
    run = own.get_workflow_handle(handle.id, run_id=again.run_id)
    said = await (await run.describe()).static_summary() or ""
    assert said.startswith("In preview: ") is (mode == "preview" and asked is Mode.LIVE)
    await run.terminate() if mode == "live" and asked is Mode.LIVE else await run.result()


async def given_to(handle: WorkflowHandle[Any, RunResult]) -> ChurnSaveInput:
    first = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
    [payload] = first.input.payloads
    return ChurnSaveInput.model_validate_json(payload.data)


def window(source: EventSource, **wish: Any) -> Scan:
    now = datetime.now(UTC)
    return Scan(account="default", start=now - timedelta(days=1), end=now, source=source, **wish)


async def compared(client: Client, runs: int, *events: MrrMovement) -> Tally:
    """Once Temporal's list has all runs, and their ends."""
    movement_scan = MovementScan(dispatcher(client, "preview", "churn_save", "customer_sync"))
    scan = window(EventSource.POLL, naming={Found.SHADOWED: 10})

    async def complete() -> Tally | None:
        tally = await movement_scan.compare(scan, events, datetime.now(UTC))
        ended = [each for each in tally.shadows.values() if "open" not in each.outcomes]
        return tally if tally.runs(Found.SHADOWED) == runs == sum(each.runs for each in ended) else None

    return await until(complete)


async def test_scans_and_coverage_count_what_it_would_have_done(
    simulators: Control, own: Client, settings: Settings
) -> None:
    await prepare(settings)
    bodies = [cancelled(simulators, number=number) for number in range(3)]
    events = [event_of(body) for body in bodies]
    both = dispatcher(own, "preview", "churn_save", "customer_sync")
    await both.dispatch(events[0], received_at=datetime.now(UTC))
    movement_scan = MovementScan(both)
    asked = await movement_scan.take(
        window(EventSource.BACKFILL, preview=True), events[1:], datetime.now(UTC)
    )
    assert asked.of(Found.SHADOWED) == 2
    taken = await movement_scan.take(window(EventSource.POLL), events[1:], datetime.now(UTC))
    assert taken.counts == {Found.SHADOWED: {"churn": 2}}
    for event in events:
        for template in ("churn_save", "customer_sync"):
            await own.get_workflow_handle(f"{template}/{event.event_id}").result()
    tally = await compared(own, 6, *events)
    assert tally.counts == {Found.SHADOWED: {"churn": 3}}
    assert tally.shadows["churn-save-route"].outcomes == {"previewed": 3}
    assert tally.shadows["churn-save-route"].effects == {
        "would create salesforce Task": 3, "would create slack message": 3,
    }  # fmt: skip
    assert tally.shadows["customer-sync-route"].runs == 3
    assert "would create salesforce Task" in tally.named[0].reason
    assert written(simulators) == 0
