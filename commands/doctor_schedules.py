"""Whether Temporal has the schedules declared: without them nothing is polled, and nobody alerted."""

from collections.abc import AsyncIterator

from temporalio.client import ScheduleHandle
from temporalio.service import RPCError, RPCStatusCode

import temporal
from commands.findings import Finding, State
from config_files import BadConfig
from schedules import declarations
from settings import Settings


async def schedule_findings(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing where Temporal does not answer, which another check says."""
    if not settings.chartmogul:
        return
    try:
        declared = declarations(settings)
        client = await temporal.connect()
        missing = [each.id for each in declared if not await _is_there(client.get_schedule_handle(each.id))]
    except BadConfig as error:
        yield Finding("schedules", State.FAULT, str(error), "Mend the file: start-up refuses it.")
        return
    except (RPCError, RuntimeError):
        return
    if missing:
        yield Finding(
            "schedules", State.WARNING, f"missing: {', '.join(missing)}", "`mogulflow schedules apply`"
        )
    else:
        yield Finding("schedules", State.OK, f"all {len(declared)}")


async def _is_there(schedule: ScheduleHandle) -> bool:
    try:
        await schedule.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True
