"""Settings of Marketo."""

from typing import Literal

from pydantic import Field, SecretStr

from clients.kit.settings import SystemSettings, Url


class Marketo(SystemSettings):
    base_url: Url = Field(
        description="Endpoint of the REST API in Admin, Integration, Web Services:"
        " https://123-ABC-456.mktorest.com"
    )
    client_id: str = Field(description="Client ID of the custom service in Admin, Integration, LaunchPoint")
    client_secret: SecretStr = Field(description="Client Secret of that service")
    identity_url: Url | None = Field(
        default=None,
        description="Identity URL in Web Services, where it is not the endpoint's host with /identity",
    )
    app_url: Url | None = Field(
        default=None, description="Where people see leads, for links: https://app-ab12.marketo.com"
    )
    partition: str | None = Field(
        default=None, description="Lead partition that leads are looked for and made in; none by default"
    )
    duplicates: Literal["refuse", "oldest"] = Field(
        default="refuse",
        description="Several leads with one address: `refuse`, until a person has merged them, or take the"
        " `oldest`",
    )
    company_fields: bool = Field(
        default=False,
        description="Write a lead's company fields, and fields that a native CRM sync manages, too: Marketo"
        " says that it takes neither with a lead",
    )
    settle_seconds: float = Field(
        default=3.0, ge=0, description="Wait before looking whether an unanswered lead arrived"
    )
    calls_per_20_seconds: int = Field(
        default=50, ge=1, description="Marketo takes 100 of all integrations together, and asks for half"
    )
    calls_at_once: int = Field(
        default=5, ge=1, description="Marketo takes 10 of all integrations together, and asks for half"
    )

    @property
    def rest_url(self) -> str:
        """The setting may be what Web Services shows, which ends with /rest."""
        return f"{self._root}/rest"

    @property
    def token_url(self) -> str:
        identity = (self.identity_url or f"{self._root}/identity").rstrip("/")
        return f"{identity}/oauth/token"

    @property
    def _root(self) -> str:
        return self.base_url.rstrip("/").removesuffix("/rest").removesuffix("/identity")
