"""How a change stands."""

from typing import Annotated

from pydantic import Field

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import run_answer, source_of, tool
from ingress.agents.tools.hints import READS
from models.reads.run import RunAnswer
from operations.asking import own_run

LONGEST_WAIT = 20

RunId = Annotated[str, Field(description="Of an earlier answer")]


@tool
async def get_run(
    caller: Caller,
    run_id: RunId,
    wait_seconds: Annotated[int, Field(ge=0, le=LONGEST_WAIT, description="For its end")] = 0,
) -> RunAnswer:
    run = await own_run(caller.temporal, run_id, caller.name, wait_seconds)
    return run_answer(await source_of(caller, run.account).about_if_it_answers(), run)


TOOL = Tool(
    name="get_run",
    description="How a change of yours stands: status, changes before and after, until when people may "
    "decide.",
    scope=None,
    hints=READS,
    call=get_run,
)
