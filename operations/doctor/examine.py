"""All checks, one after the other."""

import os
from collections.abc import AsyncIterator

from configuration.environment import near_misses
from configuration.files import BadConfig, load_routes
from models.findings import Finding, State
from models.routes import Routes
from operations.doctor.agents import agent_findings
from operations.doctor.connectors import connector_findings
from operations.doctor.crm import crm_findings
from operations.doctor.routes import route_findings
from operations.doctor.schedules import schedule_findings
from operations.doctor.temporal import temporal_findings
from operations.doctor.warehouse import warehouse_findings
from settings import Settings
from systems import SYSTEMS


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Each as soon as it is known. A FAULT would lose or stop work."""
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
        *(system.examine(settings, routes) for system in SYSTEMS if system.examine),
        connector_findings(settings, routes),
        crm_findings(settings, routes),
        warehouse_findings(settings),
        agent_findings(settings),
    )
    for source in sources:
        async for finding in source:
            yield finding
