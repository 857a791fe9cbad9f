"""Telling open churn saves that their customer may be back: they look at once, and wait for no check-back.

The run reads ChartMogul itself, so that a wrong hint costs a reading, no more. Whoever cannot be told now
is told by the next poll: its memo says which movements a run has heard of.
"""

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence

from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

import temporal
from models.effects import Mode
from models.event import Event

AT_ONCE = 50
"""Customers whose runs are asked for in one query."""

SAFE = re.compile(r"[\w-]{1,100}")
"""Ids that may stand in a query."""

LIMIT_SECONDS = 1.0
"""Of a delivery: its sender waits."""

log = logging.getLogger("mogulflow.returns")


async def tell_in_time(client: Client, movement: Event) -> None:
    """The same for one movement, for as long as a delivery can wait."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await tell(client, movement.account, [movement])
    except TimeoutError:
        log.warning("open runs not told of a return in time", extra={"event_id": movement.event_id})


async def tell(client: Client, account: str, movements: Iterable[Event]) -> None:
    """Tell the open churn saves of these movements' customers. Raises nothing that Temporal answers."""
    back: dict[str, list[Event]] = {}
    for movement in movements:
        if movement.brings_back and SAFE.fullmatch(movement.customer_uuid):
            back.setdefault(movement.customer_uuid, []).append(movement)
    customers = sorted(back)
    for first in range(0, len(customers), AT_ONCE):
        try:
            await _tell_runs_of(client, account, customers[first : first + AT_ONCE], back)
        except (RPCError, RuntimeError) as error:
            log.warning(
                "open runs not told of returns", extra={"account": account, "reason": str(error)[:200]}
            )


async def _tell_runs_of(
    client: Client, account: str, customers: Sequence[str], back: dict[str, list[Event]]
) -> None:
    names = ", ".join(f"'{each}'" for each in customers)
    query = (
        f"Account = '{account}' AND Template = 'churn_save' AND `Mode` = '{Mode.LIVE}' "
        f"AND ExecutionStatus = 'Running' AND Customer IN ({names})"
    )
    async for run in client.list_workflows(query):
        customer = run.typed_search_attributes.get(temporal.CUSTOMER) or ""
        if news := _news(run, await run.memo(), back.get(customer, [])):
            await _signal(client, run.id, news)


async def _signal(client: Client, workflow_id: str, news: Event) -> None:
    try:
        await client.get_workflow_handle(workflow_id).signal("came_back", news)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # it has just ended
            raise


def _news(run: WorkflowExecution, memo: object, movements: Sequence[Event]) -> Event | None:
    """The last that came after the run's cancellation, where the run has not heard of it."""
    left_at = run.typed_search_attributes.get(temporal.OCCURRED_AT)
    later = [each for each in movements if left_at and each.occurred_at >= left_at]
    last = max(later, key=lambda each: each.occurred_at, default=None)
    heard = memo.get(temporal.RETURNS, []) if isinstance(memo, dict) else []
    return last if last and last.event_id not in heard else None
