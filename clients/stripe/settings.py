"""Settings of Stripe."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from clients.kit.settings import ApiKey, DataSource, Secrets, SystemSettings, Url, UrlSecrets
from clients.stripe.webhooks import proven


class StripeAccount(SystemSettings):
    """Stripe of one ChartMogul account; its name in the environment is that account's."""

    api_key: ApiKey = Field(
        description="Restricted key, rk_...: Invoices, All events and PaymentIntents, each Read"
    )
    data_source: DataSource = None
    webhook_secrets: UrlSecrets = Field(
        default=[], description="Secrets in the webhook's URL, comma-separated; two while rotating"
    )
    signing_secrets: Secrets = Field(
        default=[],
        description="Signing secrets of the webhook's endpoint, whsec_..., comma-separated; two at a change",
    )
    tolerance_seconds: float = Field(
        default=300, gt=0, le=86_400, description="How far a signature's time may be from ours"
    )
    base_url: Url = Field(default="https://api.stripe.com", description="API, without the version")
    web_url: Url = Field(default="https://dashboard.stripe.com", description="Dashboard, for links")

    def proves(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Whether a webhook is surely from there."""
        return proven(self, headers, body, now)
