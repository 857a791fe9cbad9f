"""Settings of Chargebee."""

import re
from collections.abc import Mapping
from datetime import datetime

from pydantic import Field, SecretStr, field_validator

from clients.chargebee.webhooks import proven
from clients.kit.settings import ApiKey, DataSource, SystemSettings, Url, UrlSecrets

SITE = "{site}"
"""Stands in addresses for the site's name."""


class ChargebeeAccount(SystemSettings):
    """Chargebee of one ChartMogul account; its name in the environment is that account's."""

    site: str = Field(
        description="The site's name, as in https://<site>.chargebee.com; a test site has its own"
    )
    api_key: ApiKey = Field(description="Read-only key, All")
    data_source: DataSource = None
    webhook_secrets: UrlSecrets = Field(
        default=[], description="Secrets in the webhook's URL, comma-separated; two while rotating"
    )
    webhook_user: str = Field(default="", description="User of the webhook's basic authentication")
    webhook_password: SecretStr = Field(
        default=SecretStr(""), description="Password of the webhook's basic authentication"
    )
    base_url: Url = Field(default="https://{site}.chargebee.com/api/v2", description="REST API")
    web_url: Url = Field(default="https://{site}.chargebee.com", description="Chargebee's pages, for links")
    portal_url: Url = Field(
        default="https://{site}.chargebeeportal.com/portal/v2/login",
        description="Where customers pay, or change their card; the self-serve portal",
    )

    requests_per_minute: float = Field(
        default=150,
        gt=0,
        description="Calls a minute that Chargebee lets the site make: 150, 1,000 or 3,500 by plan",
    )
    books_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Part of it for reading a month: above it a site is flagged",
    )

    @field_validator("site")
    @classmethod
    def _is_a_name(cls, site: str) -> str:
        if not re.fullmatch("[A-Za-z0-9-]{1,100}", site):
            raise ValueError("must be the site's name alone: acme of https://acme.chargebee.com")
        return site

    def proves(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Whether a webhook is surely from there."""
        return proven(self, headers, body, now)

    def at_site(self, url: str) -> str:
        return url.replace(SITE, self.site).rstrip("/")
