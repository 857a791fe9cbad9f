"""How the recorded runs of the daily CRM sync come about."""

from models.runs import Outcome
from models.templates.crm_sync import CrmReport, CrmSyncInput
from tests.conftest import settings_for
from tests.histories.studio import Case, Run, Studio, start
from tests.workflows.crm import MAPPING, prepare


async def daily(studio: Studio) -> Run:
    given = CrmSyncInput(account="default", system="hubspot", mapping=MAPPING)
    return await start(studio, "crm_sync", given, CrmReport)


async def synced(studio: Studio) -> Run:
    await prepare(settings_for(studio.simulators.url))
    return await daily(studio)


async def fields_missing(studio: Studio) -> Run:
    return await daily(studio)


CASES = [Case(synced, Outcome.ACTED), Case(fields_missing, Outcome.PARTIAL)]
