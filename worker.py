"""Composition root: which workflows and activities run on which queue, at which rate."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Interceptor, Worker

import dispatch.movement_scan
import temporal
from activities.chartmogul import ChartMogulActivities
from activities.crm import CrmActivities
from activities.holds import HoldActivities
from activities.movements import MovementActivities, Sweeper
from activities.pauses import Pauses
from activities.pressure import Pressure
from activities.resting import RestingWorker, Slots
from activities.runs import RunsActivities
from activities.salesforce import SalesforceActivities
from activities.slack import SlackActivities
from activities.warehouse import WarehouseActivities
from clients.chartmogul.client import ChartMogulClient
from clients.hubspot.client import HubSpotClient
from clients.kit.cooldown import Cooldowns
from clients.salesforce.client import SalesforceClient
from clients.slack.client import SlackClient
from dispatch.dispatcher import Door
from dispatch.holds import Holds
from dispatch.routes import load_routes
from domains.crm.hubspot import HubSpotCrm
from domains.crm.salesforce import SalesforceCrm
from domains.crm.systems import Crm
from domains.warehouse.engines.configured import Engines
from models.crm import CrmMapping
from models.crm import System as CrmSystem
from settings import Settings
from workflows.backfill import Backfill
from workflows.churn_save.workflow import ChurnSave
from workflows.coverage import Coverage
from workflows.crm_sync.workflow import CrmSync
from workflows.customer_sync import CustomerSync
from workflows.dismissal import KeptDismissal
from workflows.hold.workflow import Hold
from workflows.movement_poll import MovementPoll
from workflows.ops_watch.workflow import OpsWatch
from workflows.unreadable_delivery import KeptDelivery
from workflows.warehouse_export.workflow import WarehouseExport

TEMPLATES = [ChurnSave, CustomerSync]
WORKFLOW_CLASSES = [
    *TEMPLATES, MovementPoll, Backfill, Coverage, KeptDelivery, OpsWatch, WarehouseExport, CrmSync, Hold,
    KeptDismissal,
]  # fmt: skip
GRACE = timedelta(seconds=20)


@dataclass(frozen=True)
class Connections:
    """One client per system that is connected."""

    chartmogul: dict[str, ChartMogulClient]
    hubspot: HubSpotClient | None
    salesforce: SalesforceClient | None
    slack: SlackClient | None

    @classmethod
    def of(cls, settings: Settings, cooldowns: Cooldowns | None = None) -> Self:
        """With `cooldowns` calls wait while a system is closed, as those of a worker do."""
        of = cooldowns.of if cooldowns else lambda _: None
        return cls(
            chartmogul={
                name: ChartMogulClient(each, cooldown=of("chartmogul"))
                for name, each in settings.chartmogul.items()
            },
            hubspot=HubSpotClient(settings.hubspot, cooldown=of("hubspot")) if settings.hubspot else None,
            salesforce=SalesforceClient(settings.salesforce, cooldown=of("salesforce"))
            if settings.salesforce
            else None,
            slack=SlackClient(settings.slack, cooldown=of("slack")) if settings.slack else None,
        )

    async def aclose(self) -> None:
        opened = [*self.chartmogul.values(), self.hubspot, self.salesforce, self.slack]
        await asyncio.gather(*(client.aclose() for client in opened if client))

    def crms(self, settings: Settings) -> dict[CrmSystem, Crm]:
        found: dict[CrmSystem, Crm] = {}
        if self.hubspot and settings.hubspot:
            found["hubspot"] = HubSpotCrm(self.hubspot, settings.hubspot.threads)
        if self.salesforce and settings.salesforce:
            found["salesforce"] = SalesforceCrm(self.salesforce, settings.salesforce.threads)
        return found


@dataclass(frozen=True)
class System:
    """A queue of its own for the durable way: `slots` calls at once, `rate` starts a second."""

    queue: str
    activities: Sequence[Callable[..., Any]]
    slots: int
    rate: float


def systems(connections: Connections, settings: Settings, sweeper: Sweeper, pauses: Pauses) -> list[System]:
    chartmogul = ChartMogulActivities(connections.chartmogul)
    salesforce = SalesforceActivities(connections.salesforce)
    settle = settings.slack.settle_seconds if settings.slack else 0
    slack = SlackActivities(connections.slack, settle)
    threads = settings.salesforce.threads if settings.salesforce else 1
    crm = CrmActivities(connections.chartmogul, connections.crms(settings))
    ops_channel = settings.slack.ops_channel if settings.slack else None
    holds = HoldActivities(pauses, ops_channel, settings.web_ui_url)
    movements = MovementActivities(connections.chartmogul, sweeper)
    warehouse = WarehouseActivities(
        connections.chartmogul,
        Engines(settings.warehouse).of_account if settings.warehouse else None,
        settings.warehouse_hash_key.get_secret_value(),
    )
    return [
        System(
            "chartmogul",
            [
                chartmogul.read_back,
                chartmogul.read_customer,
                chartmogul.read_subscriptions,
                chartmogul.read_movements,
                chartmogul.read_latest_note,
                crm.read_facts,
            ],
            slots=10,  # about 20 connections at once are allowed, the local steps use some
            rate=20,  # of 40 requests a second
        ),
        System(
            "salesforce",
            [
                salesforce.find_account_owner,
                salesforce.create_save_task,
                salesforce.record_task_outcome,
                crm.sync_to_salesforce,
            ],
            slots=threads,
            rate=20,
        ),
        # HubSpot's rate limiter is the client's, live events first
        System(
            "hubspot",
            [crm.sync_to_hubspot],
            slots=settings.hubspot.threads if settings.hubspot else 1,
            rate=20,
        ),
        # How fast Slack takes messages its cooldown finds out; most slots only wait for its history to
        # settle
        System("slack", [slack.find_member, slack.post_message], slots=40, rate=20),
        # ChartMogul is spared by the client, request by request
        System("movements", [movements.sweep, movements.compare], slots=4, rate=50),
        # Two streams at a time: while one is loaded the other is read
        System("warehouse", [warehouse.prepare, warehouse.export_stream, warehouse.check], slots=2, rate=10),
        System("crm", [crm.sync], slots=2, rate=10),
        System("runs", [RunsActivities().find_trouble], slots=2, rate=5),
        System(
            "holds",
            [
                holds.count_held,
                holds.end_held,
                holds.is_paused,
                holds.pause_schedules,
                holds.resume_schedules,
            ],
            slots=10,
            rate=10,
        ),
    ]


def cooldowns_for(settings: Settings) -> Cooldowns:
    """Where threads bound the calls, no more are under way: what waits for a thread is not."""
    systems = {"salesforce": settings.salesforce, "hubspot": settings.hubspot}
    return Cooldowns({name: each.threads for name, each in systems.items() if each})


def workers(
    client: Client,
    settings: Settings,
    connections: Connections,
    cooldowns: Cooldowns,
    holds: Holds,
    crm: CrmMapping | None = None,
) -> list[Worker | RestingWorker]:
    door = Door.of(client, holds.routes, settings, holds, crm)
    pauses = Pauses(cooldowns)
    holds.listen(pauses.note)
    interceptors = [pauses, Pressure(cooldowns)]
    known = systems(connections, settings, dispatch.movement_scan.Sweeper(door), pauses)
    return [
        _workflow_worker(client, settings, known, interceptors),
        *(_system_worker(client, each, cooldowns, interceptors) for each in known),
    ]


def _workflow_worker(
    client: Client, settings: Settings, known: list[System], interceptors: Sequence[Interceptor]
) -> Worker:
    """Runs the workflows, and every step's local try."""
    return Worker(
        client,
        task_queue=temporal.WORKFLOWS,
        workflows=WORKFLOW_CLASSES,
        activities=[activity for system in known for activity in system.activities],
        no_remote_activities=True,
        max_concurrent_local_activities=settings.max_local_steps,
        # With more at once a burst outlasts the tasks' time limit, and every step is then done over
        max_concurrent_workflow_tasks=max(settings.max_local_steps // 2, 2),
        workflow_runner=temporal.workflow_runner(settings.workflow_sandbox),
        workflow_failure_exception_types=temporal.WORKFLOW_FAILURES,
        graceful_shutdown_timeout=GRACE,
        interceptors=interceptors,
    )


def _system_worker(
    client: Client, system: System, cooldowns: Cooldowns, interceptors: Sequence[Interceptor]
) -> RestingWorker:
    def worker(slots: Slots) -> Worker:
        return Worker(
            client,
            task_queue=system.queue,
            activities=system.activities,
            max_concurrent_activities=slots.number,
            interceptors=[slots, *interceptors],
            max_task_queue_activities_per_second=system.rate,
            graceful_shutdown_timeout=GRACE,
        )

    return RestingWorker(cooldowns.of(system.queue), system.slots, worker)


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
