"""From what somebody asks for to a change's run: what the policy says, and how much there may be of it."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from clients.kit.errors import NotFound
from domains.changes.policy import Asked, matched, needs_mrr
from models.agents import Agents, Limits
from models.canonical import digest_of
from models.changes import (
    AnyChange,
    Asker,
    AttributeChange,
    ChangeInput,
    ChangeRun,
    CustomerDeletion,
    CustomerMerge,
    CustomerSave,
    EventImport,
    MetricWatch,
    RunUndo,
    TagChange,
    Undoable,
)
from models.runs import Outcome
from operations import changes
from operations.changes import PREFIX, WORKFLOW, NotPossible, quoted
from operations.reads.account import NotAnswered, Source
from settings import Settings

HOUR = timedelta(hours=1)
COUNTED_SECONDS = 2.0
"""How long a count is taken for true: Temporal allows ten calls a second for all."""

MOST_COUNTED = 1_000
UNTOLD_SECONDS = 5
"""A run that began longer ago was asked for before."""


@dataclass(frozen=True)
class Request:
    """`action` of a tool that has several. `asker` is whose name the policy and the audit know."""

    tool: str
    change: AnyChange
    asker: Asker
    reason: str
    action: str = ""
    dry_run: bool = False
    idempotency_key: str = ""
    after_untrusted_read: bool = False


async def ask(
    client: Client, settings: Settings, source: Source, agents: Agents, request: Request
) -> ChangeRun:
    """The run, as far as it has come within some seconds. Raises NotPossible, IntegrationError."""
    given = await prepared(settings, source, agents, request)
    await _within_limits(client, given, agents.limits)
    return await changes.ask(client, given)


async def prepared(settings: Settings, source: Source, agents: Agents, request: Request) -> ChangeInput:
    """All that the run is given. Raises IntegrationError."""
    arguments = request.change.model_dump(mode="json") | {"dry_run": request.dry_run}
    digest = digest_of(
        source.account,
        request.asker.name,
        request.tool,
        request.dry_run,
        request.idempotency_key or arguments,
    )
    return ChangeInput(
        account=source.account,
        tool=request.tool,
        change=request.change,
        asker=request.asker,
        reason=request.reason,
        rule=matched(agents.policy, await _asked(source, agents, request), agents.approvers.only_by),
        digest=digest,
        arguments=changes.arguments_digest(arguments),
        asked_at=datetime.now(UTC),
        dry_run=request.dry_run,
        channel=agents.approvers.channel,
        web_ui_url=settings.web_ui_url,
        time_zone=settings.zones.get(source.account, "UTC"),
        undo_possible=undo_possible(request.change),
    )


async def _asked(source: Source, agents: Agents, request: Request) -> Asked:
    keys, size = keys_and_size(request.change)
    asked = Asked(
        tool=request.tool,
        action=request.action,
        principal=request.asker.name,
        account=source.account,
        keys=keys,
        size=size,
        customer_mrr=0 if isinstance(request.change, MetricWatch) else None,
        after_untrusted_read=request.after_untrusted_read,
    )
    concerned = customers_of(request.change)
    if not concerned or not needs_mrr(agents.policy, asked):
        return asked
    known = await asyncio.gather(*(_mrr(source, uuid) for uuid in concerned))
    amounts = [each for each in known if each is not None]
    return Asked(**{**vars(asked), "customer_mrr": max(amounts) if len(amounts) == len(known) else None})


async def _mrr(source: Source, uuid: str) -> int | None:
    """Of one that is gone nothing is known: the preview says so."""
    try:
        return (await source.reads.customer(uuid)).mrr
    except NotFound:
        return None


def customers_of(change: AnyChange) -> list[str]:
    """Uuids of those concerned; of events and undos they are not known before the preview."""
    match change:
        case TagChange() | AttributeChange() | CustomerDeletion():
            return [change.customer_uuid]
        case CustomerMerge():
            return [change.customer_uuid, change.into_uuid]
        case CustomerSave(customer_uuid=str() as uuid):
            return [uuid]
        case _:
            return []


def keys_and_size(change: AnyChange) -> tuple[Sequence[str], int]:
    """Tags or attributes concerned, and how many fields, tags or events."""
    match change:
        case TagChange():
            keys = [*change.add, *change.remove]
            return keys, len(keys)
        case AttributeChange():
            keys = [*(each.key for each in change.set), *change.remove]
            return keys, len(keys)
        case CustomerSave():
            return [], len(change.fields)
        case EventImport():
            return [], len(change.events)
        case _:
            return [], 1


def undo_possible(change: AnyChange) -> Undoable:
    """A merge that is undone restores records, not the sums of that hour; a customer who was made has to be
    deleted, which is asked for anew."""
    match change:
        case CustomerDeletion():
            return Undoable.NO
        case CustomerMerge() | RunUndo() | CustomerSave(customer_uuid=None):
            return Undoable.PARTLY
        case _:
            return Undoable.POSSIBLE


def was_asked_before(run: ChangeRun, now: datetime) -> bool:
    return now - run.asked_at > timedelta(seconds=UNTOLD_SECONDS)


# -- how much of it


@dataclass
class _Counts:
    at: float
    within_an_hour: int
    waiting: int


@dataclass
class _Kept:
    """Counts of the last moments, with what was asked for since: they lag."""

    of: OrderedDict[tuple[str, str], _Counts] = field(default_factory=OrderedDict)

    async def counts(self, client: Client, principal: str) -> _Counts:
        key = client.namespace, principal
        known = self.of.get(key)
        if known is None or time.monotonic() - known.at > COUNTED_SECONDS:
            begun, waiting = await asyncio.gather(
                changes.asked_within(client, principal, datetime.now(UTC) - HOUR),
                _waiting(client, principal),
            )
            known = self.of[key] = _Counts(time.monotonic(), begun, waiting)
        self.of.move_to_end(key)
        if len(self.of) > MOST_COUNTED:
            self.of.popitem(last=False)
        return known


_kept = _Kept()


async def _within_limits(client: Client, given: ChangeInput, limits: Limits) -> None:
    """What was asked for before is no new run. Raises NotAnswered."""
    counts = await _kept.counts(client, given.asker.name)
    hour, waits = counts.within_an_hour >= limits.runs_per_hour, counts.waiting >= limits.runs_waiting
    if (hour or waits) and not await _is_known(client, f"{PREFIX}{given.tool}/{given.digest}"):
        if hour:
            said = f"No more than {limits.runs_per_hour} changes an hour."
            raise NotAnswered("rate_limited", said, "Ask for several in one call.", retry_after_seconds=300)
        raise NotAnswered(
            "rate_limited",
            f"{limits.runs_waiting} changes wait for a decision already.",
            "Wait until people have decided: get_run.",
            retry_after_seconds=600,
        )
    counts.within_an_hour += 1


async def _waiting(client: Client, principal: str) -> int:
    query = (
        f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running'"
        f" AND Outcome = '{Outcome.NEEDS_APPROVAL}' AND Principal = '{quoted(principal)}'"
    )
    return (await client.count_workflows(query)).count


async def _is_known(client: Client, workflow_id: str) -> bool:
    try:
        await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


# -- asked for before


async def own_run(client: Client, workflow_id: str, principal: str, wait_seconds: float = 0) -> ChangeRun:
    """One that the principal has asked for: of another's it learns nothing. Raises NotPossible."""
    found = await _known(client, workflow_id)
    if found is None or found.asker.name != principal:
        raise not_yours()
    return await changes.state_of(client, workflow_id, wait_seconds) if wait_seconds else found


def not_yours() -> NotAnswered:
    return NotAnswered("run_not_found", "You have no such run.", "Take the run_id of your own call.")


async def _known(client: Client, workflow_id: str) -> ChangeRun | None:
    if not workflow_id.startswith(PREFIX) or len(workflow_id) > 255:
        return None
    try:
        return await changes.state_of(client, workflow_id)
    except NotPossible as error:
        if error.code != "run_not_found":
            raise
        return None


def undo_of(run: ChangeRun) -> RunUndo:
    """Raises NotAnswered where there is nothing to take back."""
    if run.undo is Undoable.NO:
        raise NotAnswered("not_undoable", f"{run.tool} cannot be undone here.")
    if not run.effects:
        raise NotAnswered("not_undoable", f"It is {run.status.value}: it has written nothing.")
    return RunUndo(workflow_id=run.run_id)
