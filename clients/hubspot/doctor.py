"""HubSpot: is it connected? Its fields are checked with the CRM sync's mapping."""

from collections.abc import AsyncIterator

from clients.hubspot.settings import HubSpot
from models.findings import Finding, State


async def hubspot_findings(connection: HubSpot | None) -> AsyncIterator[Finding]:
    if connection is None:
        yield Finding("HubSpot", State.OFF, "its steps are skipped", "Set HUBSPOT__TOKEN.")
