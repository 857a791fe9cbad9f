"""Settings of Recurly."""

import re
from collections.abc import Mapping
from datetime import datetime

from pydantic import Field, field_validator

from clients.kit.settings import ApiKey, DataSource, Secrets, SystemSettings, Url, UrlSecrets
from clients.recurly.webhooks import proven

SUBDOMAIN = "{subdomain}"
"""Stands in the address of pages for the site's."""


class RecurlyAccount(SystemSettings):
    """Recurly of one ChartMogul account; its name in the environment is that account's."""

    api_key: ApiKey = Field(description="Private API key of the site")
    data_source: DataSource = None
    webhook_secrets: UrlSecrets = Field(
        default=[], description="Secrets in the webhook's URL, comma-separated; two while rotating"
    )
    signing_secrets: Secrets = Field(
        default=[], description="Secret keys of the webhook's endpoint, comma-separated; two at a change"
    )
    tolerance_seconds: float = Field(
        default=300, gt=0, le=86_400, description="How far a signature's time may be from ours"
    )
    subdomain: str = Field(
        default="", description="The site's, as in https://<subdomain>.recurly.com; without it no links"
    )
    login_links: bool = Field(
        default=False,
        description="Give the link by which a customer changes the card; it signs in whoever has it",
    )
    base_url: Url = Field(
        default="https://v3.recurly.com",
        description="REST API; https://v3.eu.recurly.com for a site in the EU",
    )
    web_url: Url = Field(default="https://{subdomain}.recurly.com", description="Recurly's pages, for links")

    @field_validator("subdomain")
    @classmethod
    def _is_a_name(cls, subdomain: str) -> str:
        if not re.fullmatch("[A-Za-z0-9-]{0,100}", subdomain):
            raise ValueError("must be the subdomain alone: acme of https://acme.recurly.com")
        return subdomain

    def proves(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Whether a webhook is surely from there."""
        return proven(self, headers, body, now)

    def page(self, path: str) -> str | None:
        """A page of Recurly's; None where nobody has said whose."""
        return (
            f"{self.web_url.rstrip('/')}{path}".replace(SUBDOMAIN, self.subdomain) if self.subdomain else None
        )
