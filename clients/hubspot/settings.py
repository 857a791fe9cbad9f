"""Settings of HubSpot."""

from typing import Annotated

from pydantic import Field, SecretStr

from clients.kit.settings import SystemSettings, Url

PropertyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")]


class HubSpot(SystemSettings):
    token: SecretStr = Field(description="Service Key or private-app token, pat-...")
    base_url: Url = Field(default="https://api.hubapi.com", description="API")
    api_version: str = Field(
        default="2026-09",
        pattern=r"^(v3|20\d\d-\d\d)$",
        description="Version in the API's paths; v3, which HubSpot supports until September 2027",
    )
    portal_id: int | None = Field(default=None, description="HubSpot's account number, for links to records")
    app_url: Url = Field(
        default="https://app.hubspot.com", description="Where people see records; app-eu1 in the EU"
    )
    customer_key_property: PropertyName = Field(
        default="chartmogul_customer_uuid",
        description="Company property with ChartMogul's customer uuid, unique",
    )
    deal_key_property: PropertyName = Field(
        default="mogulflow_key", description="Deal property for our key, unique"
    )
    task_key_property: PropertyName = Field(
        default="mogulflow_key",
        description="Task property for our key, unique; where there is none, tasks are looked for",
    )
    requests_per_10_seconds: int = Field(
        default=100, ge=1, description="What HubSpot allows: 190 from Professional on, 250 with a limit pack"
    )
    searches_per_second: int = Field(default=5, ge=1, description="What HubSpot allows the account")
    threads: int = Field(
        default=8, ge=1, description="Live calls at once; bulk work has three quarters as many beside them"
    )
