"""Puts the simulators together: each vendor's API, pages and side door, and faults around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from simulators import fault_panel
from simulators.billing.truth import control as truth
from simulators.kit import control_api, pages
from simulators.kit.fault_book import UnknownSystem
from simulators.kit.faults import Faults
from simulators.kit.refusal import Refusal, answer_refusal
from simulators.world import World


def create_app(world: World) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await world.close()

    app = FastAPI(title="Simulators", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.world = world
    app.add_exception_handler(Refusal, answer_refusal)
    app.add_exception_handler(UnknownSystem, control_api.answer_unknown_system)
    for vendor in world.vendors:
        for kind, handler in vendor.handlers.items():
            app.add_exception_handler(kind, handler)
        for router in vendor.routers:
            app.include_router(router)
    for router in (truth.router, control_api.router, pages.router, fault_panel.router):
        app.include_router(router)
    return Faults(app, world)
