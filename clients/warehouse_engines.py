"""The engine that the settings name. A vendor's library is loaded only where it is used."""

from clients.warehouse import Engine
from settings_warehouse import PostgresWarehouse, Warehouse


def engine_of(settings: Warehouse) -> Engine:
    if isinstance(settings, PostgresWarehouse):
        from clients.postgres import Postgres

        return Postgres(settings)
    from clients.duckdb import DuckDb

    return DuckDb(settings)
