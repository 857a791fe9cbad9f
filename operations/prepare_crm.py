"""The fields that the mapping needs, and those of our keys. HubSpot's are made, Salesforce's an admin must
make."""

from collections.abc import Sequence
from dataclasses import dataclass

from clients.hubspot.client import HubSpotClient
from clients.hubspot.errors import MISSING_SCOPES
from clients.hubspot.fields import wanted_properties
from clients.hubspot.records import key_property
from clients.hubspot.settings import HubSpot
from clients.kit.errors import IntegrationError, Rejected, Unauthorized
from clients.salesforce.client import SalesforceClient
from clients.salesforce.fields import to_do_in_salesforce
from configuration.files import load_crm_mapping
from domains.crm.systems import Crm
from models.crm import CrmMapping, CrmName
from models.hubspot import ObjectType, Prepared
from models.templates.crm_sync import CrmSyncInput
from operations.crm import require
from operations.outages import stopped_by
from settings import Settings
from systems import HUBSPOT, SALESFORCE, Connections

WITHOUT: dict[ObjectType, str] = {
    "deals": "without which none is made",
    "tasks": "without which each is looked for before it is made again",
}

OBJECT_TYPES: tuple[ObjectType, ...] = ("contacts", "companies")


@dataclass(frozen=True)
class Preparation:
    """What was made in HubSpot, or would be, and what an admin must do in Salesforce. `warnings` are of what
    works, and may not be meant: the same as `doctor` has."""

    system: CrmName
    made: Sequence[Prepared] = ()
    to_do: Sequence[str] = ()
    warnings: Sequence[str] = ()

    @property
    def done(self) -> bool:
        """Nothing is left for a person."""
        return not self.to_do and not any(each.problem for each in self.made)


async def prepare(settings: Settings, system: CrmName, dry_run: bool = False) -> Preparation:
    """With `dry_run` nothing is made. Raises Stopped and BadConfig."""
    mapping = load_crm_mapping(settings.crm_file)
    require(settings, CrmSyncInput(account="", system=system, mapping=mapping), settings.crm_file)
    connections = Connections.of(settings)
    try:
        made, to_do, without = list[Prepared](), list[str](), list[str]()
        if system == "hubspot":
            hubspot = connections.to(HUBSPOT)
            assert hubspot  # required before
            made = await _hubspot(hubspot, mapping, dry_run)
            keys, without = await _keys(hubspot, settings.hubspot, dry_run)
            made += keys
        else:
            salesforce = connections.to(SALESFORCE)
            assert salesforce  # required before
            to_do = await _salesforce(salesforce, mapping)
        crm = connections.crms(settings)[system].for_work(mapping, live=False)
        return Preparation(system, made, to_do, [*await _warnings(crm, mapping), *without])
    except IntegrationError as error:
        raise stopped_by(error, "What was made stays, and is found the next time.") from None
    finally:
        await connections.aclose()


async def _warnings(crm: Crm, mapping: CrmMapping) -> list[str]:
    return [
        note for name, each in mapping.objects(crm.system).items() for note in await crm.notes(name, each)
    ]


async def _hubspot(client: HubSpotClient, mapping: CrmMapping, dry_run: bool) -> list[Prepared]:
    objects, found = mapping.objects("hubspot"), list[Prepared]()
    for name in OBJECT_TYPES:
        if name in objects:
            found += await client.prepare(name, wanted_properties(objects[name]), dry_run=dry_run)
    return found


async def _keys(
    client: HubSpotClient, settings: HubSpot | None, dry_run: bool
) -> tuple[list[Prepared], list[str]]:
    """On deals and tasks, which not every installation makes: what the portal or the token does not allow is
    told, and no failure."""
    assert settings  # required before
    made, without = list[Prepared](), list[str]()
    keys: dict[ObjectType, str] = {"deals": settings.deal_key_property, "tasks": settings.task_key_property}
    for object_type, name in keys.items():
        try:
            found = await client.prepare(object_type, [key_property(name)], dry_run=dry_run)
        except (Rejected, Unauthorized) as refusal:
            if isinstance(refusal, Unauthorized) and refusal.code != MISSING_SCOPES:
                raise
            without.append(
                f"{object_type}: no property {name} for our key, {WITHOUT[object_type]}: {refusal}"
            )
            continue
        without += [f"{object_type}.{each.name}: {each.problem}" for each in found if each.problem]
        made += [each for each in found if not each.problem]
    return made, without


async def _salesforce(client: SalesforceClient, mapping: CrmMapping) -> list[str]:
    left = list[str]()
    for name, each in mapping.objects("salesforce").items():
        left += to_do_in_salesforce(name, each, await client.describe(name))
    return left
