"""`doctor`: is everything there that the routes need, and what to do where it is not."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from rich.console import Console
from rich.markup import escape

from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import IntegrationError
from clients.salesforce.client import SalesforceClient
from clients.slack.client import SlackClient
from commands.doctor_crm import crm_findings
from commands.doctor_routes import route_findings
from commands.doctor_schedules import schedule_findings
from commands.doctor_temporal import temporal_findings
from commands.doctor_warehouse import warehouse_findings
from commands.findings import COLOURS, Finding, State, failed
from commands.show import folding
from config_files import BadConfig
from dispatch.routes import load_routes
from models.bounds import within
from models.chartmogul import Account
from models.routes import Routes
from models.salesforce import OwnerQuery
from settings import ChartMogulAccount, Salesforce, Settings, Slack
from settings_words import near_misses

SHORTEST_SECRET = 16

LONGEST_NAMED, LONGEST_TOLD = 200, 2_000
"""Bytes of what is checked, and of what was found: a value of any length may be quoted."""

NEW_TASK_FIELD = (
    "Setup, Object Manager, Activity, Fields & Relationships, New: Text, length 255, API name {name}; tick"
    " Unique (case-sensitive) and External ID; let the integration user edit it."
)
NEW_ACCOUNT_FIELD = (
    "Setup, Object Manager, Account, Fields & Relationships, New: Text, length 64, API name {name}; tick"
    " Unique (case-sensitive) and External ID; fill it with ChartMogul's customer uuid."
)


async def examine(settings: Settings, console: Console) -> bool:
    """Print one row per check. False where a fault would lose or stop work."""
    table = folding("check", "", "found", "what to do", lines=True)
    faults = 0
    with console.status("Asking each system"):
        async for finding in _findings(settings):
            faults += finding.state is State.FAULT
            colour = COLOURS[finding.state]
            table.add_row(
                within(finding.what, LONGEST_NAMED),
                f"[{colour}]{finding.state}[/]",
                escape(within(finding.detail, LONGEST_TOLD)),
                escape(within(finding.to_do, LONGEST_TOLD)),
            )
    console.print(table)
    return faults == 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    for miss in near_misses(os.environ):
        yield Finding("settings", State.WARNING, miss, "Rename or remove it, in the environment or in .env.")
    routes = Routes(routes=[])
    try:
        routes = load_routes(settings.routes_file)
        for finding in route_findings(settings, routes):
            yield finding
    except BadConfig as error:
        yield Finding("routes", State.FAULT, str(error), "Mend the file: start-up refuses it.")
    sources = (
        temporal_findings(),
        schedule_findings(settings),
        _accounts(settings),
        _salesforce(settings.salesforce, routes),
        _slack(settings.slack, routes),
        crm_findings(settings),
        warehouse_findings(settings),
    )
    for source in sources:
        async for finding in source:
            yield finding


async def _accounts(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.chartmogul:
        yield Finding("ChartMogul", State.FAULT, "no account", "Set CHARTMOGUL__DEFAULT__API_KEY.")
    for name, account in settings.chartmogul.items():
        async for finding in _chartmogul(name, account):
            yield finding


async def _chartmogul(name: str, account: ChartMogulAccount) -> AsyncIterator[Finding]:
    what = f"ChartMogul {name}"
    client = ChartMogulClient(account)
    try:
        found = await client.account()
    except IntegrationError as error:
        yield failed(what, error, f"Set CHARTMOGUL__{name.upper()}__API_KEY.")
    else:
        yield Finding(what, State.OK, f"{found.name}, {found.currency}, {found.time_zone}")
        for finding in _of_account(name, account, found):
            yield finding
    finally:
        await client.aclose()
    yield _webhook_secrets(name, account)


def _of_account(name: str, account: ChartMogulAccount, found: Account) -> Iterator[Finding]:
    if get_currency_precision(found.currency) != 2:
        yield Finding(
            f"ChartMogul {name} currency",
            State.WARNING,
            f"{found.currency} has no cents; amounts are read as hundredths",
            "Compare one customer's MRR here with ChartMogul's page before you rely on amounts.",
        )
    if _hours(found.time_zone) != _hours(account.time_zone):
        variable = f"CHARTMOGUL__{name.upper()}__TIME_ZONE"
        yield Finding(
            f"ChartMogul {name} time zone",
            State.WARNING,
            f"{found.time_zone} there, and {account.time_zone} in {variable}: days and months differ",
            f"Set {variable}={found.time_zone}.",
        )


def _hours(zone: str) -> tuple[timedelta | None, ...] | str:
    """What a zone is, whatever its name: Etc/UTC is UTC. Its offsets at the middle of 24 months."""
    try:
        known = ZoneInfo(zone)
    except (ValueError, OSError, KeyError):  # one that this machine does not know
        return zone
    days = [datetime(year, month, 15, tzinfo=known) for year in (2025, 2026) for month in range(1, 13)]
    return tuple(day.utcoffset() for day in days)


def _webhook_secrets(name: str, account: ChartMogulAccount) -> Finding:
    what, variable = f"webhook {name}", f"CHARTMOGUL__{name.upper()}__WEBHOOK_SECRETS"
    secrets = [each.get_secret_value() for each in account.webhook_secrets]
    if not secrets:
        return Finding(what, State.FAULT, "no secret: every delivery gets 404", f"Set {variable}.")
    if min(map(len, secrets)) < SHORTEST_SECRET:
        advice = "Make one by `openssl rand -hex 24`; ChartMogul signs nothing, the URL is the only proof."
        return Finding(what, State.WARNING, f"shorter than {SHORTEST_SECRET} characters", advice)
    advice = "ChartMogul, Settings & Data, Destinations, Webhook: https://<host>/webhooks/chartmogul/<secret>"
    return Finding(what, State.OK, f"{len(secrets)} valid", advice)


async def _salesforce(connection: Salesforce | None, routes: Routes) -> AsyncIterator[Finding]:
    if connection is None:
        yield Finding(
            "Salesforce", State.OFF, "its steps are skipped", "Set SALESFORCE__INSTANCE_URL and others."
        )
        return
    client = SalesforceClient(connection)
    try:
        task = await client.describe("Task")
        account = await client.describe("Account")
        yield Finding("Salesforce", State.OK, connection.instance_url)
        yield _key_field(task, connection.task_key_field, NEW_TASK_FIELD)
        yield _key_field(account, connection.account_key_field, NEW_ACCOUNT_FIELD)
        for finding in _mapped_fields(task, routes):
            yield finding
        async for finding in _fallback_owners(client, routes):
            yield finding
    except IntegrationError as error:
        advice = "Check the External Client App: client credentials flow on, a run-as user, scope api."
        yield failed("Salesforce", error, advice)
    finally:
        await client.aclose()


def _key_field(description: dict[str, object], name: str, advice: str) -> Finding:
    what = f"{description['name']}.{name}"
    field = _fields(description).get(name)
    if field is None:
        return Finding(
            what, State.FAULT, "not there, or hidden from the integration user", advice.format(name=name)
        )
    if not (field.get("externalId") and field.get("unique")):
        return Finding(what, State.FAULT, "must be External ID and Unique", advice.format(name=name))
    return Finding(what, State.OK, "External ID, unique")


def _mapped_fields(task: dict[str, object], routes: Routes) -> list[Finding]:
    """Each Task field that a route names must be there for us to write."""
    known = _fields(task)
    options = [each.task for each in routes.churn_saves]
    named = {
        name
        for each in options
        for fields in (
            each.fields,
            each.fields_when_saved,
            each.fields_when_withdrawn,
            each.fields_when_lost,
        )
        for name in fields
    }
    missing = sorted(name for name in named if not known.get(name, {}).get("createable"))
    advice = "Create the field, give the integration user the right to edit it, or take it out of the route."
    return [Finding(f"Task.{name}", State.FAULT, "not writable", advice) for name in missing]


def _fields(description: dict[str, object]) -> dict[str, dict[str, object]]:
    fields = description.get("fields")
    return {each["name"]: each for each in fields} if isinstance(fields, list) else {}


async def _fallback_owners(client: SalesforceClient, routes: Routes) -> AsyncIterator[Finding]:
    for email in sorted({each.task.fallback_owner or "" for each in routes.churn_saves}):
        owner = await client.account_owner(OwnerQuery(customer_uuid="doctor", fallback_email=email or None))
        if owner.owner_id:
            yield Finding("fallback owner", State.OK, email)
        else:
            advice = (
                "Name an active user in `task.fallback_owner`; else such tasks go to the integration user."
            )
            yield Finding("fallback owner", State.WARNING, email or "none set", advice)


async def _slack(connection: Slack | None, routes: Routes) -> AsyncIterator[Finding]:
    if connection is None:
        yield Finding("Slack", State.OFF, "its steps are skipped", "Set SLACK__BOT_TOKEN.")
        return
    client = SlackClient(connection)
    try:
        identity = await client.identity()
        yield Finding("Slack", State.OK, f"{identity.get('team')}, as {identity.get('user')}")
        named = {each.channel for each in routes.churn_saves} | {connection.ops_channel or ""}
        for channel in sorted(named - {""}):
            yield await _channel(client, channel)
    except IntegrationError as error:
        yield failed("Slack", error, "Set SLACK__BOT_TOKEN to the app's bot token.")
    finally:
        await client.aclose()


async def _channel(client: SlackClient, channel: str) -> Finding:
    try:
        await client.check_channel(channel)
    except IntegrationError as error:
        advice = "Invite the app to the channel; it needs chat:write, channels:history and users:read.email."
        return failed(f"channel {channel}", error, advice)
    return Finding(f"channel {channel}", State.OK)
