"""The engine that the settings name. A vendor's library is loaded only where it is used."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from domains.warehouse.engine import Engine
from domains.warehouse.settings import Warehouse, schema_of


class Engines:
    """An engine for each account, with a schema of its own. Made once in a process that loads: what engines
    of one file must know of each other is kept here."""

    def __init__(self, settings: Warehouse) -> None:
        self._settings = settings

    def of_account(self, account: str) -> Engine:
        schema = schema_of(self._settings, account)
        return self._make(self._settings.model_copy(update={"schema_name": schema}))

    @cached_property
    def _make(self) -> Callable[[Any], Engine]:
        match self._settings.engine:
            case "duckdb":
                from domains.warehouse.engines.duckdb import DuckDb, FileMemory

                return partial(DuckDb, memory=FileMemory())
            case "postgres":
                from domains.warehouse.engines.postgres import Postgres

                return Postgres
            case "snowflake":
                from domains.warehouse.engines.snowflake import Snowflake

                return Snowflake
            case "bigquery":
                from domains.warehouse.engines.bigquery.engine import BigQuery

                return BigQuery
            case "redshift":
                from domains.warehouse.engines.redshift.engine import Redshift

                return Redshift


def engine_of_account(settings: Warehouse, account: str) -> Engine:
    """For a process that uses no other."""
    return Engines(settings).of_account(account)
