"""Composition root: which workflows and activities run on which queue, at which rate."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Interceptor, Worker

import temporal
from activities.analytics import AnalyticsActivities
from activities.audit.steps import AuditActivities
from activities.crm.steps import CrmActivities
from activities.definition import Bound, steps_of
from activities.holds import HoldActivities
from activities.in_time import InTime
from activities.metric_alert import MetricAlertActivities
from activities.movements import MovementActivities
from activities.pauses import Pauses
from activities.payments import PaymentActivities, Poll
from activities.pressure import Pressure
from activities.reconciliation.steps import ReconciliationActivities
from activities.resting import RestingWorker, Slots
from activities.runs.steps import RunsActivities
from activities.warehouse.steps import WarehouseActivities
from clients.kit.cooldown import Cooldowns
from configuration.files import load_routes
from dispatch.dispatcher import Dispatcher
from dispatch.holds import Holds
from dispatch.movement_scan import MovementScan
from dispatch.payment_scan import PaymentScan
from models.crm import CrmMapping
from settings import Settings
from systems import BILLING, CHARTMOGUL, QUEUES, SYSTEMS, Connections, Queue, engine_for
from workflows.analytics import Analytics
from workflows.audit_export import AuditExport
from workflows.backfill import Backfill
from workflows.call_api import CallApi
from workflows.change.workflow import Change
from workflows.churn_risk.case import RiskCase
from workflows.churn_risk.workflow import ChurnRisk
from workflows.churn_save.workflow import ChurnSave
from workflows.coverage import Coverage
from workflows.crm_sync.workflow import CrmSync
from workflows.customer_sync import CustomerSync
from workflows.dismissal import DismissalRun
from workflows.engine.once import Once
from workflows.engine.patches import DecidesAtItsStart
from workflows.expansion.window import ExpansionWindow
from workflows.expansion.workflow import Expansion
from workflows.failed_payment.workflow import FailedPaymentRun
from workflows.hold.workflow import Hold
from workflows.ledger import Ledger
from workflows.metric_alert import MetricAlertRun
from workflows.movement_poll import MovementPoll
from workflows.onboarding.workflow import Onboarding
from workflows.ops_watch.workflow import OpsWatch
from workflows.reconciliation.due import ReconciliationDue
from workflows.reconciliation.workflow import Reconciliation
from workflows.unreadable_delivery import DeadLetterRun
from workflows.warehouse_export.workflow import WarehouseExport

WORKFLOW_CLASSES: list[type] = [
    ChurnSave,
    ChurnRisk,
    RiskCase,
    FailedPaymentRun,
    Expansion,
    ExpansionWindow,
    Onboarding,
    CustomerSync,
    CallApi,
    MovementPoll,
    Backfill,
    Coverage,
    DeadLetterRun,
    OpsWatch,
    WarehouseExport,
    CrmSync,
    Hold,
    DismissalRun,
    Analytics,
    Once,
    MetricAlertRun,
    Ledger,
    Change,
    AuditExport,
    Reconciliation,
    ReconciliationDue,
]
GRACE = timedelta(seconds=20)


class BadQueues(Exception):
    """A step has no queue, a queue no step, or two steps have one name."""


def steps(
    connections: Connections, settings: Settings, dispatcher: Dispatcher, pauses: Pauses
) -> list[Bound]:
    """Every step of the product, on what it needs."""
    chartmogul = connections.to(CHARTMOGUL)
    ops_channel = settings.slack.ops_channel if settings.slack else None
    of_systems: dict[str, Any] = {
        each.name: each.activities(connections.to(each), settings) for each in SYSTEMS if each.activities
    }
    engine_of = engine_for(settings)
    polls: dict[str, Poll] = {each.name: of_systems[each.name].failed_payments for each in BILLING}
    owners = [
        *of_systems.values(),
        CrmActivities(chartmogul, connections.crms(settings)),
        MovementActivities(chartmogul, MovementScan(dispatcher)),
        PaymentActivities(chartmogul, polls, PaymentScan(dispatcher), settings.data_sources),
        WarehouseActivities(chartmogul, engine_of, settings.warehouse_hash_key.get_secret_value()),
        AnalyticsActivities(chartmogul),
        RunsActivities(),
        MetricAlertActivities(chartmogul),
        AuditActivities(settings.audit_folder, engine_of),
        ReconciliationActivities(settings.reconciliation),
        HoldActivities(pauses, ops_channel, settings.web_ui_url),
    ]
    return [step for owner in owners for step in steps_of(owner)]


def by_queue(found: Sequence[Bound]) -> dict[Queue, list[Bound]]:
    """Each step on the queue that its name says. Raises BadQueues."""
    names = [step.definition.name for step in found]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise BadQueues(f"two steps have the name {', '.join(doubled)}")
    queues = {queue: [step for step in found if step.definition.system == queue.name] for queue in QUEUES}
    known = {queue.name for queue in QUEUES}
    if misplaced := [step.definition.name for step in found if step.definition.system not in known]:
        raise BadQueues(f"systems.py has no queue for {', '.join(misplaced)}")
    if idle := [queue.name for queue, of_it in queues.items() if not of_it]:
        raise BadQueues(f"no step is on the queue {', '.join(idle)}")
    return queues


def cooldowns_for(settings: Settings) -> Cooldowns:
    """Where threads bound the calls, no more are under way: what waits for a thread is not."""
    threads = {system.name: getattr(getattr(settings, system.name), "threads", None) for system in SYSTEMS}
    return Cooldowns({name: most for name, most in threads.items() if most})


def workers(
    client: Client,
    settings: Settings,
    connections: Connections,
    cooldowns: Cooldowns,
    holds: Holds,
    crm: CrmMapping | None = None,
) -> list[Worker | RestingWorker]:
    dispatcher = Dispatcher.of(client, holds.routes, settings, holds, crm)
    pauses = Pauses(cooldowns, {queue.name: queue.calls for queue in QUEUES if queue.calls})
    holds.listen(pauses.note)
    interceptors = [InTime(), pauses, Pressure(cooldowns)]
    found = steps(connections, settings, dispatcher, pauses)
    return [
        _workflow_worker(client, settings, found, interceptors),
        *(
            _queue_worker(client, settings, queue, of_it, cooldowns, interceptors)
            for queue, of_it in by_queue(found).items()
        ),
    ]


def _workflow_worker(
    client: Client, settings: Settings, found: Sequence[Bound], interceptors: Sequence[Interceptor]
) -> Worker:
    """Runs the workflows, and every step's local try."""
    return Worker(
        client,
        task_queue=temporal.WORKFLOWS,
        workflows=WORKFLOW_CLASSES,
        activities=found,
        no_remote_activities=True,
        max_concurrent_local_activities=settings.max_local_steps,
        # With more at once a burst outlasts the tasks' time limit, and every step is then done over
        max_concurrent_workflow_tasks=max(settings.max_local_steps // 2, 2),
        workflow_runner=temporal.workflow_runner(settings.workflow_sandbox),
        workflow_failure_exception_types=temporal.WORKFLOW_FAILURES,
        graceful_shutdown_timeout=GRACE,
        interceptors=[DecidesAtItsStart(), *interceptors],
    )


def _queue_worker(
    client: Client,
    settings: Settings,
    queue: Queue,
    found: Sequence[Bound],
    cooldowns: Cooldowns,
    interceptors: Sequence[Interceptor],
) -> RestingWorker:
    def worker(slots: Slots) -> Worker:
        return Worker(
            client,
            task_queue=queue.name,
            activities=found,
            max_concurrent_activities=slots.number,
            interceptors=[slots, *interceptors],
            max_task_queue_activities_per_second=queue.rate,
            graceful_shutdown_timeout=GRACE,
        )

    return RestingWorker(cooldowns.of(queue.name), queue.slots(settings), worker)


def runtime(settings: Settings) -> Runtime | None:
    """The SDK's runtime with Prometheus metrics, where an address is set."""
    if settings.worker_metrics_address is None:
        return None
    metrics = PrometheusConfig(
        bind_address=settings.worker_metrics_address,
        durations_as_seconds=True,
        counters_total_suffix=True,
        unit_suffix=True,
    )
    return Runtime(telemetry=TelemetryConfig(metrics=metrics))


@asynccontextmanager
async def running(
    client: Client,
    settings: Settings,
    cooldowns: Cooldowns | None = None,
    holds: Holds | None = None,
    crm: CrmMapping | None = None,
) -> Any:
    """All workers, for as long as the block lasts. A fatal error of one ends the block. Without `holds`,
    which somebody watches, they have and watch their own. `crm` where it has been read."""
    if holds is None:
        holds = Holds(client, load_routes(settings.routes_file))
        async with holds.watching(), running(client, settings, cooldowns, holds, crm):
            yield
        return
    cooldowns = cooldowns or cooldowns_for(settings)
    connections = Connections.of(settings, cooldowns)
    try:
        async with asyncio.TaskGroup() as group:
            started = workers(client, settings, connections, cooldowns, holds, crm)
            tasks = [group.create_task(worker.run()) for worker in started]
            try:
                yield
            finally:
                await asyncio.gather(*(worker.shutdown() for worker in started))
                await asyncio.gather(*tasks)
    finally:
        await connections.aclose()
