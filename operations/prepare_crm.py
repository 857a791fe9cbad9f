"""The fields that the mapping needs. HubSpot's are made, Salesforce's an admin must make."""

from collections.abc import Sequence
from dataclasses import dataclass

from clients.hubspot.client import HubSpotClient
from clients.hubspot.fields import wanted_properties
from clients.kit.errors import IntegrationError
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
        made, to_do = list[Prepared](), list[str]()
        if system == "hubspot":
            hubspot = connections.to(HUBSPOT)
            assert hubspot  # required before
            made = await _hubspot(hubspot, mapping, dry_run)
        else:
            salesforce = connections.to(SALESFORCE)
            assert salesforce  # required before
            to_do = await _salesforce(salesforce, mapping)
        crm = connections.crms(settings)[system].for_work(mapping, live=False)
        return Preparation(system, made, to_do, await _warnings(crm, mapping))
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


async def _salesforce(client: SalesforceClient, mapping: CrmMapping) -> list[str]:
    left = list[str]()
    for name, each in mapping.objects("salesforce").items():
        left += to_do_in_salesforce(name, each, await client.describe(name))
    return left
