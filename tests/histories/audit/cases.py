"""How the recorded runs of the ledger come about. None has an end: it goes on as another run."""

import temporal
from activities.runs.audit import tell
from models.ledger import WORKFLOW, Append, LedgerState, ledger_id
from tests.audited import row
from tests.histories.studio import Case, Run, Studio


async def _full(studio: Studio, account: str, *tellings: list[int]) -> Run:
    """The first run of a ledger that takes three rows."""
    first = await studio.client.start_workflow(
        WORKFLOW,
        LedgerState(account=account, most_rows=3),
        id=ledger_id(account),
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
    )
    for numbers in tellings:
        rows = [row(number, account=account) for number in numbers]
        await tell(studio.client, Append(account=account, rows=rows))
    return studio.client.get_workflow_handle(first.id, run_id=first.result_run_id)


async def one_by_one(studio: Studio) -> Run:
    return await _full(studio, "one", [1], [2], [1, 2], [3])


async def many_at_once(studio: Studio) -> Run:
    return await _full(studio, "many", [1], [2, 3, 4, 5])


CASES = [Case(one_by_one, bool, begins_anew=True), Case(many_at_once, bool, begins_anew=True)]
