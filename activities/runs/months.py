"""Months that are reconciled, asked by what corrects them."""

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from clients.kit.errors import Rejected, Unavailable
from models.templates.reconciliation import HeldMonth, HoldMonth, workflow_id

SYSTEM = "reconciliation"


async def hold(client: Client, wish: HoldMonth) -> HeldMonth:
    """The month's final run: from now on nobody signs it. Raises Rejected where it is signed, or over."""
    run = client.get_workflow_handle(workflow_id(wish.account, wish.period, "final"))
    try:
        held: HeldMonth = await run.execute_update("hold", wish, result_type=HeldMonth)
    except WorkflowUpdateFailedError as failed:
        if isinstance(failed.cause, ApplicationError):
            raise Rejected(SYSTEM, failed.cause.message) from None
        raise
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            said = f"The reconciliation of {wish.period} is over: nothing is corrected in it any more."
            raise Rejected(SYSTEM, said) from None
        raise Unavailable(SYSTEM, f"Could not ask the run of {wish.period}: {error.message}") from None
    return held
