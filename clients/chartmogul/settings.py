"""Settings of a ChartMogul account."""

from zoneinfo import available_timezones

from pydantic import Field, SecretStr, field_validator

from clients.kit.settings import SystemSettings, Url, UrlSecrets


class ChartMogulAccount(SystemSettings):
    """One ChartMogul account; its name in the environment is the account's name in events."""

    api_key: SecretStr = Field(
        description="API key of the account; read-only is enough where nobody changes ChartMogul through us"
    )
    webhook_secrets: UrlSecrets = Field(
        default=[], description="Secrets in the webhook's URL, comma-separated; two while rotating"
    )
    base_url: Url = Field(default="https://api.chartmogul.com/v1", description="REST API")
    requests_per_second: float = Field(default=40, gt=0, description="What ChartMogul allows the account")
    bulk_share: float = Field(
        default=0.5, gt=0, le=1, description="Part of it for polls, backfills and coverage reports"
    )
    agent_calls_per_second: int = Field(
        default=5, ge=1, description="Of these, for what agents ask: a loop of theirs holds up no event"
    )
    poll_minutes: float = Field(default=5, gt=0, description="How often the schedule polls for movements")
    poll_head_start_seconds: float = Field(
        default=60, ge=0, le=3600, description="How long a movement is left to the webhook before a poll acts"
    )

    time_zone: str = Field(
        default="UTC", description="ChartMogul's time zone for the account: the export runs at 04:15 there"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name[:40]!r} is no time zone; name one such as Europe/Berlin")
        return name
