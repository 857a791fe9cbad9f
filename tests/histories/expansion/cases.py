"""How the recorded runs of expansions come about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from clients.hubspot.client import HubSpotClient
from clients.hubspot.records import key_property
from models.effects import Mode
from models.runs import Outcome
from tests.conftest import settings_for
from tests.histories.studio import Case, Run, Studio
from tests.workflows.template_runs import begin, movement

DEAL = {"stage": "Prospecting", "fallback_owner": "revops@mogulflow.example"}
SECONDS = timedelta(seconds=1) / timedelta(days=1)


def payer(studio: Studio) -> str:
    return next(each.uuid for each in studio.simulators.customers(case="account") if each.mrr)


async def expanded(
    studio: Studio, cents: int = 5000, mode: Mode = Mode.LIVE, seconds_ago: float = 0, **wish: Any
) -> Run:
    at = (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat()
    body = studio.simulators.expand(payer(studio), cents, send=False, at=at)
    options: dict[str, Any] = {"opportunity": DEAL, "settling_seconds": 0.2} | wish
    return await begin(studio.client, "expansion", movement(body), mode=mode, **options)


async def alone(studio: Studio) -> Run:
    return await expanded(studio)


async def as_a_deal(studio: Studio) -> Run:
    """Of HubSpot, with a note in Salesforce."""
    await prepare_deals(studio)
    deal = {"stage": "Appointment scheduled"}
    return await expanded(studio, opportunity=None, deal=deal, log_in="note")


async def prepare_deals(studio: Studio) -> None:
    """Give the portal our property."""
    settings = settings_for(studio.simulators.url).hubspot
    assert settings
    hubspot = HubSpotClient(settings)
    await hubspot.prepare("deals", [key_property(settings.deal_key_property)], dry_run=False)
    await hubspot.aclose()


async def gathered(studio: Studio) -> Run:
    """By the run of its customer."""
    return await expanded(studio, merge_within_days=2 * SECONDS)


async def in_part(studio: Studio) -> Run:
    studio.simulators.remove_field("Opportunity", "Mogulflow_Key__c")
    return await expanded(studio)


async def let_go(studio: Studio) -> Run:
    return await expanded(studio, 1, minimum_percent=50)


async def preview(studio: Studio) -> Run:
    return await expanded(studio, mode=Mode.PREVIEW, merge_within_days=1)


async def nothing_lost(studio: Studio) -> Run:
    """Temporal is asked whether a message may be a repeat, and it is not looked for."""
    return await gathered(studio)


async def outlasts_its_task(studio: Studio) -> Run:
    """Its first, by steps that take long: Temporal goes on with it in another."""
    for system in ("chartmogul", "salesforce"):
        studio.simulators.fault(system, "slow", delay_seconds=0.7, times=20)
    return await expanded(studio, seconds_ago=60)


CASES = [
    Case(alone, Outcome.ACTED),
    Case(as_a_deal, Outcome.ACTED),
    Case(gathered, Outcome.ACTED),
    Case(in_part, Outcome.PARTIAL),
    Case(let_go, Outcome.ACTED),
    Case(preview, Outcome.PREVIEWED),
    Case(nothing_lost, Outcome.ACTED),
    Case(outlasts_its_task, Outcome.ACTED),
]
