"""Settings of the warehouse: one engine, with what it needs to sign in."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from clients.kit.settings import SystemSettings, Url

LONGEST_NAME = 63
"""PostgreSQL cuts what is longer, and two schemas would be one."""

SchemaName = Annotated[str, Field(pattern=rf"^[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}$")]


class DuckDbWarehouse(SystemSettings):
    engine: Literal["duckdb"] = Field(default="duckdb", description="Which engine")
    path: Path = Field(default=Path("data/warehouse.duckdb"), description="File of the database")
    memory_mb: int = Field(default=256, ge=128, description="Memory of the database; large tables get more")
    schema_name: SchemaName = Field(default="chartmogul", description="Schema for tables and views")


class PostgresWarehouse(SystemSettings):
    engine: Literal["postgres"] = Field(description="Which engine")
    dsn: SecretStr = Field(description="postgresql://user:password@host:5432/database")
    schema_name: SchemaName = Field(default="chartmogul", description="Schema for tables and views")


class SnowflakeWarehouse(SystemSettings):
    """Sign in with one of: a key pair, a programmatic access token, a password."""

    engine: Literal["snowflake"] = Field(description="Which engine")
    account: str = Field(description="Account identifier, myorg-account")
    user: str = Field(description="User, of type SERVICE with a key pair or a token")
    role: str | None = Field(default=None, description="Role; the user's default where left out")
    warehouse: str | None = Field(default=None, description="Virtual warehouse that computes")
    database: str = Field(description="Database; the schema is made in it where it is missing")
    private_key: SecretStr | None = Field(default=None, description="Private key as PEM text")
    private_key_file: str | None = Field(default=None, description="File with the private key")
    private_key_password: SecretStr | None = Field(default=None, description="Password of the key")
    token: SecretStr | None = Field(default=None, description="Programmatic access token")
    password: SecretStr | None = Field(default=None, description="Password")
    host: str | None = Field(default=None, description="Other host than the account's own")
    port: int | None = Field(default=None, ge=1, le=65535, description="Port, with `host`")
    protocol: Literal["http", "https"] = Field(default="https", description="http for a local endpoint alone")
    statement_seconds: int = Field(default=3600, ge=1, description="Longest that a statement may take")
    schema_name: SchemaName = Field(default="chartmogul", description="Schema for tables and views")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        ways = (self.private_key, self.private_key_file, self.token, self.password)
        if sum(way is not None for way in ways) != 1:
            names = "PRIVATE_KEY, WAREHOUSE__PRIVATE_KEY_FILE, WAREHOUSE__TOKEN, WAREHOUSE__PASSWORD"
            raise ValueError(f"Snowflake needs exactly one of WAREHOUSE__{names}")
        return self


class BigQueryWarehouse(SystemSettings):
    engine: Literal["bigquery"] = Field(description="Which engine")
    project: str = Field(description="Project that holds the data set and pays")
    location: str = Field(default="US", description="Where the data set is, or is made")
    credentials_file: str | None = Field(
        default=None, description="Service account's key file; Google's default credentials where left out"
    )
    api_endpoint: Url | None = Field(
        default=None, description="Other endpoint; one with http:// gets no credentials"
    )
    job_seconds: int = Field(default=3600, ge=1, description="Longest that a job may take")
    schema_name: SchemaName = Field(default="chartmogul", description="Data set for tables and views")


class RedshiftWarehouse(SystemSettings):
    """Without a bucket, small loads go by INSERT and large ones are refused."""

    engine: Literal["redshift"] = Field(description="Which engine")
    dsn: SecretStr = Field(description="postgresql://user:password@cluster:5439/database?sslmode=require")
    s3_bucket: str | None = Field(
        default=None, description="Bucket for loads by COPY, in the cluster's region"
    )
    s3_prefix: str = Field(default="mogulflow", description="Folder in the bucket")
    iam_role: str | None = Field(
        default=None,
        pattern=r"^(default|arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+)$",
        description="Role of the cluster that may read the bucket: its ARN, or `default`",
    )
    region: str | None = Field(default=None, description="Region of the bucket, for the upload")
    s3_endpoint: Url | None = Field(default=None, description="Other S3 endpoint")
    insert_up_to_rows: int = Field(default=20_000, ge=0, description="Largest load without a bucket")
    statement_seconds: int = Field(default=3600, ge=1, description="Longest that a statement may take")
    schema_name: SchemaName = Field(default="chartmogul", description="Schema for tables and views")

    @model_validator(mode="after")
    def _copy_needs_both(self) -> Self:
        if (self.s3_bucket is None) != (self.iam_role is None):
            raise ValueError("Redshift's COPY needs both WAREHOUSE__S3_BUCKET and WAREHOUSE__IAM_ROLE")
        return self


Warehouse = Annotated[
    DuckDbWarehouse | PostgresWarehouse | SnowflakeWarehouse | BigQueryWarehouse | RedshiftWarehouse,
    Field(discriminator="engine"),
]


ENGINES: dict[str, type[BaseModel]] = {
    "duckdb": DuckDbWarehouse,
    "postgres": PostgresWarehouse,
    "snowflake": SnowflakeWarehouse,
    "bigquery": BigQueryWarehouse,
    "redshift": RedshiftWarehouse,
}
"""By the name that WAREHOUSE__ENGINE gives."""


def schema_of(settings: Warehouse, account: str) -> str:
    """Each ChartMogul account has a schema of its own: the first one's name, and its own behind it."""
    if account == "default":
        return settings.schema_name
    return f"{settings.schema_name}_{re.sub('[^a-z0-9]+', '_', account.casefold())}"
