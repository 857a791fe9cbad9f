"""Run a workflow again, with what it was given, or with the route as the file has it now."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowHandle
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from configuration.files import BadConfig, load_routes
from dispatch.dispatcher import Dispatcher
from models.routes import Route
from models.runs import Outcome, Rerun
from models.templates.catalogue import TEMPLATES
from models.templates.template import EventInput
from operations.errors import Stopped
from operations.person import kept, who
from settings import Settings

Handle = WorkflowHandle[object, object]
Ask = Callable[[str], bool]


@dataclass(frozen=True)
class Wish:
    """`sure`: a run that is open and has no trouble is restarted without a question."""

    reason: str = "run again by hand"
    current_route: bool = False
    sure: bool = False


@dataclass(frozen=True)
class Retried:
    """`link` leads to the new run. `outdated_route` names the one that it goes by where the file says
    otherwise now: a reset keeps the route that the run was given."""

    link: str
    outdated_route: str | None = None


def refuse(_: str) -> bool:
    return False


async def retry(settings: Settings, workflow_id: str, wish: Wish, ask: Ask = refuse) -> Retried:
    """From its first step. What worked is found, not done again. Raises Stopped."""
    kept(wish.reason)
    client = await temporal.connect()
    described = await described_run(client, workflow_id)
    handle: Handle = client.get_workflow_handle(workflow_id, run_id=described.run_id)
    outdated = None
    if wish.current_route:
        run_id = await _with_the_current_route(settings, client, described, wish, ask)
    else:
        first = await _first_task(handle)
        _make_sure(described, wish, ask)
        run_id = await _reset(client, described, first, wish)
        outdated = await _outdated_route(settings, client, described)
    return Retried(temporal.run_link(settings.web_ui_url, client.namespace, workflow_id, run_id), outdated)


async def described_run(client: Client, workflow_id: str) -> WorkflowExecutionDescription:
    try:
        return await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise Stopped(f"There is no run {workflow_id}. `mogulflow runs` lists them.") from None


def _make_sure(described: WorkflowExecutionDescription, wish: Wish, ask: Ask) -> None:
    """One that is open and has no trouble would be ended and begun anew: only where that is meant."""
    if wish.sure or described.status is not WorkflowExecutionStatus.RUNNING or _has_trouble(described):
        return
    state = f"{described.id} is open and nothing has failed"
    if systems := described.typed_search_attributes.get(temporal.WAITS_FOR):
        state += f"; it waits for {', '.join(systems)} and goes on by itself"
    if not ask(f"{state}. End it and begin again from its first step?"):
        raise Stopped(f"{state}. `--yes` ends it and begins again from its first step.")


def _has_trouble(described: WorkflowExecutionDescription) -> bool:
    outcome = described.typed_search_attributes.get(temporal.OUTCOME)
    failing = described.search_attributes.get(temporal.REPORTED_PROBLEMS)
    return outcome in (Outcome.PARTIAL, Outcome.FAILED, Outcome.HELD) or bool(failing)


async def _reset(client: Client, described: WorkflowExecutionDescription, first: int, wish: Wish) -> str:
    request = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=described.id, run_id=described.run_id),
        reason=_explained(wish),
        workflow_task_finish_event_id=first,
        request_id=str(uuid.uuid4()),
        identity=who(),
    )
    return (await client.workflow_service.reset_workflow_execution(request)).run_id


def _explained(wish: Wish) -> str:
    """Where the run before was open, the server ends it, and its page says this."""
    return (
        f"Run again by {who()} with `mogulflow retry`: {wish.reason}. "
        "A new run of the same id goes on in its place."
    )


async def _with_the_current_route(
    settings: Settings, client: Client, described: WorkflowExecutionDescription, wish: Wish, ask: Ask
) -> str:
    """A new run in its place: the route that it goes by stands in its input, for whoever reads it later."""
    old = await _input(client, described)
    dispatcher, route = _current(settings, client, described, old)
    _make_sure(described, wish, ask)
    is_open = described.status is WorkflowExecutionStatus.RUNNING
    why = Rerun(
        who=who(),
        why=wish.reason,
        at=datetime.now(UTC),
        instead_of=described.run_id,
        old_route=old.route,
        new_route=route.name,
    )
    try:
        memo = await described.memo()
        run = await dispatcher.start_again(described.id, old, route, memo, why, end_open=is_open)
    except WorkflowAlreadyStartedError:
        raise Stopped(
            f"Somebody else has just run {described.id} again; `mogulflow runs` lists it."
        ) from None
    return run.run_id


def _current(
    settings: Settings, client: Client, described: WorkflowExecutionDescription, old: EventInput
) -> tuple[Dispatcher, Route]:
    """Raises Stopped where no route of the run's template takes its event any more."""
    routes = load_routes(settings.routes_file)
    route = routes.for_template(described.workflow_type, old.event)
    if route is None:
        raise Stopped(
            f"No {described.workflow_type} route in {settings.routes_file} takes this "
            f"{old.event.in_words} now; route {old.route} did. Let "
            f'a route take it, or close the run with `mogulflow dismiss {described.id} "why"`.'
        )
    return Dispatcher.of(client, routes, settings), route


async def _input(client: Client, described: WorkflowExecutionDescription) -> EventInput:
    """What the run was given, from its history: no worker has to be running."""
    template = TEMPLATES.get(described.workflow_type)
    if template is None:
        raise Stopped(f"{described.id} has no route: only runs of {', '.join(TEMPLATES)} do.")
    handle: Handle = client.get_workflow_handle(described.id, run_id=described.run_id)
    first = await anext(handle.fetch_history_events())
    payloads = first.workflow_execution_started_event_attributes.input.payloads
    [given] = await client.data_converter.decode(payloads, [template.input])
    return template.input.model_validate(given)


async def _outdated_route(
    settings: Settings, client: Client, described: WorkflowExecutionDescription
) -> str | None:
    """Whoever has just corrected the file must hear that the run goes by its route as it was."""
    if described.workflow_type not in TEMPLATES:
        return None
    old = await _input(client, described)
    try:
        route = load_routes(settings.routes_file).for_template(described.workflow_type, old.event)
    except BadConfig:
        return None
    return old.route if route and route.options != old.options else None


async def _first_task(handle: Handle) -> int:
    """The id of the event that closed the run's first workflow task, whichever way it closed."""
    closed = {
        EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    }
    last = None
    async for event in handle.fetch_history_events():
        if event.event_type in closed:
            return event.event_id
        last = event.event_type
    if last == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
        raise Stopped("A worker is at the run's first step. Wait for its end, at most some seconds.")
    raise Stopped("The run has not begun yet: no worker has taken it. Start `mogulflow serve`.")
