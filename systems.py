"""Every outside system, declared once, and the queues on which steps wait for their durable tries.

Worker, connections, pauses and the stack of demo and tests read these lists. A step is on the queue that its
name says: `slack.post_message` on `slack`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from activities.chargebee import ChargebeeActivities
from activities.chartmogul import ChartMogulActivities
from activities.connector import ConnectorActivities
from activities.gong import GongActivities
from activities.hubspot.steps import HubSpotActivities
from activities.intercom import IntercomActivities
from activities.marketo.steps import MarketoActivities
from activities.quickbooks import QuickBooksActivities
from activities.recurly import RecurlyActivities
from activities.salesforce.steps import SalesforceActivities
from activities.slack import SlackActivities
from activities.stripe import StripeActivities
from activities.xero import XeroActivities
from activities.zendesk import ZendeskActivities
from clients.chargebee.client import ChargebeeClient
from clients.chargebee.doctor import chargebee_findings
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.doctor import chartmogul_findings
from clients.connector.clients import ConnectorClients
from clients.gong.client import GongClient
from clients.gong.doctor import gong_findings
from clients.hubspot.client import HubSpotClient
from clients.hubspot.doctor import hubspot_findings
from clients.intercom.client import IntercomClient
from clients.intercom.doctor import intercom_findings
from clients.kit.cooldown import Cooldown, Cooldowns
from clients.kit.errors import title
from clients.marketo.client import MarketoClient
from clients.marketo.doctor import marketo_findings
from clients.quickbooks.client import QuickBooksClient
from clients.quickbooks.doctor import quickbooks_findings
from clients.recurly.client import RecurlyClient
from clients.recurly.doctor import recurly_findings
from clients.salesforce.client import SalesforceClient
from clients.salesforce.doctor import salesforce_findings
from clients.slack.client import SlackClient
from clients.slack.doctor import slack_findings
from clients.stripe.client import StripeClient
from clients.stripe.doctor import stripe_findings
from clients.xero.client import XeroClient
from clients.xero.doctor import xero_findings
from clients.zendesk.client import ZendeskClient
from clients.zendesk.doctor import zendesk_findings
from domains.crm.hubspot import HubSpotCrm
from domains.crm.salesforce import SalesforceCrm
from domains.crm.systems import Crm
from domains.reconciliation.snapshots import Snapshots
from domains.warehouse.engine import Engine
from domains.warehouse.engines.configured import Engines
from models.crm import CrmName
from models.findings import Finding
from models.routes import Routes
from settings import Settings

C = TypeVar("C")
"""The client of a system: None where it is off. ChartMogul and what bills have one for each account."""


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
    needs: str = ""
    """What has to be set up there, in a few words of its own pages."""

    @property
    def title(self) -> str:
        return title(self.name)

    @property
    def queue(self) -> Queue:
        return Queue(self.name, self.slots, self.rate, (self.name,))


def snapshots(settings: Settings) -> Snapshots:
    """Where a month's books are written."""
    return Snapshots(settings.reconciliation.snapshots)


CHARTMOGUL = System[dict[str, ChartMogulClient]](
    "chartmogul",
    connect=lambda settings, cooldown: {
        name: ChartMogulClient(each, cooldown=cooldown) for name, each in settings.chartmogul.items()
    },
    activities=lambda clients, settings: ChartMogulActivities(clients, snapshots(settings)),
    slots=lambda _: 10,  # about 20 connections at once are allowed, the local steps use some
    rate=20,  # of 40 requests a second
    address="CHARTMOGUL__<ACCOUNT>__BASE_URL",
    simulated={
        "CHARTMOGUL__DEFAULT__API_KEY": "cm-demo-key",
        "CHARTMOGUL__DEFAULT__BASE_URL": "{simulators}/chartmogul/v1",
    },
    examine=lambda settings, _: chartmogul_findings(settings.chartmogul),
    needs="an API key, read-only but for changes; the webhook with our URL",
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
    needs="an External Client App with a run-as user; the field Mogulflow_Key__c on Activity, and on"
    " Opportunity where a route makes some",
)

HUBSPOT = System[HubSpotClient | None](
    "hubspot",
    connect=lambda settings, cooldown: (
        HubSpotClient(settings.hubspot, cooldown=cooldown) if settings.hubspot else None
    ),
    activities=lambda client, _: HubSpotActivities(client),
    slots=lambda settings: settings.hubspot.threads if settings.hubspot else 1,
    rate=20,  # its rate limiter is the client's, live events first
    address="HUBSPOT__BASE_URL",
    simulated={"HUBSPOT__TOKEN": "pat-demo", "HUBSPOT__BASE_URL": "{simulators}/hubspot"},
    in_compose=False,  # a token in .env has always reached its own portal, and the simulated one lacks fields
    examine=lambda settings, routes: hubspot_findings(settings.hubspot, routes),
    crm=lambda client, settings: (
        HubSpotCrm(client, settings.hubspot.threads) if client and settings.hubspot else None
    ),
    needs="a Service Key with scopes; properties that `mogulflow crm prepare hubspot` makes",
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
    simulated={
        "SLACK__BOT_TOKEN": "xoxb-demo",
        "SLACK__BASE_URL": "{simulators}/slack/api/",
        "SLACK__SIGNING_SECRETS": "slack-demo-secret",
    },
    examine=lambda settings, routes: slack_findings(settings.slack, routes),
    needs="an app by `deploy/slack/manifest.yaml`, its bot token, and the app invited to each channel",
)

INTERCOM = System[IntercomClient | None](
    "intercom",
    connect=lambda settings, cooldown: (
        IntercomClient(settings.intercom, cooldown=cooldown) if settings.intercom else None
    ),
    activities=lambda client, _: IntercomActivities(client),
    slots=lambda _: 10,
    rate=20,  # of 166 calls a second that an app may make; a step makes up to five, and more where it looks
    address="INTERCOM__BASE_URL",
    simulated={
        "INTERCOM__TOKEN": "ic-demo",
        "INTERCOM__BASE_URL": "{simulators}/intercom/api",
        "INTERCOM__APP_URL": "{simulators}/intercom",
    },
    examine=lambda settings, _: intercom_findings(settings.intercom),
    needs="an app and its access token, which may read and write people, companies and tags, and send"
    " messages",
)

MARKETO = System[MarketoClient | None](
    "marketo",
    connect=lambda settings, cooldown: (
        MarketoClient(settings.marketo, cooldown=cooldown) if settings.marketo else None
    ),
    activities=lambda client, _: MarketoActivities(client),
    slots=lambda settings: settings.marketo.calls_at_once if settings.marketo else 1,
    rate=5,  # of 100 calls in 20 seconds; its rate limiter is the client's
    address="MARKETO__BASE_URL",
    simulated={
        "MARKETO__BASE_URL": "{simulators}/marketo/api",
        "MARKETO__CLIENT_ID": "mkto-demo-client",
        "MARKETO__CLIENT_SECRET": "mkto-demo-secret",
    },
    examine=lambda settings, routes: marketo_findings(settings.marketo, routes),
    needs="a custom service with an API-Only user who may write leads and read assets; where routes"
    " name them, write custom objects and execute campaigns",
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
    needs="what its own file names: a token in a variable",
)

ZENDESK = System[ZendeskClient | None](
    "zendesk",
    connect=lambda settings, cooldown: (
        ZendeskClient(settings.zendesk, cooldown=cooldown) if settings.zendesk else None
    ),
    activities=lambda client, _: ZendeskActivities(client),
    slots=lambda _: 10,
    rate=5,  # its rate limiter is the client's: of 200 calls a minute, and a tag takes three or so
    address="ZENDESK__BASE_URL",
    simulated={
        "ZENDESK__BASE_URL": "{simulators}/zendesk",
        "ZENDESK__EMAIL": "revops@mogulflow.example",
        "ZENDESK__API_TOKEN": "zd-demo-token",
    },
    examine=lambda settings, _: zendesk_findings(settings.zendesk),
    needs="token access, and an API token of an admin or of an agent who may edit users; tags of users"
    " and organisations on",
)

GONG = System[GongClient | None](
    "gong",
    connect=lambda settings, cooldown: (
        GongClient(settings.gong, cooldown=cooldown) if settings.gong else None
    ),
    activities=lambda client, _: GongActivities(client),
    slots=lambda _: 5,
    rate=3,  # as many as Gong allows a company; the rate limiter is the client's
    address="GONG__BASE_URL",
    simulated={
        "GONG__ACCESS_KEY": "gong-demo-key",
        "GONG__ACCESS_KEY_SECRET": "gong-demo-secret",
        "GONG__BASE_URL": "{simulators}/gong",
    },
    examine=lambda settings, _: gong_findings(settings.gong),
    needs="an access key with its secret, made by a technical administrator",
)

STRIPE = System[dict[str, StripeClient]](
    "stripe",
    connect=lambda settings, cooldown: {
        name: StripeClient(each, cooldown=cooldown) for name, each in settings.stripe.items()
    },
    activities=lambda clients, settings: StripeActivities(clients, snapshots(settings)),
    slots=lambda _: 10,
    rate=10,  # of 25 requests a second in test mode, 100 in live mode
    address="STRIPE__<ACCOUNT>__BASE_URL",
    simulated={
        "STRIPE__DEFAULT__API_KEY": "rk_test_demo",
        "STRIPE__DEFAULT__SIGNING_SECRETS": "whsec_demo",
        "STRIPE__DEFAULT__BASE_URL": "{simulators}/stripe",
        "STRIPE__DEFAULT__WEB_URL": "{simulators}/stripe",
    },
    examine=lambda settings, _: stripe_findings(settings.stripe, settings.chartmogul),
    needs="a restricted key that reads Invoices, All events and PaymentIntents; a webhook endpoint",
)

CHARGEBEE = System[dict[str, ChargebeeClient]](
    "chargebee",
    connect=lambda settings, cooldown: {
        name: ChargebeeClient(each, cooldown=cooldown) for name, each in settings.chargebee.items()
    },
    activities=lambda clients, settings: ChargebeeActivities(clients, snapshots(settings)),
    slots=lambda _: 5,
    rate=1,  # of 150 requests a minute on its smallest plan, three for an invoice
    address="CHARGEBEE__<ACCOUNT>__BASE_URL",
    simulated={
        "CHARGEBEE__DEFAULT__SITE": "acme-test",
        "CHARGEBEE__DEFAULT__API_KEY": "test_cb_demo",
        "CHARGEBEE__DEFAULT__WEBHOOK_USER": "chargebee",
        "CHARGEBEE__DEFAULT__WEBHOOK_PASSWORD": "cb-demo-password",
        "CHARGEBEE__DEFAULT__BASE_URL": "{simulators}/chargebee/api/v2",
        "CHARGEBEE__DEFAULT__WEB_URL": "{simulators}/chargebee",
    },
    examine=lambda settings, _: chargebee_findings(settings.chargebee, settings.chartmogul),
    needs="a read-only API key, All; a webhook with basic authentication",
)

RECURLY = System[dict[str, RecurlyClient]](
    "recurly",
    connect=lambda settings, cooldown: {
        name: RecurlyClient(each, cooldown=cooldown) for name, each in settings.recurly.items()
    },
    activities=lambda clients, settings: RecurlyActivities(clients, snapshots(settings)),
    slots=lambda _: 5,
    rate=3,  # of 400 requests a minute in a sandbox, 1,000 in production, two for an invoice
    address="RECURLY__<ACCOUNT>__BASE_URL",
    simulated={
        "RECURLY__DEFAULT__API_KEY": "recurly-demo",
        "RECURLY__DEFAULT__SIGNING_SECRETS": "recurly-demo-secret",
        "RECURLY__DEFAULT__SUBDOMAIN": "acme",
        "RECURLY__DEFAULT__BASE_URL": "{simulators}/recurly/v3",
        "RECURLY__DEFAULT__WEB_URL": "{simulators}/recurly",
    },
    examine=lambda settings, _: recurly_findings(settings.recurly, settings.chartmogul),
    needs="a private API key; a JSON webhook endpoint with a secret key",
)

QUICKBOOKS = System[dict[str, QuickBooksClient]](
    "quickbooks",
    connect=lambda settings, cooldown: {
        name: QuickBooksClient(each, settings.token_folder, cooldown=cooldown)
        for name, each in settings.quickbooks.items()
    },
    activities=lambda clients, settings: QuickBooksActivities(clients, snapshots(settings)),
    slots=lambda _: 1,  # a month is read page by page, and its rate limiter is the client's
    rate=1,
    address="QUICKBOOKS__<ACCOUNT>__BASE_URL",
    simulated={
        "QUICKBOOKS__DEFAULT__COMPANY_ID": "4620816365000000001",
        "QUICKBOOKS__DEFAULT__CLIENT_ID": "qb-demo-client",
        "QUICKBOOKS__DEFAULT__CLIENT_SECRET": "qb-demo-secret",
        "QUICKBOOKS__DEFAULT__REFRESH_TOKEN": "qb-demo-refresh",
        "QUICKBOOKS__DEFAULT__BASE_URL": "{simulators}/quickbooks/api",
        "QUICKBOOKS__DEFAULT__TOKEN_URL": "{simulators}/quickbooks/api/oauth2/v1/tokens/bearer",
        "QUICKBOOKS__DEFAULT__APP_URL": "{simulators}/quickbooks",
        "QUICKBOOKS__DEFAULT__REQUESTS_PER_MINUTE": "60000",
    },
    in_compose=False,  # one of the two holds the books
    examine=lambda settings, _: quickbooks_findings(
        settings.quickbooks, settings.chartmogul, settings.token_folder
    ),
    needs="an app with scope `com.intuit.quickbooks.accounting`, connected to the company; TOKEN_FOLDER on a"
    " disk that stays",
)

XERO = System[dict[str, XeroClient]](
    "xero",
    connect=lambda settings, cooldown: {
        name: XeroClient(each, settings.token_folder, cooldown=cooldown)
        for name, each in settings.xero.items()
    },
    activities=lambda clients, settings: XeroActivities(clients, snapshots(settings)),
    slots=lambda _: 1,  # an organisation takes five calls at once, of all workers together
    rate=1,
    address="XERO__<ACCOUNT>__BASE_URL",
    simulated={
        "XERO__DEFAULT__TENANT_ID": "7c0e5b1e-0000-4000-a000-000000000001",
        "XERO__DEFAULT__CLIENT_ID": "xero-demo-client",
        "XERO__DEFAULT__CLIENT_SECRET": "xero-demo-secret",
        "XERO__DEFAULT__REFRESH_TOKEN": "xero-demo-refresh",
        "XERO__DEFAULT__BASE_URL": "{simulators}/xero/api.xro/2.0",
        "XERO__DEFAULT__TOKEN_URL": "{simulators}/xero/api.xro/connect/token",
        "XERO__DEFAULT__APP_URL": "{simulators}/xero",
        "XERO__DEFAULT__REQUESTS_PER_MINUTE": "60000",
    },
    in_compose=False,  # one of the two holds the books
    examine=lambda settings, _: xero_findings(settings.xero, settings.chartmogul, settings.token_folder),
    needs="an app with the read scopes of accounting and `offline_access`, connected to the organisation;"
    " TOKEN_FOLDER on a disk that stays",
)

SYSTEMS: tuple[System[Any], ...] = (
    CHARTMOGUL,
    STRIPE,
    CHARGEBEE,
    RECURLY,
    QUICKBOOKS,
    XERO,
    SALESFORCE,
    HUBSPOT,
    SLACK,
    INTERCOM,
    ZENDESK,
    GONG,
    MARKETO,
    CONNECTOR,
)

BILLING: tuple[System[Any], ...] = (STRIPE, CHARGEBEE, RECURLY)
"""Systems whose steps list failed payments."""

QUEUES: tuple[Queue, ...] = (
    *(each.queue for each in SYSTEMS),
    # ChartMogul is spared by the client, request by request
    Queue("movements", lambda _: 4, 50, ("movements", "chartmogul")),
    Queue("payments", lambda _: 4, 50, ("payments", "chartmogul")),
    # Two streams at a time: while one is loaded the other is read
    Queue("warehouse", lambda _: 2, 10, ("warehouse", "chartmogul")),
    Queue("crm", lambda _: 2, 10, ("crm", "chartmogul")),
    # One account is read at a time: each takes what bulk work may use
    Queue("analytics", lambda _: 1, 5, ("analytics", "chartmogul")),
    Queue("runs", lambda _: 2, 5),
    Queue("reconciliation", lambda _: 1, 5),  # one month is judged at a time, in memory
    Queue("audit", lambda _: 2, 5),
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
        opened = [each for client in self.clients.values() for each in _each(client)]
        await asyncio.gather(*(each.aclose() for each in opened))


def _each(client: Any) -> Iterable[Any]:
    """Those of all accounts, the one, or none."""
    if isinstance(client, dict):
        return client.values()
    return (client,) if client else ()


def engine_for(settings: Settings) -> Callable[[str], Engine] | None:
    """The warehouse's engine for each account, where a warehouse is set up. Made once in a process."""
    return Engines(settings.warehouse).of_account if settings.warehouse else None
