"""Which runs a person has dismissed, as the list of dismissals tells."""

from collections.abc import Iterable

from temporalio.client import Client

import temporal
from models.attention import Dismissal

WORKFLOW = "dismissal"

AT_ONCE = 500
"""Ids in one query."""


def dismissal_id(run_id: str) -> str:
    return f"{WORKFLOW}/{run_id}"


async def dismissals(client: Client, run_ids: Iterable[str]) -> dict[str, Dismissal]:
    """Of these runs, by run id: one list for each few hundred. It runs some seconds behind."""
    wanted = sorted(set(run_ids))
    found: dict[str, Dismissal] = {}
    for first in range(0, len(wanted), AT_ONCE):
        ids = ", ".join(f"'{dismissal_id(each)}'" for each in wanted[first : first + AT_ONCE])
        async for run in client.list_workflows(f"WorkflowId IN ({ids})", page_size=AT_ONCE):
            if said := (await run.memo()).get(temporal.DISMISSED):
                dismissal = Dismissal.model_validate(said)
                found[dismissal.run_id] = dismissal
    return found
