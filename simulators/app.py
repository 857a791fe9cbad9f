"""Puts the simulators together: four APIs, their pages, the control API, and faults around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from simulators import (
    chartmogul,
    chartmogul_attributes,
    chartmogul_lists,
    chartmogul_pages,
    control_api,
    control_chartmogul,
    control_hubspot,
    fault_panel,
    hubspot,
    hubspot_more,
    hubspot_pages,
    pages,
    salesforce,
    salesforce_collections,
    salesforce_pages,
    slack,
    slack_pages,
)
from simulators.chartmogul_book import NotPossible
from simulators.faults import Faults
from simulators.refusal import Refusal, answer_refusal
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
