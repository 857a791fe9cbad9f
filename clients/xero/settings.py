"""Settings of Xero."""

from typing import Literal

from pydantic import Field, SecretStr

from clients.kit.settings import ApiKey, SystemSettings, Url


class XeroAccount(SystemSettings):
    """Xero of one ChartMogul account; its name in the environment is that account's."""

    tenant_id: str = Field(
        default="",
        pattern=r"^[0-9A-Za-z-]{0,64}$",
        description="Organisation, as GET https://api.xero.com/connections lists it; a custom connection"
        " needs none",
    )
    client_id: str = Field(min_length=1, description="Client id of the app")
    client_secret: ApiKey = Field(description="Client secret of the app")
    refresh_token: SecretStr = Field(
        default=SecretStr(""),
        description="The first refresh token; those after it are kept in TOKEN_FOLDER. A custom connection"
        " needs none",
    )
    currency_rate: Literal["foreign_per_base", "base_per_foreign"] = Field(
        default="foreign_per_base",
        description="What CurrencyRate means; where a payment shows that it is the other, the reading stops",
    )
    page_size: int = Field(
        default=100, ge=1, le=1000, description="Rows of a page; UNVERIFIED that Xero gives more than 100"
    )
    ordered: bool = Field(
        default=True, description="Ask for rows by id; UNVERIFIED for other lists than invoices"
    )
    days_around: int = Field(
        default=10, ge=1, le=93, description="Days before and after a month that are read with it"
    )
    requests_per_minute: int = Field(
        default=50, ge=1, description="Of each process; an organisation has 60 for each app"
    )
    calls_at_once: int = Field(
        default=2, ge=1, le=5, description="Of each process; an organisation takes 5 of each app"
    )
    base_url: Url = Field(default="https://api.xero.com/api.xro/2.0", description="Accounting API")
    token_url: Url = Field(
        default="https://identity.xero.com/connect/token", description="Where refresh tokens are renewed"
    )
    app_url: Url = Field(default="https://go.xero.com", description="Xero's pages, for links")

    def page(self, path: str, id: str) -> str:
        """UNVERIFIED: it is what the address bar shows."""
        return f"{self.app_url.rstrip('/')}/{path}{id}"
