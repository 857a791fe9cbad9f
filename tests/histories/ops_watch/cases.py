"""How the recorded watch comes about."""

from models.attention import WatchInput, WatchState
from models.runs import RunResult
from tests.histories.churn_save.cases import partial
from tests.histories.studio import OPS, Case, Run, Studio, start


async def tells(studio: Studio) -> Run:
    """Of a run that has ended partial."""
    result: RunResult = await (await partial(studio)).result()
    assert result.problems
    return await start(studio, "ops_watch", WatchInput(ops_channel=OPS), WatchState)


CASES = [Case(tells, lambda state: any(group.told_at for group in state.groups))]
