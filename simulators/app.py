"""Puts the simulators together: four APIs, their pages, the control API, and faults around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from simulators.chartmogul import api as chartmogul
from simulators.chartmogul import attributes as chartmogul_attributes
from simulators.chartmogul import control as control_chartmogul
from simulators.chartmogul import lists as chartmogul_lists
from simulators.chartmogul import pages as chartmogul_pages
from simulators.chartmogul.book import NotPossible
from simulators.hubspot import api as hubspot
from simulators.hubspot import control as control_hubspot
from simulators.hubspot import more as hubspot_more
from simulators.hubspot import pages as hubspot_pages
from simulators.kit import control_api, fault_panel, pages
from simulators.kit.faults import Faults
from simulators.kit.refusal import Refusal, answer_refusal
from simulators.salesforce import api as salesforce
from simulators.salesforce import collections as salesforce_collections
from simulators.salesforce import pages as salesforce_pages
from simulators.slack import api as slack
from simulators.slack import pages as slack_pages
from simulators.world import World


def create_app(world: World) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await world.close()

    app = FastAPI(title="Simulators", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.world = world
    app.add_exception_handler(Refusal, answer_refusal)
    app.add_exception_handler(NotPossible, control_chartmogul.answer_not_possible)
    for paths, router in hubspot_more.EVERYWHERE:
        app.include_router(router, prefix=f"/hubspot/crm{paths}", dependencies=hubspot.guards)
    for router in (
        chartmogul.router,
        chartmogul_attributes.router,
        chartmogul_lists.router,
        salesforce.token_router,
        salesforce_collections.router,
        salesforce.router,
        slack.router,
        control_api.router,
        control_chartmogul.router,
        control_hubspot.router,
        pages.router,
        chartmogul_pages.router,
        salesforce_pages.router,
        slack_pages.router,
        hubspot_pages.router,
        fault_panel.router,
    ):
        app.include_router(router)
    return Faults(app, world)
