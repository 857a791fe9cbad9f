"""`crm prepare`: the fields that the mapping needs. HubSpot's are made, Salesforce's an admin must make."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape

from clients.hubspot.client import HubSpotClient
from clients.hubspot.fields import wanted_properties
from clients.kit.errors import IntegrationError
from clients.salesforce.client import SalesforceClient
from clients.salesforce.fields import to_do_in_salesforce
from commands.crm import require
from commands.stopped import stopped_by
from configuration.files import load_crm_mapping
from domains.crm.systems import Crm
from models.crm import CrmMapping, CrmName
from models.effects import Action
from models.hubspot import ObjectType, Prepared
from models.templates.crm_sync import CrmSyncInput
from settings import Settings
from systems import HUBSPOT, SALESFORCE, Connections

COLOURS = {Action.CREATED: "green", Action.WOULD_CREATE: "green", Action.SKIPPED: "bold red"}
KINDS = {"group": "groups", "property": "properties"}
PACKAGE = (
    "The fields of the mapping that Mogulflow comes with are in deploy/salesforce: `sf project deploy start"
    " --metadata-dir deploy/salesforce`, then assign the permission set Mogulflow to the integration user."
)
OBJECT_TYPES: tuple[ObjectType, ...] = ("contacts", "companies")


async def prepare(settings: Settings, system: CrmName, dry_run: bool, console: Console) -> bool:
    """False where something is left for a person. Raises Stopped."""
    mapping = load_crm_mapping(settings.crm_file)
    require(settings, CrmSyncInput(account="", system=system, mapping=mapping), settings.crm_file)
    connections = Connections.of(settings)
    try:
        if system == "hubspot":
            hubspot = connections.to(HUBSPOT)
            assert hubspot  # required before
            done = await _hubspot(hubspot, mapping, dry_run, console)
        else:
            salesforce = connections.to(SALESFORCE)
            assert salesforce  # required before
            done = await _salesforce(salesforce, mapping, console)
        crm = connections.crms(settings)[system].for_work(mapping, live=False)
        await _warn(crm, mapping, console)
    except IntegrationError as error:
        raise stopped_by(error, "What was made stays, and is found the next time.") from None
    finally:
        await connections.aclose()
    return done


async def _warn(crm: Crm, mapping: CrmMapping, console: Console) -> None:
    """Of what works, and may not be meant: the same as `doctor` does."""
    for name, each in mapping.objects(crm.system).items():
        for note in await crm.notes(name, each):
            console.print(f"[yellow]warning[/] {escape(note)}", soft_wrap=True, highlight=False)


async def _hubspot(client: HubSpotClient, mapping: CrmMapping, dry_run: bool, console: Console) -> bool:
    objects, found = mapping.objects("hubspot"), list[Prepared]()
    for name in OBJECT_TYPES:
        if name in objects:
            found += await client.prepare(name, wanted_properties(objects[name]), dry_run=dry_run)
    for line in _lines(found):
        console.print(line, highlight=False)
    return not any(each.problem for each in found)


def _lines(found: Sequence[Prepared]) -> Iterator[str]:
    """One for all to which the same was done."""
    alike: dict[tuple[str, str, Action, str | None], list[str]] = {}
    for each in found:
        alike.setdefault((each.object_type, each.kind, each.action, each.problem), []).append(each.name)
    for (object_type, kind, action, problem), names in alike.items():
        what = f"[{COLOURS.get(action, 'dim')}]{len(names)} {action}[/]"
        yield f"{object_type}, {KINDS[kind]}: {what}: {', '.join(names)}"
        if problem:
            yield f"  {escape(problem)}"


async def _salesforce(client: SalesforceClient, mapping: CrmMapping, console: Console) -> bool:
    left = list[str]()
    for name, each in mapping.objects("salesforce").items():
        left += to_do_in_salesforce(name, each, await client.describe(name))
    if left:
        console.print(
            "An admin must do this (Setup, Object Manager, the object, Fields & Relationships), and let the"
            " integration user read and edit each field:",
            soft_wrap=True,
        )
        console.print(f"  {PACKAGE}", soft_wrap=True)
    for each_line in left:
        console.print(f"  {escape(each_line)}", soft_wrap=True)
    if not left:
        console.print("All fields that the mapping names are there.")
    return not left
