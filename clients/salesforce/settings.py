"""Settings of Salesforce."""

from typing import Annotated

from pydantic import Field, SecretStr

from clients.kit.settings import SystemSettings, Url

ApiName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Salesforce(SystemSettings):
    instance_url: Url = Field(description="My Domain URL, https://acme.my.salesforce.com")
    client_id: str = Field(description="Consumer key of the External Client App")
    client_secret: SecretStr = Field(description="Consumer secret of the External Client App")
    api_version: str = Field(default="62.0", description="REST API version")
    account_key_field: ApiName = Field(
        default="CM_Customer_UUID__c", description="Account field with ChartMogul's customer uuid"
    )
    task_key_field: ApiName = Field(
        default="Mogulflow_Key__c",
        description="Task field for our key: Text(255), External ID, Unique",
    )
    opportunity_key_field: ApiName = Field(
        default="Mogulflow_Key__c",
        description="Opportunity field for our key: Text(255), External ID, Unique",
    )
    org_currency: CurrencyCode | None = Field(
        default=None,
        description="The currency of an org that has only one; left out: Salesforce is asked",
    )
    threads: int = Field(default=8, ge=1, description="Calls at once")
