"""How the recorded runs of brakes and pauses come about."""

from datetime import UTC, datetime, timedelta

import temporal
from dispatch.holds import Holds, open_hold
from models.holds import Decision, HoldInput, HoldOn, HoldResult, Scope, Verdict
from models.routes import Routes
from models.runs import Outcome
from tests.histories.studio import Case, Run, Studio
from tests.waiting import until

SHORT = timedelta(seconds=0.2)


async def start(studio: Studio, name: str, until: datetime | None = None) -> Run:
    given = HoldInput(
        name=name,
        open=HoldOn(why="more than 50 runs began within an hour", until=until),
        tell_after=SHORT,
        update_every=SHORT,
        stale=SHORT,
    )
    return await studio.client.start_workflow(
        "hold", given, id=name, task_queue=temporal.WORKFLOWS, result_type=HoldResult
    )


async def decided(run: Run, verdict: Verdict) -> Run:
    await run.signal("decide", Decision(verdict=verdict, why="a test", by="ada"))
    return run


async def released(studio: Studio) -> Run:
    return await decided(await start(studio, "brake/released"), Verdict.RELEASED)


async def dropped(studio: Studio) -> Run:
    return await decided(await start(studio, "brake/dropped"), Verdict.DROPPED)


async def resumed(studio: Studio) -> Run:
    until = datetime.now(UTC) + timedelta(hours=1)
    return await decided(await start(studio, "pause/account/nobody", until), Verdict.RELEASED)


async def over(studio: Studio) -> Run:
    """Its end is put off once."""
    run = await start(studio, "pause/system/slack", datetime.now(UTC) + timedelta(hours=1))
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await run.signal("hold_on", HoldOn(why="shorter than was thought", until=soon))
    return run


async def a_moment_long(studio: Studio, routes: Routes, template: str) -> Holds:
    """What goes on where the template is paused, for some seconds."""
    holds = Holds(studio.client, routes)
    scope = Scope(template=template)
    soon = datetime.now(UTC) + timedelta(seconds=3)
    await open_hold(studio.client, scope.hold, HoldOn(why="a test", by="ada", until=soon))

    async def is_seen() -> bool:
        await holds.look()
        return scope.hold in holds.open

    await until(is_seen)
    return holds


CASES = [
    Case(released, Outcome.RELEASED),
    Case(dropped, Outcome.DROPPED),
    Case(resumed, Outcome.RELEASED),
    Case(over, Outcome.RELEASED),
]
