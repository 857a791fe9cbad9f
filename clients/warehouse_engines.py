"""The engine that the settings name. A vendor's library is loaded only where it is used."""

import re

from clients.warehouse import Engine
from settings_warehouse import Warehouse


def engine_of(settings: Warehouse) -> Engine:
    match settings.engine:
        case "duckdb":
            from clients.duckdb import DuckDb

            return DuckDb(settings)
        case "postgres":
            from clients.postgres import Postgres

            return Postgres(settings)
        case "snowflake":
            from clients.snowflake import Snowflake

            return Snowflake(settings)
        case "bigquery":
            from clients.bigquery import BigQuery

            return BigQuery(settings)
        case "redshift":
            from clients.redshift import Redshift

            return Redshift(settings)


def engine_of_account(settings: Warehouse, account: str) -> Engine:
    """Each ChartMogul account has a schema of its own: the first one's name, and its own behind it."""
    if account == "default":
        return engine_of(settings)
    name = f"{settings.schema_name}_{re.sub('[^a-z0-9]+', '_', account.casefold())}"
    return engine_of(settings.model_copy(update={"schema_name": name}))
