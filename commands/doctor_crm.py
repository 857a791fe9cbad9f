"""`doctor` on the CRM sync: are the systems connected, and the fields there that the mapping names?"""

from collections.abc import AsyncIterator

from clients.crm_systems import Crm
from clients.errors import IntegrationError
from commands.findings import Finding, State, failed
from config_files import BadConfig, load_crm_mapping
from models.crm import CrmMapping, System
from settings import Settings
from worker import Connections


async def crm_findings(settings: Settings) -> AsyncIterator[Finding]:
    if settings.hubspot is None:
        yield Finding("HubSpot", State.OFF, "its steps are skipped", "Set HUBSPOT__TOKEN.")
    try:
        mapping = load_crm_mapping(settings.crm_file)
    except BadConfig as error:
        yield Finding("CRM mapping", State.FAULT, str(error), "Mend the file: start-up refuses it.")
        return
    connections = Connections.of(settings)
    try:
        for system, crm in connections.crms(settings).items():
            async for finding in _fields(crm.for_work(mapping, live=True), system, mapping):
                yield finding
    finally:
        await connections.aclose()


async def _fields(crm: Crm, system: System, mapping: CrmMapping) -> AsyncIterator[Finding]:
    for name, each in mapping.objects(system).items():
        what = f"CRM sync, {system} {name}"
        try:
            unfit = await crm.unfit(name, each)
            notes = await crm.notes(name, each)
        except IntegrationError as error:
            yield failed(what, error, f"Check the connection of {system}, and its rights.")
            continue
        for note in notes:
            yield Finding(what, State.WARNING, note, "Correct config/crm.yaml where that is not meant.")
        if unfit:
            advice = f"`mogulflow crm prepare {system}`, or take the object out of the mapping."
            yield Finding(what, State.WARNING, f"not written: {'; '.join(unfit)}", advice)
        else:
            yield Finding(what, State.OK, f"{len(each.field_names)} fields")
