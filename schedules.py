"""What runs when: a list of declarations. `mogulflow schedules apply` brings Temporal's in line with it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from pydantic import BaseModel
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
)
from temporalio.common import Priority

import temporal
from configuration.files import load_crm_mapping, load_mapping, load_reconciliation, load_routes
from models.attention import WatchInput
from models.crm import CrmMapping, CrmName
from models.movements import CoverageInput, PollInput
from models.nightly_audit import AuditExportInput
from models.reconciliation.rules import ReconciliationRules
from models.routes import Routes
from models.templates.crm_sync import CrmSyncInput
from models.templates.reconciliation import DueInput
from models.templates.warehouse_export import ExportInput
from settings import Settings
from workflows import coverage, movement_poll

OWNER = {"owner": "mogulflow"}
"""Memo of each schedule that is ours to change and to delete."""

SHORTEST_CATCH_UP = timedelta(seconds=10)
"""The server takes no less."""

LEAST_DAYS = 3.0

WATCH_EVERY = timedelta(minutes=1)

TELLING = timedelta(minutes=30)
"""Left after the reading, to tell the ops channel."""


@dataclass(frozen=True)
class Declaration:
    """`id` names the schedule, and with the time its runs. A run shows `what` and `why` in the Web UI."""

    id: str
    what: str
    why: str
    workflow: str
    input: BaseModel
    spec: ScheduleSpec
    catch_up: timedelta
    timeout: timedelta
    account: str | None = None
    overlap: ScheduleOverlapPolicy = ScheduleOverlapPolicy.SKIP
    priority: Priority = temporal.BULK

    def schedule(self) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                self.workflow,
                self.input,
                id=self.id,
                task_queue=temporal.WORKFLOWS,
                task_timeout=temporal.TASK_TIMEOUT,
                execution_timeout=self.timeout,
                typed_search_attributes=temporal.labels(self.what, self.account),
                static_summary=self.what,
                static_details=self.why,
                priority=self.priority,
            ),
            spec=self.spec,
            policy=SchedulePolicy(overlap=self.overlap, catchup_window=self.catch_up),
        )


def declarations(settings: Settings) -> list[Declaration]:
    """Those of each account; what an installation has once comes after them."""
    ops_channel = settings.slack.ops_channel if settings.slack else None
    routes = load_routes(settings.routes_file)
    days, payments = _days_looked_back(routes), routes.take("failed_payment")
    return [
        *(_poll(name, settings, days, ops_channel, payments=payments) for name in settings.chartmogul),
        *(_coverage(name, days, ops_channel, payments=payments) for name in settings.chartmogul),
        *(_export(name, settings) for name in settings.chartmogul if settings.warehouse),
        *(_audit(name, settings) for name in settings.chartmogul),
        *_reconciliations(settings, ops_channel),
        *_syncs(settings),
        _watch(settings, ops_channel),
    ]


def _days_looked_back(routes: Routes) -> float:
    """As far as any route acts on: what ChartMogul lists late must not be passed over."""
    return max([LEAST_DAYS, *(route.act_within_days for route in routes.routes)])


def _poll(
    name: str, settings: Settings, days: float, ops_channel: str | None, *, payments: bool
) -> Declaration:
    account = settings.chartmogul[name]
    every = timedelta(seconds=max(1, round(account.poll_minutes * 60)))
    return Declaration(
        id=f"poll/{name}",
        what=f"Movements of account {name}",
        why=(
            "Each begins where the last complete one ended: one at a time is enough, and one after an outage."
            " Reading waits up to an hour for ChartMogul; one that hangs longer is ended and blocks no other."
        ),
        workflow="movement_poll",
        input=PollInput(
            account=name,
            look_back=timedelta(days=days),
            head_start=timedelta(seconds=account.poll_head_start_seconds),
            every=every,
            ops_channel=ops_channel,
            payments=payments,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        catch_up=max(every, SHORTEST_CATCH_UP),
        timeout=movement_poll.LIMIT + payments * movement_poll.PAYMENTS_LIMIT + TELLING,
        account=name,
        priority=temporal.LIVE,
    )


def _coverage(name: str, days: float, ops_channel: str | None, *, payments: bool) -> Declaration:
    given = CoverageInput(account=name, days=days, ops_channel=ops_channel, payments=payments)
    return Declaration(
        id=f"coverage/{name}",
        what=f"Coverage of account {name}, last {given.days:g} days",
        why=(
            "Each covers three days, so half a day late is soon enough. UTC has no clock changes. No jitter:"
            " an update would drop the run that it holds back."
        ),
        workflow="coverage",
        input=given,
        spec=ScheduleSpec(calendars=[_daily(4, 40)]),
        catch_up=timedelta(hours=12),
        timeout=(given.days + payments) * coverage.LIMIT + TELLING,
        account=name,
    )


def _export(name: str, settings: Settings) -> Declaration:
    given = ExportInput(account=name, mapping=load_mapping(settings.warehouse_file))
    return Declaration(
        id=f"export/{name}",
        what=f"Export of account {name}",
        why=(
            "Each reads what may have changed since the last complete one: a missed one is made good by the"
            " next. 04:15 is clear of the hours that clock changes skip and repeat, and of the hour in which"
            " ChartMogul may still reclassify yesterday's movements. Two at a time would do the work twice."
        ),
        workflow="warehouse_export",
        input=given,
        spec=ScheduleSpec(calendars=[_daily(4, 15)], time_zone_name=settings.zones[name]),
        catch_up=timedelta(hours=12),
        timeout=4 * given.patience + TELLING,  # preparing, two rounds of streams, comparing
        account=name,
    )


def _audit(name: str, settings: Settings) -> Declaration:
    given = audit_input(settings, name)
    return Declaration(
        id=f"audit/{name}",
        what=f"Audit of account {name}",
        why=(
            "Each goes on where the last one ended, so a missed one is made good by the next, as long as"
            " Temporal keeps runs. 04:50 is clear of the hours that clock changes skip and repeat, and after"
            " the export has mostly ended. Two at a time would do the work twice."
        ),
        workflow="audit_export",
        input=given,
        spec=ScheduleSpec(calendars=[_daily(4, 50)], time_zone_name=settings.zones[name]),
        catch_up=timedelta(hours=12),
        timeout=3 * given.patience + TELLING,  # events, files, tables
        account=name,
    )


def _reconciliations(settings: Settings, ops_channel: str | None) -> list[Declaration]:
    """Of the accounts whose billing the rules name: by site, which has the account's name."""
    rules = load_reconciliation(settings)
    found = [(name, rules.of(name)) for name in settings.chartmogul] if rules else []
    return [_reconciliation(name, settings, own, ops_channel) for name, own in found if own.sources]


def _reconciliation(
    name: str, settings: Settings, rules: ReconciliationRules, ops_channel: str | None
) -> Declaration:
    given = DueInput(
        account=name,
        time_zone=settings.zones[name],
        rules=rules,
        ops_channel=ops_channel,
        web_ui_url=settings.web_ui_url,
    )
    return Declaration(
        id=f"reconciliation/{name}",
        what=f"Reconciliation of account {name}: what is due",
        why=(
            "00:10 is when a month's snapshot is due, 06:00 when its final is: each looks by its day whether"
            " it is, and begins it once. A missed one is made up for by the next look, and says that it is"
            " late. For a month that is over, trigger it, or have its first days made up for by a backfill."
        ),
        workflow="reconciliation_due",
        input=given,
        spec=ScheduleSpec(calendars=[_daily(0, 10), _daily(6, 0)], time_zone_name=settings.zones[name]),
        catch_up=timedelta(hours=24),
        timeout=timedelta(minutes=10),
        account=name,
        overlap=ScheduleOverlapPolicy.BUFFER_ALL,
    )


def audit_input(settings: Settings, name: str) -> AuditExportInput:
    return AuditExportInput(
        account=name,
        ops_channel=settings.slack.ops_channel if settings.slack else None,
        time_zone=settings.zones[name],
        warehouse=settings.warehouse is not None,
    )


def _syncs(settings: Settings) -> list[Declaration]:
    """Of each account to each CRM that is connected and has a mapping."""
    connected: list[CrmName] = [each for each in get_args(CrmName) if getattr(settings, each)]
    mapping = load_crm_mapping(settings.crm_file) if connected else CrmMapping()
    return [
        _sync(name, settings.zones[name], system, mapping)
        for name in settings.chartmogul
        for system in connected
        if mapping.objects(system)
    ]


def _sync(name: str, zone: str, system: CrmName, mapping: CrmMapping) -> Declaration:
    given = CrmSyncInput(account=name, system=system, mapping=mapping)
    return Declaration(
        id=f"crm/{name}/{system}",
        what=f"Sync of account {name} to {system}",
        why=(
            "Each looks at every customer, so a missed one is made good by the next; movements of the day are"
            " written as they come. 05:10 is clear of the hours that clock changes skip and repeat, and after"
            " the export. Two at a time would do the work twice."
        ),
        workflow="crm_sync",
        input=given,
        spec=ScheduleSpec(calendars=[_daily(5, 10)], time_zone_name=zone),
        catch_up=timedelta(hours=12),
        timeout=given.patience + TELLING,
        account=name,
    )


def _watch(settings: Settings, ops_channel: str | None) -> Declaration:
    return Declaration(
        id="ops_watch",
        what="What waits for a person",
        why=(
            "Each looks at all there is, so a missed one is made good by the next. Slack is waited for half a"
            " minute per message: one that hangs longer is ended, and its messages are told by the next."
        ),
        workflow="ops_watch",
        input=WatchInput(ops_channel=ops_channel, web_ui_url=settings.web_ui_url),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=WATCH_EVERY)]),
        catch_up=SHORTEST_CATCH_UP,
        timeout=timedelta(minutes=10),
        priority=temporal.LIVE,
    )


def _daily(hour: int, minute: int) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(hour=[ScheduleRange(hour)], minute=[ScheduleRange(minute)])
