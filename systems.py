"""Every outside system, declared once, and the queues on which steps wait for their durable tries.

Worker, connections, pauses and the stack of demo and tests read these lists. A step is on the queue that its
name says: `slack.post_message` on `slack`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from activities.chartmogul import ChartMogulActivities
from activities.connector import ConnectorActivities
from activities.salesforce.steps import SalesforceActivities
from activities.slack import SlackActivities
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.doctor import chartmogul_findings
from clients.connector.clients import ConnectorClients
from clients.hubspot.client import HubSpotClient
from clients.hubspot.doctor import hubspot_findings
from clients.kit.cooldown import Cooldown, Cooldowns
from clients.kit.errors import title
from clients.salesforce.client import SalesforceClient
from clients.salesforce.doctor import salesforce_findings
from clients.slack.client import SlackClient
from clients.slack.doctor import slack_findings
from domains.crm.hubspot import HubSpotCrm
from domains.crm.salesforce import SalesforceCrm
from domains.crm.systems import Crm
from domains.warehouse.engine import Engine
from domains.warehouse.engines.configured import Engines
from models.crm import CrmName
from models.findings import Finding
from models.routes import Routes
from settings import Settings

C = TypeVar("C")
"""The client of a system: None where it is off. ChartMogul has one for each account."""


@dataclass(frozen=True)
class Queue:
    """`slots` steps at once, `rate` starts a second. `calls` are the systems that its steps call: where one
    is paused, they wait. Those that call none are needed to end a pause."""

    name: str
    slots: Callable[[Settings], int]
    rate: float
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class System(Generic[C]):
    """One outside system. `name` is its field in the settings, the prefix of its steps' names, and their
    queue; it never changes.

    `connect` makes its client; with a cooldown calls wait while the system is closed, as a worker's do.
    `activities` makes the object whose methods are its steps. `address` is the setting that says where it is.
    `simulated` are the settings that connect to its simulator, `{simulators}` being where that is. `examine`
    says for `doctor` whether it is there, with all that the routes name of it. `crm` is what the CRM sync
    writes through.
    """

    name: str
    connect: Callable[[Settings, Cooldown | None], C]
    activities: Callable[[C, Settings], object] | None
    slots: Callable[[Settings], int]
    rate: float
    address: str
    simulated: Mapping[str, str]
    examine: Callable[[Settings, Routes], AsyncIterator[Finding]] | None = None
    crm: Callable[[C, Settings], Crm | None] = field(default=lambda client, settings: None)
    in_compose: bool = True
    """Whether compose's profile `dev` connects it to its simulator by itself."""

    @property
    def title(self) -> str:
        return title(self.name)

    @property
    def queue(self) -> Queue:
        return Queue(self.name, self.slots, self.rate, (self.name,))


CHARTMOGUL = System[dict[str, ChartMogulClient]](
    "chartmogul",
    connect=lambda settings, cooldown: {
        name: ChartMogulClient(each, cooldown=cooldown) for name, each in settings.chartmogul.items()
    },
    activities=lambda clients, _: ChartMogulActivities(clients),
    slots=lambda _: 10,  # about 20 connections at once are allowed, the local steps use some
    rate=20,  # of 40 requests a second
    address="CHARTMOGUL__<ACCOUNT>__BASE_URL",
    simulated={
        "CHARTMOGUL__DEFAULT__API_KEY": "cm-demo-key",
        "CHARTMOGUL__DEFAULT__BASE_URL": "{simulators}/chartmogul/v1",
    },
    examine=lambda settings, _: chartmogul_findings(settings.chartmogul),
)

SALESFORCE = System[SalesforceClient | None](
    "salesforce",
    connect=lambda settings, cooldown: (
        SalesforceClient(settings.salesforce, cooldown=cooldown) if settings.salesforce else None
    ),
    activities=lambda client, _: SalesforceActivities(client),
    slots=lambda settings: settings.salesforce.threads if settings.salesforce else 1,
    rate=20,
    address="SALESFORCE__INSTANCE_URL",
    simulated={
        "SALESFORCE__INSTANCE_URL": "{simulators}/salesforce",
        "SALESFORCE__CLIENT_ID": "sf-demo-client",
        "SALESFORCE__CLIENT_SECRET": "sf-demo-secret",
    },
    examine=lambda settings, routes: salesforce_findings(settings.salesforce, routes),
    crm=lambda client, settings: (
        SalesforceCrm(client, settings.salesforce.threads) if client and settings.salesforce else None
    ),
)

HUBSPOT = System[HubSpotClient | None](
    "hubspot",
    connect=lambda settings, cooldown: (
        HubSpotClient(settings.hubspot, cooldown=cooldown) if settings.hubspot else None
    ),
    activities=None,  # those of the CRM sync
    slots=lambda settings: settings.hubspot.threads if settings.hubspot else 1,
    rate=20,  # its rate limiter is the client's, live events first
    address="HUBSPOT__BASE_URL",
    simulated={"HUBSPOT__TOKEN": "pat-demo", "HUBSPOT__BASE_URL": "{simulators}/hubspot"},
    in_compose=False,  # a token in .env has always reached its own portal, and the simulated one lacks fields
    examine=lambda settings, _: hubspot_findings(settings.hubspot),
    crm=lambda client, settings: (
        HubSpotCrm(client, settings.hubspot.threads) if client and settings.hubspot else None
    ),
)

SLACK = System[SlackClient | None](
    "slack",
    connect=lambda settings, cooldown: (
        SlackClient(settings.slack, cooldown=cooldown) if settings.slack else None
    ),
    activities=lambda client, settings: SlackActivities(
        client, settings.slack.settle_seconds if settings.slack else 0
    ),
    slots=lambda _: 40,  # most only wait for its history to settle
    rate=20,  # how fast Slack takes messages its cooldown finds out
    address="SLACK__BASE_URL",
    simulated={"SLACK__BOT_TOKEN": "xoxb-demo", "SLACK__BASE_URL": "{simulators}/slack/api/"},
    examine=lambda settings, routes: slack_findings(settings.slack, routes),
)

CONNECTOR = System[ConnectorClients](
    "connector",
    connect=lambda settings, cooldown: ConnectorClients(
        settings.connector, os.environ, spares=cooldown is not None
    ),
    activities=lambda clients, _: ConnectorActivities(clients),
    slots=lambda _: 20,
    rate=20,  # each connector has a rate of its own
    address="CONNECTOR__ALLOWED_HOSTS",
    simulated={"CONNECTOR__ALLOWED_HOSTS": "127.0.0.1,simulators"},
    in_compose=False,  # a user's own connectors reach their own systems
)

SYSTEMS: tuple[System[Any], ...] = (
    CHARTMOGUL,
    SALESFORCE,
    SLACK,
    HUBSPOT,
    CONNECTOR,
)

QUEUES: tuple[Queue, ...] = (
    *(each.queue for each in SYSTEMS),
    # ChartMogul is spared by the client, request by request
    Queue("movements", lambda _: 4, 50, ("movements", "chartmogul")),
    # Two streams at a time: while one is loaded the other is read
    Queue("warehouse", lambda _: 2, 10, ("warehouse", "chartmogul")),
    Queue("crm", lambda _: 2, 10, ("crm", "chartmogul")),
    Queue("runs", lambda _: 2, 5),
    Queue("holds", lambda _: 10, 10),
)


@dataclass(frozen=True)
class Connections:
    """A client of each system, by its name."""

    clients: Mapping[str, Any]

    @classmethod
    def of(cls, settings: Settings, cooldowns: Cooldowns | None = None) -> Self:
        """With `cooldowns` calls wait while a system is closed, as those of a worker do."""
        return cls(
            {
                each.name: each.connect(settings, cooldowns.of(each.name) if cooldowns else None)
                for each in SYSTEMS
            }
        )

    def to(self, system: System[C]) -> C:
        client: C = self.clients[system.name]
        return client

    def crms(self, settings: Settings) -> dict[CrmName, Crm]:
        """Those that are connected."""
        found = {each.name: each.crm(self.to(each), settings) for each in SYSTEMS}
        return {name: crm for name, crm in found.items() if crm}  # type: ignore[misc]

    async def aclose(self) -> None:
        of_accounts = self.to(CHARTMOGUL)
        others = [client for name, client in self.clients.items() if name != CHARTMOGUL.name]
        await asyncio.gather(*(client.aclose() for client in (*of_accounts.values(), *others) if client))


def engine_for(settings: Settings) -> Callable[[str], Engine] | None:
    """The warehouse's engine for each account, where a warehouse is set up. Made once in a process."""
    return Engines(settings.warehouse).of_account if settings.warehouse else None
