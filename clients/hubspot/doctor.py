"""HubSpot: does it answer, and are the pipelines, stages and users there that routes name, and what deals and
tasks need? Fields of the CRM sync are checked with its mapping."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

from clients.hubspot.client import HubSpotClient
from clients.hubspot.errors import MISSING_SCOPES
from clients.hubspot.pipelines import has_pipeline, no_pipeline, stage_in, unknown
from clients.hubspot.records import NO_KEY
from clients.hubspot.settings import HubSpot
from clients.kit.errors import IntegrationError, Permanent
from clients.kit.findings import failed
from models.findings import Finding, State
from models.hubspot import ObjectType, Pipeline
from models.routes import Routes
from models.spelling import nearest
from models.templates.template import Names

SCOPES = (
    "In HubSpot open the key (Development, Keys, Service keys) or the private app (Settings, Integrations,"
    " Private Apps), Edit, Scopes, and tick {scopes}."
)
OF_OWNERS, OF_DEALS = "crm.objects.owners.read", "crm.objects.deals.read, crm.objects.deals.write"
OF_KEYS = "crm.schemas.deals.read, crm.schemas.contacts.read"
TOKEN = "Set HUBSPOT__TOKEN to a Service Key, or a private app's token."
OF_COMPANIES = "crm.schemas.companies.read, crm.schemas.contacts.read"
LIKE = 0.85
"""Names of properties have a prefix in common."""
MEND = "Correct the internal name in the route, or make the property: Settings, Properties."
CORRECT = "Correct the route, or add it: Settings, Objects, Deals, Pipelines."


Check = tuple[str, str, Callable[[], Awaitable[Iterable[Finding]]]]
"""What it is of, the scopes that it takes, and how it is made."""


async def hubspot_findings(connection: HubSpot | None, routes: Routes) -> AsyncIterator[Finding]:
    """Of users, deals and tasks it is asked where a route names a pipeline, a stage, a property or a user."""
    if connection is None:
        yield Finding("HubSpot", State.OFF, "its steps are skipped", "Set HUBSPOT__TOKEN.")
        return
    client = HubSpotClient(connection)
    checks = list[Check]()
    if users := routes.named(Names.HUBSPOT_USER):
        checks.append(("HubSpot users", OF_OWNERS, lambda: _users(client, users)))
    stages, pipelines = routes.named(Names.HUBSPOT_STAGE), routes.named(Names.HUBSPOT_PIPELINE)
    if stages | pipelines:
        checks.append(("HubSpot deals", OF_DEALS, lambda: _stages(client, stages - {""}, pipelines - {""})))
        checks.append(("HubSpot deals", OF_KEYS, lambda: _key(client, "deals", connection.deal_key_property)))
    if checks:
        checks.append(("HubSpot tasks", OF_KEYS, lambda: _key(client, "tasks", connection.task_key_property)))
    try:
        for what, scopes, check in [*checks, *_property_checks(client, routes)]:
            for finding in await _checked(what, scopes, check):
                yield finding
    finally:
        await client.aclose()


def _property_checks(client: HubSpotClient, routes: Routes) -> Iterator[Check]:
    if of_deals := routes.named(Names.HUBSPOT_DEAL_PROPERTY):
        yield "HubSpot deals", OF_KEYS, lambda: _deal_properties(client, of_deals)
    if of_users := routes.named(Names.HUBSPOT_USER_PROPERTY) - {""}:
        yield "HubSpot properties", OF_COMPANIES, lambda: _user_properties(client, of_users)


async def _checked(
    what: str, scopes: str, check: Callable[[], Awaitable[Iterable[Finding]]]
) -> Iterable[Finding]:
    try:
        return await check()
    except IntegrationError as error:
        lacks = isinstance(error, Permanent) and error.code == MISSING_SCOPES
        return [failed(what, error, SCOPES.format(scopes=scopes) if lacks else TOKEN)]


async def _users(client: HubSpotClient, emails: Iterable[str]) -> list[Finding]:
    found = []
    for email in sorted(emails):
        there = await client.owners.by_email(email) if email else None
        advice = "Name an active user in the route; else such tasks have no owner."
        what = "HubSpot user"
        found.append(
            Finding(what, State.OK, email)
            if there
            else Finding(what, State.WARNING, email or "none set", advice)
        )
    return found


async def _stages(client: HubSpotClient, stages: set[str], pipelines: set[str]) -> list[Finding]:
    known = await client.pipelines.all()
    found = [_pipeline(known, name) for name in sorted(pipelines)]
    return found + [_stage(known, name) for name in sorted(stages)]


def _pipeline(known: list[Pipeline], name: str) -> Finding:
    what = f"HubSpot pipeline {name}"
    if has_pipeline(known, name):
        return Finding(what, State.OK)
    return Finding(what, State.FAULT, no_pipeline(known, name), CORRECT)


def _stage(known: list[Pipeline], name: str) -> Finding:
    what = f"HubSpot stage {name}"
    if found := stage_in(known, None, name):
        return Finding(what, State.OK, f"of pipeline {found[0].label}")
    return Finding(what, State.FAULT, unknown(known, None, name), CORRECT)


async def _deal_properties(client: HubSpotClient, names: set[str]) -> list[Finding]:
    """Deals are made without those that are not there, or not ours to write."""
    known = {each.name: each for each in await client.properties("deals")}
    found = []
    for name in sorted(names):
        if name not in known:
            found.append((name, f"left out of each: not there{nearest(name, known, LIKE)}"))
        elif not known[name].writable:
            found.append((name, "left out of each: HubSpot lets nobody write it"))
    return [Finding(f"HubSpot deals.{name}", State.WARNING, said, MEND) for name, said in found]


async def _user_properties(client: HubSpotClient, names: set[str]) -> list[Finding]:
    """On companies or contacts; the other ways to find who is in charge are gone on with."""
    known = [*await client.properties("companies"), *await client.properties("contacts")]
    users = {each.name for each in known if each.holds_user}
    found = []
    for name in sorted(names - users):
        there = any(each.name == name for each in known)
        said = "it holds no HubSpot user" if there else "neither companies nor contacts have it"
        said += nearest(name, users)
        found.append(Finding(f"HubSpot property {name}", State.WARNING, said, MEND))
    return found


async def _key(client: HubSpotClient, object_type: ObjectType, name: str) -> list[Finding]:
    """Without one a deal cannot be made; a task can, and is looked for before it is made again."""
    what = f"HubSpot {object_type}.{name}"
    if await client.records.has_unique(object_type, name):
        return [Finding(what, State.OK, "unique values")]
    if object_type == "tasks":
        said = "not there, or not unique: a task is looked for among those of its contact or company"
        return [Finding(what, State.WARNING, said, NO_KEY)]
    return [Finding(what, State.FAULT, "not there, or not set to hold unique values", NO_KEY)]
