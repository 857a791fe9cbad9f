"""Settings of Gong."""

from pydantic import Field, SecretStr

from clients.kit.settings import SystemSettings, Url


class Gong(SystemSettings):
    """By an access key. A company's OAuth tokens are for apps of Gong's partners, and last a day."""

    access_key: SecretStr = Field(
        description="Access key, made by a technical administrator on Gong's API page"
    )
    access_key_secret: SecretStr = Field(description="Its secret, which Gong shows once")
    base_url: Url = Field(
        default="https://api.gong.io",
        description="As the API page shows it, https://company-17.api.gong.io; the general host may refuse",
    )
    source_system: str = Field(default="mogulflow", description="What Gong calls the source of the events")
    crm_system: str = Field(default="Salesforce", description="What Gong calls the CRM whose ids we send")
    requests_per_second: float = Field(
        default=3, gt=0, description="Of each process; Gong allows a company 3, and 10,000 a day"
    )
