"""Every setting of the service, from the environment (the command reads `.env` into it)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from clients.chargebee.settings import ChargebeeAccount
from clients.chartmogul.settings import ChartMogulAccount
from clients.connector.settings import Connectors
from clients.gong.settings import Gong
from clients.hubspot.settings import HubSpot
from clients.intercom.settings import Intercom
from clients.kit.settings import Url
from clients.marketo.settings import Marketo
from clients.quickbooks.settings import QuickBooksAccount
from clients.recurly.settings import RecurlyAccount
from clients.salesforce.settings import Salesforce
from clients.slack.settings import Slack
from clients.stripe.settings import StripeAccount
from clients.xero.settings import XeroAccount
from clients.zendesk.settings import Zendesk
from domains.reconciliation.settings import Reconciliation
from domains.warehouse.settings import LONGEST_NAME, Warehouse, schema_of

LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda name: str(name).upper())
]

LONGEST_ACCOUNT = 200
"""Characters of an account's name. It is part of the ids and headlines of schedules' runs, such as
`crm/NAME/salesforce-2026-11-29T05:10:00Z`, and Temporal on SQL keeps 255 of one."""


class Settings(BaseSettings):
    """Nested names join with two underscores: SALESFORCE__CLIENT_ID. A system left out is off.

    Where Temporal is, is said by the SDK's own variables: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
    TEMPORAL_API_KEY, TEMPORAL_TLS_*.
    """

    model_config = SettingsConfigDict(
        env_nested_delimiter="__",
        env_nested_max_split=2,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    chartmogul: dict[str, ChartMogulAccount] = Field(
        default={}, description="ChartMogul accounts by name; `default` where there is one"
    )
    hubspot: HubSpot | None = Field(default=None, description="HubSpot connection")
    marketo: Marketo | None = Field(default=None, description="Marketo connection")
    salesforce: Salesforce | None = Field(default=None, description="Salesforce connection")
    slack: Slack | None = Field(default=None, description="Slack connection")
    zendesk: Zendesk | None = Field(default=None, description="Zendesk connection")
    intercom: Intercom | None = Field(default=None, description="Intercom connection")
    gong: Gong | None = Field(default=None, description="Gong connection")
    stripe: dict[str, StripeAccount] = Field(
        default={}, description="Stripe by ChartMogul account, whose name it has"
    )
    chargebee: dict[str, ChargebeeAccount] = Field(
        default={}, description="Chargebee by ChartMogul account, whose name it has"
    )
    recurly: dict[str, RecurlyAccount] = Field(
        default={}, description="Recurly by ChartMogul account, whose name it has"
    )
    quickbooks: dict[str, QuickBooksAccount] = Field(
        default={}, description="QuickBooks Online by ChartMogul account, whose name it has"
    )
    xero: dict[str, XeroAccount] = Field(
        default={}, description="Xero by ChartMogul account, whose name it has"
    )
    warehouse: Warehouse | None = Field(default=None, description="Warehouse: one engine")
    connector: Connectors = Field(default=Connectors(), description="Connectors to any other REST API")
    reconciliation: Reconciliation = Field(default=Reconciliation(), description="Month-end reconciliation")

    routes_file: str = Field(default="config/routes.yaml", description="Which events go where")
    warehouse_file: str = Field(
        default="config/warehouse.yaml", description="Which fields go to which columns of the warehouse"
    )
    warehouse_hash_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key of personal data that the mapping hashes; without one it can be found by trying",
    )
    audit_folder: Path = Field(
        default=Path("data/audit"), description="Where the nightly files of the audit are kept, for good"
    )
    token_folder: Path = Field(
        default=Path("data/tokens"),
        description="Where the latest refresh tokens of QuickBooks and Xero are kept. Shared by all workers,"
        " and by who runs `doctor`",
    )
    crm_file: str = Field(default="config/crm.yaml", description="Which facts go to which field of the CRM")
    operator_email: str = Field(
        default="",
        description="E-mail of who acts at this command line, where approvers are listed by theirs; nobody"
        " checks it, so that the machine's user is kept beside it",
    )
    agents_file: str = Field(
        default="config/agents.yaml",
        description="Who may use the MCP server at /mcp; where there is no such file it is off",
    )
    reconciliation_file: str = Field(
        default="config/reconciliation.yaml",
        description="What a month end is compared with, and by which rules; without such a file it is off",
    )
    web_ui_url: Url = Field(
        default="http://127.0.0.1:8233", description="Temporal's Web UI, for links in messages"
    )
    headline_names_customer: bool = Field(
        default=False,
        description="Begin the headline of event runs with the customer's name, in all of Temporal's lists; "
        "search attributes are not encrypted",
    )
    ingress_host: str = Field(default="127.0.0.1", description="Address the ingress listens on")
    ingress_port: int = Field(default=8080, ge=1, le=65535, description="Port the ingress listens on")
    ingress_url: Url | None = Field(
        default=None,
        description="Where `mogulflow send` finds the ingress; by default host and port",
    )
    unreadable_kept_per_hour: int = Field(
        default=100, ge=0, description="Different deliveries that cannot be read, kept per account and hour"
    )
    backlog_limit_seconds: float = Field(
        default=30, gt=0, description="Deliveries get 503 while runs wait longer than this for a worker"
    )
    max_local_steps: int = Field(
        default=40, ge=1, description="Steps a worker runs at once inside workflow tasks"
    )
    workflow_sandbox: bool = Field(
        default=False,
        description="Temporal's determinism sandbox; on in every test, costs a third of the speed",
    )
    worker_metrics_address: str | None = Field(
        default=None,
        pattern=r"^(\d+(\.\d+){3}|\[[0-9a-fA-F:.]+\]):\d+$",
        description="IP:port for the worker's Prometheus metrics; none by default",
    )
    log_level: LogLevel = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")

    @property
    def zones(self) -> dict[str, str]:
        """Time zones by ChartMogul account."""
        return {name: account.time_zone for name, account in self.chartmogul.items()}

    @property
    def data_sources(self) -> dict[tuple[str, str], str]:
        """ChartMogul's uuid of each that bills, by account and system, where it is set."""
        bills: dict[str, Mapping[str, StripeAccount | ChargebeeAccount | RecurlyAccount]] = {
            "stripe": self.stripe,
            "chargebee": self.chargebee,
            "recurly": self.recurly,
        }
        return {
            (name, system): account.data_source
            for system, accounts in bills.items()
            for name, account in accounts.items()
            if account.data_source
        }

    @model_validator(mode="after")
    def _each_secret_names_one_account(self) -> Self:
        """Of each system: its deliveries have an address of their own."""
        for system in ("chartmogul", "stripe", "chargebee", "recurly"):
            of: dict[str, list[str]] = {}
            for name, account in getattr(self, system).items():
                for secret in {each.get_secret_value() for each in account.webhook_secrets}:
                    of.setdefault(secret, []).append(f"{system.upper()}__{name.upper()}__WEBHOOK_SECRETS")
            for variables in of.values():
                if len(variables) > 1:
                    raise ValueError(
                        f"{' and '.join(variables)} have the same secret; each account needs its own"
                    )
        return self

    @model_validator(mode="after")
    def _runs_can_be_named_after_each_account(self) -> Self:
        for name in self.chartmogul:
            if len(name) > LONGEST_ACCOUNT:
                raise ValueError(
                    f"CHARTMOGUL__{name[:20].upper()}…__API_KEY: the account's name has {len(name)}"
                    f" characters, and {LONGEST_ACCOUNT} are the most: Temporal keeps 255 of the names of"
                    f" its runs"
                )
        return self

    @model_validator(mode="after")
    def _each_account_has_its_own_schema(self) -> Self:
        if self.warehouse is None:
            return self
        of: dict[str, list[str]] = {}
        for name in self.chartmogul:
            of.setdefault(schema_of(self.warehouse, name), []).append(f"CHARTMOGUL__{name.upper()}__API_KEY")
        for schema, variables in of.items():
            accounts = " and ".join(variables)
            if len(variables) > 1:
                raise ValueError(f"{accounts}: the accounts would share schema {schema}; rename one of them")
            if len(schema) > LONGEST_NAME:
                raise ValueError(
                    f"{accounts}: schema {schema} has a longer name than {LONGEST_NAME} letters;"
                    f" shorten the account's name or WAREHOUSE__SCHEMA_NAME"
                )
        return self
