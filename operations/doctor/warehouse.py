"""The warehouse: does it answer, and does the mapping read?"""

import asyncio
from collections.abc import AsyncIterator

from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from configuration.files import BadConfig, load_mapping
from domains.warehouse.engine import Engine
from domains.warehouse.engines.configured import engine_of_account
from domains.warehouse.loader import opened
from models.findings import Finding, State
from settings import Settings


async def warehouse_findings(settings: Settings) -> AsyncIterator[Finding]:
    if settings.warehouse is None:
        yield Finding("warehouse", State.OFF, "nothing is exported", "Set WAREHOUSE__ENGINE.")
        return
    try:
        mapping = load_mapping(settings.warehouse_file)
        yield Finding("warehouse mapping", State.OK, f"{len(mapping.streams)} tables")
    except BadConfig as error:
        yield Finding("warehouse mapping", State.FAULT, str(error), "Mend the file: start-up refuses it.")
    what = f"warehouse, {settings.warehouse.engine}"
    try:
        engine = engine_of_account(settings.warehouse, "default")
        await asyncio.to_thread(_ask, engine)
        yield Finding(what, State.OK, "answers")
    except IntegrationError as error:
        yield failed(what, error, "Check WAREHOUSE__*, and that it can be reached from here.")


def _ask(engine: Engine) -> None:
    with opened(engine, read_only=True) as session:
        session.query("select 1")
