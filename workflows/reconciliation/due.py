"""What of a month's reconciliation is due today: looked at twice a day, started once."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

import temporal
from models.business_days import business_day
from models.reconciliation.rules import Calendar
from models.templates.reconciliation import DueInput, Kind, ReconciliationInput, workflow_id
from models.zones import zone_of
from temporal import NOMINAL_TIME

SNAPSHOT_AT, FINAL_AT = (0, 10), (6, 0)
"""Hour and minute in the account's zone. At another time a person has triggered it."""

LATE_FOR = 14
"""Days after its day on which a final is still begun."""


@workflow.defn(name="reconciliation_due")
class ReconciliationDue:
    """A run that was missed is made up for by the next look, and says that it is late."""

    @workflow.run
    async def run(self, given: DueInput) -> list[str]:
        """Ids of the runs that it started."""
        due = workflow.info().typed_search_attributes.get(NOMINAL_TIME) or workflow.now()
        local = due.astimezone(zone_of(given.time_zone))
        started = [
            kind for kind in kinds_due(given.rules.calendar, local) if await self._start(given, kind, local)
        ]
        said = ", ".join(started) if started else "skipped: not the day, or there already"
        workflow.set_current_details(f"Reconciliation of {period_before(local)}: {said}")
        return [workflow_id(given.account, period_before(local), kind) for kind in started]

    async def _start(self, given: DueInput, kind: Kind, local: datetime) -> bool:
        period = period_before(local)
        what = f"Reconciliation of {given.account}, {period}, {kind}"
        try:
            await workflow.start_child_workflow(
                "reconciliation",
                ReconciliationInput(
                    account=given.account,
                    period=period,
                    kind=kind,
                    time_zone=given.time_zone,
                    rules=given.rules,
                    ops_channel=given.ops_channel,
                    web_ui_url=given.web_ui_url,
                    remind_at=_remind_at(given.rules.calendar, local) if kind == "final" else None,
                ),
                id=workflow_id(given.account, period, kind),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=ParentClosePolicy.ABANDON,
                task_timeout=temporal.TASK_TIMEOUT,
                search_attributes=temporal.labels(what, given.account),
                static_summary=what,
                priority=temporal.BULK,
            )
        except WorkflowAlreadyStartedError:
            return False
        return True


def kinds_due(calendar: Calendar, local: datetime) -> list[Kind]:
    """At the hours of the schedule what is due by the day; at any other time, when a person triggers it, the
    draft and the final of the month before."""
    if (local.hour, local.minute) not in (SNAPSHOT_AT, FINAL_AT):
        return ["draft", "final"]
    final = final_day(calendar, local)
    draft_due = (local.hour, local.minute) == SNAPSHOT_AT and local.day <= final
    final_due = (local.hour, local.minute) == FINAL_AT and final <= local.day <= final + LATE_FOR
    return [*(["draft"] if draft_due else []), *(["final"] if final_due else [])]  # type: ignore[list-item]


def final_day(calendar: Calendar, local: datetime) -> int:
    """Day of the month: the calendar's, or so many business days into the month."""
    if not calendar.country:
        return calendar.final_day
    eve = local.date().replace(day=1) - timedelta(days=1)
    return business_day(eve, calendar.final_day, calendar.country).day


def period_before(local: datetime) -> str:
    """The month before, `2026-10`."""
    return f"{local.date().replace(day=1) - timedelta(days=1):%Y-%m}"


def _remind_at(calendar: Calendar, local: datetime) -> datetime:
    return local.replace(
        day=calendar.reminder_day, hour=FINAL_AT[0], minute=FINAL_AT[1], second=0, microsecond=0
    )
