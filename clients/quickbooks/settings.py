"""Settings of QuickBooks Online."""

from pydantic import Field

from clients.kit.settings import ApiKey, SystemSettings, Url


class QuickBooksAccount(SystemSettings):
    """QuickBooks Online of one ChartMogul account; its name in the environment is that account's."""

    company_id: str = Field(
        pattern=r"^\d{1,20}$", description="Company id (realm), as Intuit's OAuth 2.0 playground shows it"
    )
    client_id: str = Field(min_length=1, description="Client ID of the app, from its Keys & credentials")
    client_secret: ApiKey = Field(description="Client secret of the app")
    refresh_token: ApiKey = Field(
        description="The first refresh token, from the playground; those after it are kept in TOKEN_FOLDER"
    )
    days_around: int = Field(
        default=10, ge=1, le=93, description="Days before and after a month that are read with it"
    )
    requests_per_minute: int = Field(
        default=300, ge=1, description="Of each process; a company has 500 for all who use its API"
    )
    base_url: Url = Field(
        default="https://quickbooks.api.intuit.com",
        description="Accounting API; https://sandbox-quickbooks.api.intuit.com for a sandbox",
    )
    token_url: Url = Field(
        default="https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
        description="Where refresh tokens are renewed",
    )
    app_url: Url = Field(default="https://qbo.intuit.com", description="QuickBooks' pages, for links")

    def page(self, kind: str, id: str) -> str:
        """UNVERIFIED: it is what the address bar shows, and is documented nowhere."""
        return f"{self.app_url.rstrip('/')}/app/{kind.lower()}?txnId={id}"
