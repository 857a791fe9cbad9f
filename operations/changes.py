"""Ask for a change, see what it came to, decide on it: one behaviour for agents, the command and Slack."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from models.bounds import within
from models.canonical import digest_of
from models.changes import ChangeInput, ChangeRun, ChangeState, Decision
from models.effects import Mode
from models.runs import Outcome
from operations.errors import Stopped

WORKFLOW, PREFIX = "change", "change/"
ANSWER_SECONDS = 10.0
"""How long whoever asks waits for a preview, or for the end of what needs no decision."""

QUERY_SECONDS = 3.0
"""Without a worker a query hangs."""

POLL_SECONDS = 1.0
LONGEST_SUMMARY = 200


class NotPossible(Stopped):
    """`code` is one of the errors that agents are told: idempotency_conflict, run_not_found, own_request,
    plan_changed, already_decided, not_waiting, not_this_way."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def arguments_digest(arguments: Mapping[str, Any]) -> str:
    """Of what is to be done: neither the reason nor the key belongs to it."""
    return digest_of(
        {name: value for name, value in arguments.items() if name not in ("reason", "idempotency_key")}
    )


async def ask(client: Client, given: ChangeInput, seconds: float = ANSWER_SECONDS) -> ChangeRun:
    """One RPC starts the run, waits for what there is to tell, and dedupes: the same again is the same run.
    Raises NotPossible where another change was asked for under the same key."""
    workflow_id = f"{PREFIX}{given.tool}/{given.digest}"
    told: ChangeRun | None = None
    with suppress(WorkflowUpdateRPCTimeoutOrCancelledError, WorkflowAlreadyStartedError):
        told = await temporal.update_with_start(
            client,
            "settled",
            id="settled",
            operation=_start(workflow_id, given),
            result_type=ChangeRun,
            rpc_timeout=timedelta(seconds=seconds),
        )
    if told and told.status.is_over and told.asked_at == given.asked_at:
        return told  # begun by this very call, and nothing more comes of it
    await _refuse_another(client, workflow_id, given)
    return await state_of(client, workflow_id)


def _start(workflow_id: str, given: ChangeInput) -> WithStartWorkflowOperation[Any, Any]:
    customer = getattr(given.change, "customer_uuid", None) or ""
    labels = [
        SearchAttributePair(temporal.HEADLINE, f"Change: {given.tool}"),
        SearchAttributePair(temporal.ACCOUNT, given.account),
        SearchAttributePair(temporal.TEMPLATE, WORKFLOW),
        SearchAttributePair(temporal.OUTCOME, Outcome.OPEN.value),
        SearchAttributePair(temporal.MODE, (Mode.PREVIEW if given.dry_run else Mode.LIVE).value),
        SearchAttributePair(temporal.PRINCIPAL, given.asker.name),
    ]
    if customer:
        labels.append(SearchAttributePair(temporal.CUSTOMER, customer))
    return WithStartWorkflowOperation(
        WORKFLOW,
        given,
        id=workflow_id,
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        search_attributes=TypedSearchAttributes(labels),
        memo={temporal.ARGUMENTS: given.arguments},
        static_summary=within(f"{given.tool} for {given.asker.name}", LONGEST_SUMMARY),
    )


async def _refuse_another(client: Client, workflow_id: str, given: ChangeInput) -> None:
    described = await client.get_workflow_handle(workflow_id).describe()
    if (await described.memo()).get(temporal.ARGUMENTS, given.arguments) != given.arguments:
        raise NotPossible(
            "idempotency_conflict", "Another change was asked for under that idempotency_key: take a new one."
        )


async def state_of(client: Client, workflow_id: str, wait_seconds: float = 0) -> ChangeRun:
    """Now, or once it is over, if that is within `wait_seconds`. Never by an update: ten that wait would keep
    everybody else out. Raises NotPossible."""
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while True:
        state = await _state(client, workflow_id)
        if state.status.is_over or asyncio.get_running_loop().time() + POLL_SECONDS > deadline:
            return state
        await asyncio.sleep(POLL_SECONDS)


async def _state(client: Client, workflow_id: str) -> ChangeRun:
    handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(workflow_id)
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            found: ChangeRun = await handle.query("state", result_type=ChangeRun)
    except TimeoutError:
        return await _without_a_worker(client, workflow_id)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise NotPossible("run_not_found", f"There is no change {workflow_id}.") from None
        raise
    return found


async def _without_a_worker(client: Client, workflow_id: str) -> ChangeRun:
    """What its start says, where nobody answers."""
    handle = client.get_workflow_handle(workflow_id)
    described = await handle.describe()
    first = await anext(handle.fetch_history_events())
    [given] = await client.data_converter.decode(
        first.workflow_execution_started_event_attributes.input.payloads, [ChangeInput]
    )
    return ChangeRun(
        run_id=workflow_id,
        status=ChangeState.PREVIEWING,
        tool=given.tool,
        account=given.account,
        rule=given.rule.said,
        message="No worker answers just now: what was asked for is kept, and goes on with the next one.",
        url=temporal.run_link(given.web_ui_url, client.namespace, workflow_id, described.run_id),
        asked_at=given.asked_at,
        asker=given.asker,
        reason=given.reason,
    )


async def waiting(client: Client, limit: int = 100) -> list[ChangeRun]:
    """Changes that wait for a decision, newest first."""
    state = f"ExecutionStatus = 'Running' AND Outcome = '{Outcome.NEEDS_APPROVAL}'"
    query = f"WorkflowType = '{WORKFLOW}' AND {state}"
    found = [run.id async for run in client.list_workflows(query, limit=limit)]
    return list(await asyncio.gather(*(_state(client, each) for each in found)))


async def decide(
    client: Client,
    workflow_id: str,
    who: str,
    way: Any,
    approve: bool,
    reason: str,
    plan: str,
    run: str = "",
    machine: str = "",
) -> ChangeRun:
    """`plan` is the hash of what was looked at, `run` the run in which that was; the open one where it is
    left out; `machine` who says at the command line that they are `who`. Sent twice it counts
    once. Raises NotPossible."""
    handle = client.get_workflow_handle(workflow_id)
    try:
        described = await handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise NotPossible("run_not_found", f"There is no change {workflow_id}.") from None
    run = run or described.run_id
    id = digest_of(run, who.casefold(), approve, plan)
    decision = Decision(
        id=id, who=who, way=way, approve=approve, reason=reason, plan=plan, run=run, machine=machine
    )
    if described.status is not WorkflowExecutionStatus.RUNNING:
        return await _after_its_end(client, workflow_id, decision)
    try:
        state: ChangeRun = await handle.execute_update("decide", decision, id=id, result_type=ChangeRun)
    except WorkflowUpdateFailedError as failed:
        if isinstance(failed.cause, ApplicationError):
            raise NotPossible(failed.cause.type or "not_waiting", failed.cause.message) from None
        raise
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return await _after_its_end(client, workflow_id, decision)
    return state


async def _after_its_end(client: Client, workflow_id: str, decision: Decision) -> ChangeRun:
    """A second click of who has decided is no fault; anybody else comes too late."""
    state = await _state(client, workflow_id)
    if any(each.id == decision.id for each in state.decisions):
        return state
    raise NotPossible("not_waiting", f"It is already over: {state.status}. {state.message}")


async def asked_within(client: Client, principal: str, since: datetime) -> int:
    """Changes that a principal has begun since then. The count lags by a moment."""
    since = since.astimezone(UTC)
    query = (
        f"WorkflowType = '{WORKFLOW}' AND Principal = '{quoted(principal)}'"
        f" AND StartTime > '{since.isoformat().replace('+00:00', 'Z')}'"
    )
    return (await client.count_workflows(query)).count


def quoted(value: str) -> str:
    """For a query of Temporal's, in which quotes and backslashes cannot be told safely. Raises Stopped."""
    if len(value) > 255 or any(each in "'\"\\" or not each.isprintable() for each in value):
        raise Stopped("That name has signs that cannot be looked for.")
    return value


def new_key() -> str:
    """For a person who asks anew for what was asked before."""
    return uuid4().hex
