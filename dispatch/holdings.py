"""Holds as the list of runs tells of them."""

from datetime import datetime
from typing import Any

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

import temporal
from models.holds import TEMPLATE, Holding
from models.runs import Outcome

RUNNING = "ExecutionStatus = 'Running'"
HELD = f"{RUNNING} AND Outcome = '{Outcome.HELD}'"

LOOKED_AT = 500
"""Held runs among which those are looked for that nothing holds any more."""


def held_by(hold: str) -> str:
    return f"{HELD} AND {temporal.WAITS_FOR.name} = '{hold}'"


async def holdings(client: Client, since: datetime | None = None) -> list[Holding]:
    """Those that run, and those that ended after `since`, newest first. Raises RPCError."""
    closed = f" OR CloseTime > '{since.isoformat()}'" if since else ""
    query = f"WorkflowType = '{TEMPLATE}' AND ({RUNNING}{closed})"
    return [await _holding(run) async for run in client.list_workflows(query, page_size=1000)]


async def with_count(client: Client, hold: Holding) -> Holding:
    count = (await client.count_workflows(held_by(hold.name))).count
    return hold.model_copy(update={"count": count})


async def holding_now(client: Client) -> list[Holding]:
    """What is held, by what, oldest first: also by a hold that somebody ended by force. Raises RPCError."""
    running = [await with_count(client, each) for each in await holdings(client)]
    total = (await client.count_workflows(HELD)).count
    if total > sum(each.count for each in running):
        known = {each.name for each in running}
        running += [await with_count(client, each) for each in await _left(client) if each.name not in known]
    return sorted(running, key=lambda each: each.since)


async def _left(client: Client) -> list[Holding]:
    """Each name that a held run names, as if it had ended."""
    found: dict[str, Holding] = {}
    async for run in client.list_workflows(HELD, limit=LOOKED_AT, page_size=LOOKED_AT):
        for name in run.typed_search_attributes.get(temporal.WAITS_FOR) or ():
            found[name] = Holding(name=name, run_id="", since=run.start_time, running=False)
    return list(found.values())


async def _holding(run: WorkflowExecution) -> Holding:
    said: dict[str, Any] = (await run.memo()).get(temporal.HOLD) or {}
    return Holding(
        name=run.id,
        run_id=run.run_id,
        since=run.start_time,
        running=run.status is WorkflowExecutionStatus.RUNNING,
        **said,
    )
