"""How the recorded polls come about."""

from models.movements import Found, PollInput, PollState
from tests.histories.studio import OPS, Case, Run, Studio, cancelled, start


async def quiet(studio: Studio) -> Run:
    return await start(studio, "movement_poll", PollInput(account="default"), PollState)


async def caught(studio: Studio) -> Run:
    cancelled(studio, 0.5)
    return await start(studio, "movement_poll", PollInput(account="default"), PollState)


async def cannot_read_a_row(studio: Studio) -> Run:
    body = {"entries": [{"date": "2026-11-01T00:00:00+00:00"}], "has_more": False}
    studio.simulators.fault("chartmogul", "status", status=200, body=body, path="/v1/activities")
    return await start(studio, "movement_poll", PollInput(account="default", ops_channel=OPS), PollState)


CASES = [
    Case(quiet, lambda state: state.tally.rows == 0),
    Case(caught, lambda state: state.tally.of(Found.STARTED) == 1),
    Case(cannot_read_a_row, lambda state: len(state.tally.unreadable) == 1),
]
