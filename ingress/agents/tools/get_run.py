"""How a change stands."""

from typing import Annotated

from pydantic import Field

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import run_answer, source_of, tool
from ingress.agents.tools.hints import READS
from models.changes import Undoable
from models.reads.run import RunAnswer
from operations.asking import not_yours, own_run

LONGEST_WAIT = 20

NEXT = {
    "computing": "{}. It goes on; ask get_run.",
    "done": "Ask get_cohorts again.",
    "failed": "It failed. Ask get_cohorts again: it begins anew.",
}

RunId = Annotated[str, Field(description="Of an earlier answer")]


@tool
async def get_run(
    caller: Caller,
    run_id: RunId,
    wait_seconds: Annotated[int, Field(ge=0, le=LONGEST_WAIT, description="For its end")] = 0,
) -> RunAnswer:
    if account := _counted_for(caller, run_id):
        return await _counting(caller, account, run_id, wait_seconds)
    run = await own_run(caller.temporal, run_id, caller.name, wait_seconds)
    return run_answer(await source_of(caller, run.account).about_if_it_answers(), run)


def _counted_for(caller: Caller, run_id: str) -> str | None:
    """The account whose cohorts the run counts, where the caller may see them: such a run is nobody's own."""
    from operations.analytics import prefix_of

    if "metrics.read" not in caller.scopes:
        return None
    return next((each for each in caller.accounts if run_id.startswith(prefix_of(each))), None)


async def _counting(caller: Caller, account: str, run_id: str, wait_seconds: float) -> RunAnswer:
    from operations.analytics import standing

    found = await standing(caller.temporal, run_id, wait_seconds)
    if found is None:
        raise not_yours()
    about = await source_of(caller, account).about_if_it_answers()
    return RunAnswer.model_validate(
        about.envelope
        | {
            "run_id": run_id,
            "status": found.status,
            "tool": "get_cohorts",
            "undo": Undoable.NO,
            "message": NEXT[found.status].format(found.said),
            "asked_at": about.local(found.begun_at),
        }
    )


TOOL = Tool(
    name="get_run",
    description="How a change of yours stands: status, changes before and after, until when people may "
    "decide.",
    scope=None,
    hints=READS,
    call=get_run,
)
