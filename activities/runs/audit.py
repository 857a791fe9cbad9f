"""Rows for an account's ledger, which begins with the first of them."""

import asyncio
from typing import TypeVar

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from clients.kit.errors import Unavailable
from models.ledger import WORKFLOW, Append, AuditHead, Chain, LedgerState, ledger_id

T = TypeVar("T")

NEVER_BEGUN = RPCStatusCode.FAILED_PRECONDITION
"""What Temporal answers who asks a run that was ended before a worker had it."""

QUERY_SECONDS = 30.0
"""Without a worker a query hangs."""


async def tell(client: Client, told: Append) -> None:
    """One call starts the ledger where there is none, and gives it the rows. It adds each once, however often
    it is told. Raises Unavailable."""
    try:
        try:
            await _tell(
                client, LedgerState(account=told.account), told, WorkflowIDReusePolicy.REJECT_DUPLICATE
            )
        except WorkflowAlreadyStartedError:  # somebody has ended it: another run goes on where it stood
            left = await _left(client, told.account)
            await _tell(client, left, told, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
    except RPCError as error:
        raise Unavailable("runs", f"Could not write it into the audit: {error.message}") from None


async def head_of(client: Client, account: str) -> AuditHead:
    """With all that was told before. Begins the ledger where there is none. Raises Unavailable."""
    try:
        try:
            return await _ask(client, account, "head", AuditHead)
        except RPCError as error:
            if error.status not in (RPCStatusCode.NOT_FOUND, NEVER_BEGUN):
                raise
        await tell(client, Append(account=account))
        return await _ask(client, account, "head", AuditHead)
    except RPCError as error:
        raise Unavailable("runs", f"Could not ask the ledger: {error.message}") from None


async def _left(client: Client, account: str) -> LedgerState:
    """Where the run stood that has ended. One that was ended before a worker had it answers nothing, and its
    history says what it began with and what it was told."""
    try:
        return await _ask(client, account, "state", LedgerState)
    except RPCError as error:
        if error.status is not NEVER_BEGUN:
            raise
    run_id = (await client.get_workflow_handle(ledger_id(account)).describe()).run_id
    start, appended = await told_to(client, account, run_id)
    chain = Chain(start)
    for row in (row for each in appended for row in each.rows):
        chain.append(row)
    until = [each for each in (start.events_until, *(told.events_until for told in appended)) if each]
    return LedgerState(
        account=account,
        number=chain.number,
        head=chain.head,
        known=chain.known,
        events_until=max(until, default=None),
        most_rows=start.most_rows,
        before=run_id,
    )


async def told_to(client: Client, account: str, run_id: str) -> tuple[LedgerState, list[Append]]:
    """What a run of the ledger began with, and what it was told since, by its history. Raises RPCError."""
    start, appended, decode = LedgerState(account=account), list[Append](), client.data_converter.decode
    handle = client.get_workflow_handle(ledger_id(account), run_id=run_id)
    async for event in handle.fetch_history_events():
        if event.HasField("workflow_execution_started_event_attributes"):
            payloads = event.workflow_execution_started_event_attributes.input.payloads
            [start] = await decode(payloads, [LedgerState])
        elif event.HasField("workflow_execution_signaled_event_attributes"):
            payloads = event.workflow_execution_signaled_event_attributes.input.payloads
            appended += await decode(payloads, [Append])
    return start, appended


async def _ask(client: Client, account: str, query: str, answer: type[T]) -> T:
    """Raises RPCError, Unavailable."""
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            found: T = await client.get_workflow_handle(ledger_id(account)).query(query, result_type=answer)
    except (TimeoutError, WorkflowQueryFailedError):
        raise Unavailable("runs", f"No worker says where the audit of account {account} is") from None
    return found


async def _tell(client: Client, start: LedgerState, told: Append, reuse: WorkflowIDReusePolicy) -> None:
    what = f"Audit of account {told.account}"
    await client.start_workflow(
        WORKFLOW,
        start,
        id=ledger_id(told.account),
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
        start_signal="tell",
        start_signal_args=[told],
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=reuse,
        search_attributes=temporal.labels(what, told.account),
        static_summary=what,
    )
