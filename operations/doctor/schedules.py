"""Whether Temporal has the schedules declared: without them nothing is polled, and nobody alerted."""

from collections.abc import AsyncIterator, Mapping

from temporalio.client import ScheduleHandle, ScheduleState
from temporalio.service import RPCError, RPCStatusCode

import temporal
from configuration.files import BadConfig
from models.findings import Finding, State
from schedules import declarations
from settings import Settings

RESUME = "`mogulflow temporal schedule toggle --unpause -s ID --reason WHY` when the reason is gone."


async def schedule_findings(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing where Temporal does not answer, or where a file cannot be read: other checks say that."""
    if not settings.chartmogul:
        return
    try:
        declared = declarations(settings)
        client = await temporal.connect()
        states = {each.id: await _state(client.get_schedule_handle(each.id)) for each in declared}
    except (BadConfig, RPCError, RuntimeError):
        return
    missing = [name for name, state in states.items() if state is None]
    if missing:
        yield Finding(
            "schedules", State.WARNING, f"missing: {', '.join(missing)}", "`mogulflow schedules apply`"
        )
    paused = {name: state.note for name, state in states.items() if state and state.paused}
    if paused:
        yield _paused(paused, everything=len(paused) == len(states))
    if not missing and not paused:
        yield Finding("schedules", State.OK, f"all {len(declared)}")


def _paused(notes: Mapping[str, str | None], *, everything: bool) -> Finding:
    """With what the person said who did it. Those with one note stand together."""
    by_note: dict[str, list[str]] = {}
    for name, note in notes.items():
        by_note.setdefault(note or "no reason given", []).append(name)
    said = "; ".join(f"{', '.join(names)}: {note}" for note, names in by_note.items())
    what = "all are paused: nothing is polled, exported or told" if everything else "paused"
    return Finding("schedules", State.WARNING, f"{what}. {said}" if everything else f"{what}: {said}", RESUME)


async def _state(schedule: ScheduleHandle) -> ScheduleState | None:
    """None where it is not there."""
    try:
        return (await schedule.describe()).schedule.state
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
