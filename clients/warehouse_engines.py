"""The engine that the settings name. A vendor's library is loaded only where it is used."""

from clients.warehouse import Engine
from settings_warehouse import Warehouse, schema_of


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
    return engine_of(settings.model_copy(update={"schema_name": schema_of(settings, account)}))
