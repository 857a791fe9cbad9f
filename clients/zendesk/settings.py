"""Settings of Zendesk."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from clients.kit.settings import SystemSettings, Url

HOW_TO_SIGN_IN = "ZENDESK__EMAIL and ZENDESK__API_TOKEN, or ZENDESK__OAUTH_TOKEN alone"


class Zendesk(SystemSettings):
    base_url: Url = Field(description="Where people sign in, https://SUBDOMAIN.zendesk.com")
    email: str | None = Field(default=None, description="Agent or admin in whose name the API token is used")
    api_token: SecretStr = Field(
        default=SecretStr(""), description="Admin Center, Apps and integrations, APIs: API token"
    )
    oauth_token: SecretStr = Field(
        default=SecretStr(""), description="OAuth access token with read and write, instead of both"
    )
    requests_per_minute: int = Field(
        default=100,
        ge=1,
        description="Of each process; an account has 200 to 2,500 by its plan, for all who use its API",
    )

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        """Where both ways are set, the OAuth token is the one."""
        if not self.oauth_token and not (self.email and self.api_token):
            raise ValueError(f"Zendesk needs {HOW_TO_SIGN_IN}")
        return self

    @property
    def site(self) -> str:
        return self.base_url.rstrip("/")
