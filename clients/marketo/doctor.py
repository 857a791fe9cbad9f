"""Marketo: does it answer, may the API-Only user do what the steps need, and is what the routes name there?

Of the rights only those can be seen that a read needs. Asking whether a lead is in a list needs the right to
write leads, says Marketo's API description; whether campaigns may be requested, the first request shows.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

from clients.kit.errors import IntegrationError, NotFound, Unauthorized
from clients.kit.findings import failed
from clients.marketo.assets import WORDS, Asset, Campaign, Kind
from clients.marketo.client import MarketoClient
from clients.marketo.fields import fitted
from clients.marketo.objects import NEW_LINK
from clients.marketo.settings import Marketo
from models.findings import Finding, State
from models.routes import Routes
from models.spelling import nearest
from models.templates.template import Names

SET = "Set MARKETO__BASE_URL, MARKETO__CLIENT_ID and MARKETO__CLIENT_SECRET."
CONNECT = (
    "Client ID and Client Secret: Admin, Integration, LaunchPoint, View Details of a custom service."
    " Endpoint and Identity URL: Admin, Integration, Web Services, REST API."
)
RIGHT = "In Admin, Users & Roles, Roles, tick {} under Access API for the role of the API-Only user."
LEADS = RIGHT.format("Read-Write Lead")
ASSETS = RIGHT.format("Read-Only Assets")
FIELDS = "Name it in the route by its REST API name: Admin, Field Management, Export Field Names."
OBJECTS = RIGHT.format("Read-Write Custom Object")
TRIGGER = "Give it the trigger Campaign is Requested with source Web Service API, and activate it."
ANY_LEAD = "1"

OF_KIND: dict[Kind, Names] = {
    "list": Names.MARKETO_LIST,
    "program": Names.MARKETO_PROGRAM,
    "campaign": Names.MARKETO_CAMPAIGN,
}


async def marketo_findings(connection: Marketo | None, routes: Routes) -> AsyncIterator[Finding]:
    if connection is None:
        yield Finding("Marketo", State.OFF, "its steps are skipped", SET)
        return
    client = MarketoClient(connection)
    try:
        user = await client.user()
        calls = await client.calls_today()
        detail = f"{connection.rest_url}, as {user}; {calls:,} calls today, of all integrations"
        yield Finding("Marketo", State.OK, detail)
        leads = await _leads(client)
        yield leads
        if leads.state is State.OK:
            async for finding in _fields(client, routes.named(Names.MARKETO_LEAD_FIELD)):
                yield finding
        async for finding in _assets(client, routes):
            yield finding
        for name in sorted(routes.named(Names.MARKETO_OBJECT) - {""}):
            yield await _object(client, name)
    except IntegrationError as error:
        yield failed("Marketo", error, CONNECT)
    finally:
        await client.aclose()


async def _leads(client: MarketoClient) -> Finding:
    try:
        fields = await client.leads.specs()
        await client.leads.partition_id()
    except IntegrationError as error:
        return failed("Marketo leads", error, LEADS)
    return Finding("Marketo leads", State.OK, f"{len(fields)} fields")


async def _fields(client: MarketoClient, names: set[str]) -> AsyncIterator[Finding]:
    """Of leads. One that is not there, or not ours to write, is left out of each lead."""
    specs = await client.leads.specs() if names else {}
    for name in sorted(names):
        unfit = fitted({name: ""}, specs, company_fields=client.settings.company_fields).notes
        if unfit:
            said = unfit[0].partition(" was left out: ")[2]
            yield Finding(f"Marketo lead field {name}", State.WARNING, said, FIELDS)


async def _assets(client: MarketoClient, routes: Routes) -> AsyncIterator[Finding]:
    look: dict[Kind, Callable[[str], Awaitable[Asset]]] = {
        "list": client.assets.static_list,
        "program": client.assets.program,
        "campaign": client.assets.campaign,
    }
    for kind, mark in OF_KIND.items():
        for name in sorted(routes.named(mark) - {""}):
            what = f"{WORDS[kind]} {name}"
            try:
                found = await look[kind](name)
            except NotFound:
                yield await _missing(what, name, client.assets.names(kind))
            except IntegrationError as error:
                yield failed(what, error, ASSETS)
            else:
                yield await _usable(client, what, found, is_list=kind == "list")


async def _usable(client: MarketoClient, what: str, found: Asset, *, is_list: bool) -> Finding:
    if isinstance(found, Campaign) and not found.requestable:
        return Finding(what, State.FAULT, "it cannot be requested", TRIGGER)
    if is_list:
        try:
            await client.members.is_in_list(found.id, ANY_LEAD)
        except NotFound:
            pass  # the lead, who need not be there
        except Unauthorized as error:
            return failed(what, error, LEADS)
    return Finding(what, State.OK, f"id {found.id}")


async def _missing(what: str, name: str, names: AsyncIterable[str]) -> Finding:
    try:
        known = [each async for each in names]
    except IntegrationError as error:
        return failed(what, error, ASSETS)
    advice = "Correct the name in the route, or let the API-Only user see the workspace that it is in."
    return Finding(what, State.FAULT, f"not there{nearest(name, known)}", advice)


async def _object(client: MarketoClient, name: str) -> Finding:
    what = f"custom object {name}"
    try:
        kind = await client.objects.describe(name)
    except NotFound:
        advice = "Name it by its API name, which Admin, Marketo Custom Objects shows."
        return Finding(what, State.FAULT, f"not there{nearest(name, await client.objects.names())}", advice)
    except IntegrationError as error:
        return failed(what, error, OBJECTS)
    if kind.link is None:
        return Finding(what, State.FAULT, "it has no link to a lead", NEW_LINK)
    return Finding(what, State.OK, f"dedupe fields {', '.join(kind.dedupe)}")
