"""How the recorded writes that are made at most once come about."""

from typing import Any

from models.once import Attempted
from tests.histories.call_api.cases import put
from tests.histories.studio import Case, Run, Studio


async def _write_of(studio: Studio, run: Run) -> Run:
    """The run that the write of an event's run is."""
    await run.result()
    event_id = run.id.partition("/")[2]
    key = f"once/{event_id}:my_product.grant_wiki"
    return studio.client.get_workflow_handle(key, result_type=Attempted)


async def done(studio: Studio) -> Run:
    return await _write_of(studio, await put(studio))


async def nobody_knows(studio: Studio) -> Run:
    studio.simulators.fault("connector", "drop_after", method="POST", path="/access")
    return await _write_of(studio, await put(studio))


async def after_a_wait(studio: Studio) -> Run:
    rule = {"method": "POST", "path": "/access", "status": 503, "retry_after": 1, "times": 2}
    studio.simulators.fault("connector", "status", **rule)
    return await _write_of(studio, await put(studio))


def is_done(attempted: Any) -> bool:
    return not attempted.unknown


def is_unknown(attempted: Any) -> bool:
    return bool(attempted.unknown)


CASES = [Case(done, is_done), Case(nobody_knows, is_unknown), Case(after_a_wait, is_done)]
