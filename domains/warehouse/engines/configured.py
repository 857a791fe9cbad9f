"""The engine that the settings name. A vendor's library is loaded only where it is used."""

from domains.warehouse.engine import Engine
from domains.warehouse.settings import Warehouse, schema_of


def engine_of(settings: Warehouse) -> Engine:
    match settings.engine:
        case "duckdb":
            from domains.warehouse.engines.duckdb import DuckDb

            return DuckDb(settings)
        case "postgres":
            from domains.warehouse.engines.postgres import Postgres

            return Postgres(settings)
        case "snowflake":
            from domains.warehouse.engines.snowflake import Snowflake

            return Snowflake(settings)
        case "bigquery":
            from domains.warehouse.engines.bigquery.engine import BigQuery

            return BigQuery(settings)
        case "redshift":
            from domains.warehouse.engines.redshift.engine import Redshift

            return Redshift(settings)


def engine_of_account(settings: Warehouse, account: str) -> Engine:
    return engine_of(settings.model_copy(update={"schema_name": schema_of(settings, account)}))
