"""Every setting of the service, from the environment (the command reads `.env` into it)."""

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]


class ChartMogulAccount(BaseModel):
    """One ChartMogul account; its name in the environment is the account's name in events."""

    api_key: SecretStr = Field(description="API key of the account, read-only is enough")
    webhook_secrets: Annotated[list[SecretStr], NoDecode] = Field(
        default=[], description="Secrets in the webhook's URL, comma-separated; two while rotating"
    )
    base_url: Url = Field(default="https://api.chartmogul.com/v1", description="REST API")

    @field_validator("webhook_secrets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value


class Salesforce(BaseModel):
    instance_url: Url = Field(description="My Domain URL, https://acme.my.salesforce.com")
    client_id: str = Field(description="Consumer key of the External Client App")
    client_secret: SecretStr = Field(description="Consumer secret of the External Client App")
    api_version: str = Field(default="62.0", description="REST API version")
    account_key_field: str = Field(
        default="CM_Customer_UUID__c", description="Account field with ChartMogul's customer uuid"
    )
    task_key_field: str = Field(
        default="Mogulflow_Key__c",
        description="Task field for our key: Text(255), External ID, Unique",
    )
    threads: int = Field(default=8, ge=1, description="Calls at once")


class Slack(BaseModel):
    bot_token: SecretStr = Field(description="Bot token, xoxb-...")
    base_url: Url = Field(default="https://slack.com/api/", description="Web API")
    settle_seconds: float = Field(
        default=3.0, description="Wait before looking whether an unanswered message arrived"
    )


class Settings(BaseSettings):
    """Nested names join with two underscores: SALESFORCE__CLIENT_ID. A system left out is off.

    Where Temporal is, is said by the SDK's own variables: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
    TEMPORAL_API_KEY, TEMPORAL_TLS_*.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_nested_delimiter="__",
        env_nested_max_split=2,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    chartmogul: dict[str, ChartMogulAccount] = Field(
        default={}, description="ChartMogul accounts by name; `default` where there is one"
    )
    salesforce: Salesforce | None = Field(default=None, description="Salesforce connection")
    slack: Slack | None = Field(default=None, description="Slack connection")

    routes_file: str = Field(default="config/routes.yaml", description="Which events go where")
    web_ui_url: Url = Field(
        default="http://127.0.0.1:8233", description="Temporal's Web UI, for links in messages"
    )
    ingress_host: str = Field(default="127.0.0.1", description="Address the ingress listens on")
    ingress_port: int = Field(default=8080, description="Port the ingress listens on")
    ingress_url: Url | None = Field(
        default=None,
        description="Where `mogulflow send` finds the ingress; by default host and port",
    )
    max_local_steps: int = Field(
        default=40, ge=1, description="Steps a worker runs at once inside workflow tasks"
    )
    workflow_sandbox: bool = Field(
        default=False,
        description="Temporal's determinism sandbox; on in every test, costs a third of the speed",
    )
    worker_metrics_address: str | None = Field(
        default=None, description="host:port for the worker's Prometheus metrics; none by default"
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")
