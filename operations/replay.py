"""What could not be read, read anew after a fix, through the same dispatcher."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

import temporal
from clients.kit.errors import Retryable, title
from clients.recurly.pointed import PointedAt
from configuration.files import load_routes
from dispatch.dead_letters import TEMPLATE
from dispatch.deliveries import Ask, Delivery, Unreadable, event_behind
from dispatch.dispatcher import Dispatched, Dispatcher
from dispatch.holds import Holds
from models.deliveries import MOST_KEPT, DeliveryResult, Dismissed, Replayed, UnreadableDelivery
from models.events import AnyEvent
from operations.errors import Stopped
from operations.person import kept
from settings import Settings

Run = WorkflowHandle[object, DeliveryResult]


@dataclass(frozen=True)
class Seen:
    """What became of one: `event` with the runs that it has, or nothing of both where it was dismissed.
    `problem` says why it is left as it was."""

    workflow_id: str
    event: AnyEvent | None = None
    runs: Sequence[Dispatched] = ()
    problem: str = ""


async def replay(settings: Settings, runs: Sequence[str]) -> AsyncIterator[Seen]:
    """See to each; what cannot be seen to is said, and stops none of the others."""
    client = await temporal.connect()
    routes = load_routes(settings.routes_file)
    holds = Holds(client, routes)
    await holds.look()
    dispatcher = Dispatcher.of(client, routes, settings, holds)
    async with aclosing(PointedAt(settings.recurly)) as ask:
        for run in runs:
            yield await _seen_to(_replay(dispatcher, ask, client.get_workflow_handle(run)), run)


async def dismiss(runs: Sequence[str], reason: str) -> AsyncIterator[Seen]:
    """Close each without acting. Raises Stopped where the reason is too long to be kept."""
    dismissed = Dismissed(reason=kept(reason))
    client = await temporal.connect()
    for run in runs:
        yield await _seen_to(_dismiss(client, client.get_workflow_handle(run), dismissed), run)


async def _seen_to(job: Awaitable[Seen], run: str) -> Seen:
    try:
        return await job
    except Stopped as stopped:
        return Seen(run, problem=str(stopped))


async def _replay(dispatcher: Dispatcher, ask: Ask, handle: Run) -> Seen:
    delivery = await _open_delivery(dispatcher.client, handle)
    event = await _read(ask, handle.id, delivery)
    runs = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    await dispatcher.tell_of_return(event)
    await handle.signal("replayed", Replayed(event_id=event.event_id, runs=[run.workflow_id for run in runs]))
    return Seen(handle.id, event, runs)


async def _dismiss(client: Client, handle: Run, dismissed: Dismissed) -> Seen:
    await _open_delivery(client, handle)
    await handle.signal("dismissed", dismissed)
    return Seen(handle.id)


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


async def _read(ask: Ask, run: str, delivery: UnreadableDelivery) -> AnyEvent:
    again = f"Have {title(delivery.source)} send it again."
    if delivery.cut:
        kept = f"only {MOST_KEPT // 1024} KiB of its {delivery.size} bytes were kept"
        raise Stopped(f"{run} cannot be replayed: {kept}. {again}")
    if not delivery.exact:
        raise Stopped(f"{run} cannot be replayed: its body is no UTF-8. {again}")
    try:
        body = delivery.body.encode()
        return await event_behind(Delivery(delivery.source, delivery.account, body), ask)
    except Unreadable as unreadable:
        raise Stopped(f"{run} still cannot be read: {unreadable}") from None
    except Retryable as away:
        raise Stopped(f"{run} cannot be read now: {away}") from None
