"""Settings of the warehouse: one engine, with what it needs to sign in."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr

SchemaName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class DuckDbWarehouse(BaseModel):
    engine: Literal["duckdb"] = Field(default="duckdb", description="Which engine")
    path: Path = Field(default=Path("data/warehouse.duckdb"), description="File of the database")
    memory_mb: int = Field(default=256, ge=128, description="Memory of the database; large tables get more")
    schema_name: SchemaName = Field(default="chartmogul", description="Schema for tables and views")


class PostgresWarehouse(BaseModel):
    engine: Literal["postgres"] = Field(description="Which engine")
    dsn: SecretStr = Field(description="postgresql://user:password@host:5432/database")
    schema_name: SchemaName = Field(default="chartmogul", description="Schema for tables and views")


Warehouse = Annotated[DuckDbWarehouse | PostgresWarehouse, Field(discriminator="engine")]
