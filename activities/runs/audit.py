"""Rows for an account's ledger, which begins with the first of them."""

import hashlib

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WithStartWorkflowOperation,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

import temporal
from clients.kit.errors import Unavailable
from models.ledger import WORKFLOW, Append, AuditHead, AuditPlace, LedgerState, ledger_id

NOT_NOW = (RPCError, RPCTimeoutOrCancelledError, WorkflowUpdateFailedError, WorkflowQueryFailedError)
"""A ledger that begins anew in this moment takes no update: it does so in the next one."""


async def append(client: Client, told: Append) -> AuditPlace:
    """One call starts the ledger where there is none, adds the rows, and answers a repeat with the same.
    Raises Unavailable."""
    try:
        return await _append(
            client, LedgerState(account=told.account), told, WorkflowIDReusePolicy.REJECT_DUPLICATE
        )
    except WorkflowAlreadyStartedError:  # somebody has ended it
        return await _go_on(client, told)
    except NOT_NOW as error:
        raise _unavailable(error) from None


async def head_of(client: Client, account: str) -> AuditHead:
    """Begins the ledger where there is none. Raises Unavailable."""
    await append(client, Append(account=account))
    try:
        handle = client.get_workflow_handle(ledger_id(account))
        head: AuditHead = await handle.query("head", result_type=AuditHead)
    except NOT_NOW as error:
        raise _unavailable(error) from None
    return head


async def _go_on(client: Client, told: Append) -> AuditPlace:
    """With another run, where the one that somebody has ended stood."""
    handle = client.get_workflow_handle(ledger_id(told.account))
    try:
        left: LedgerState = await handle.query("state", result_type=LedgerState)
        return await _append(client, left, told, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
    except NOT_NOW as error:
        raise _unavailable(error) from None


async def _append(
    client: Client, start: LedgerState, told: Append, reuse: WorkflowIDReusePolicy
) -> AuditPlace:
    what = f"Audit of account {told.account}"
    place: AuditPlace = await temporal.update_with_start(
        client,
        "append",
        told,
        id=_update_id(told),
        result_type=AuditPlace,
        operation=WithStartWorkflowOperation(
            WORKFLOW,
            start,
            id=ledger_id(told.account),
            task_queue=temporal.WORKFLOWS,
            task_timeout=temporal.TASK_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=reuse,
            search_attributes=temporal.labels(what, told.account),
            static_summary=what,
        ),
    )
    return place


def _update_id(told: Append) -> str:
    """The same for the same rows: a repeat that comes soon is answered without any work."""
    said = "\n".join([*(each.id for each in told.rows), str(told.events_until)])
    return f"append:{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def _unavailable(error: Exception) -> Unavailable:
    said = error.message if isinstance(error, RPCError) else str(error)
    return Unavailable("runs", f"Could not write it into the audit: {said}")
