"""`replay`: what could not be read, read anew after a fix, through the same door."""

from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

import temporal
from commands.person import kept
from commands.stopped import Stopped
from dispatch.dead_letters import TEMPLATE
from dispatch.deliveries import Delivery, Unreadable, event_of
from dispatch.dispatcher import Dispatched, Door
from dispatch.holds import Holds
from dispatch.routes import load_routes
from models.deliveries import MOST_KEPT, DeliveryResult, Dismissed, Replayed, UnreadableDelivery
from models.events import AnyEvent
from settings import Settings

Run = WorkflowHandle[object, DeliveryResult]


async def replay(settings: Settings, runs: list[str], dismiss: str | None, console: Console) -> None:
    """See to each; what cannot be seen to is said, and stops none of the others."""
    why = None if dismiss is None else kept(dismiss)
    client = await temporal.connect()
    routes = load_routes(settings.routes_file)
    holds = Holds(client, routes)
    await holds.look()
    door = Door.of(client, routes, settings, holds)
    left = 0
    for run in runs:
        handle: Run = client.get_workflow_handle(run)
        try:
            await (_replay(door, handle, console) if why is None else _dismiss(client, handle, why, console))
        except Stopped as stopped:
            left += 1
            console.print(f"[red]{escape(str(stopped))}[/]", soft_wrap=True)
    if left:
        raise Stopped(f"{left} of {len(runs)} left as {'it was' if left == 1 else 'they were'}.")


async def _replay(door: Door, handle: Run, console: Console) -> None:
    delivery = await _open_delivery(door.client, handle)
    event = _read(handle.id, delivery)
    runs = await door.dispatch(event, received_at=datetime.now(UTC))
    await door.tell_of_return(event)
    await handle.signal("replayed", Replayed(event_id=event.event_id, runs=[run.workflow_id for run in runs]))
    console.print(f"{escape(handle.id)}: replayed as event {event.event_id}", soft_wrap=True)
    for run in runs:
        console.print(f"  {_said(run)}: {run.link}", soft_wrap=True)
    if not runs:
        console.print(f"  no route takes this {event.type} movement")


def _said(run: Dispatched) -> str:
    if run.held_by:
        return f"{run.workflow_id} started, held by {run.held_by}"
    return f"{run.workflow_id} {'started' if run.new else 'was known'}"


async def _dismiss(client: Client, handle: Run, reason: str, console: Console) -> None:
    await _open_delivery(client, handle)
    await handle.signal("dismissed", Dismissed(reason=reason))
    console.print(f"{escape(handle.id)}: dismissed", soft_wrap=True)


async def _open_delivery(client: Client, handle: Run) -> UnreadableDelivery:
    """What it holds, from its history: no worker has to be running."""
    try:
        described = await handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise Stopped(f"There is no run {handle.id}. `mogulflow runs` lists them.") from None
    if described.workflow_type != TEMPLATE:
        raise Stopped(f"{handle.id} is no unreadable delivery; `mogulflow retry` runs it again.")
    if described.status is not WorkflowExecutionStatus.RUNNING:
        outcome = described.typed_search_attributes.get(temporal.OUTCOME)
        raise Stopped(f"{handle.id} has ended as {outcome}.")
    first = await anext(handle.fetch_history_events())
    payloads = first.workflow_execution_started_event_attributes.input.payloads
    [delivery] = await client.data_converter.decode(payloads, [UnreadableDelivery])
    return UnreadableDelivery.model_validate(delivery)


def _read(run: str, delivery: UnreadableDelivery) -> AnyEvent:
    if delivery.cut:
        kept = f"only {MOST_KEPT // 1024} KiB of its {delivery.size} bytes were kept"
        raise Stopped(f"{run} cannot be replayed: {kept}. Have ChartMogul send it again.")
    if not delivery.exact:
        raise Stopped(f"{run} cannot be replayed: its body is no UTF-8. Have ChartMogul send it again.")
    try:
        return event_of(Delivery(delivery.source, delivery.account, delivery.body.encode()))
    except Unreadable as unreadable:
        raise Stopped(f"{run} still cannot be read: {unreadable}") from None
