"""What the settings of several systems are made of."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode

from models.urls import HOST_AND_PORT, has_host_and_port


def _with_host_and_port(url: str) -> str:
    if not has_host_and_port(url):
        raise ValueError(HOST_AND_PORT)
    return url


Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+"), AfterValidator(_with_host_and_port)]


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _fit_for_a_url(secrets: list[SecretStr]) -> list[SecretStr]:
    if not all(re.fullmatch("[A-Za-z0-9_-]+", each.get_secret_value()) for each in secrets):
        raise ValueError("a secret is part of a URL: it may hold only A-Z, a-z, 0-9, _ and -")
    return secrets


def _two_at_most(secrets: list[SecretStr]) -> list[SecretStr]:
    if len(secrets) > 2:
        raise ValueError("names more than two secrets: one, and the next while they change")
    return secrets


def _fit_for_a_header(secret: SecretStr) -> SecretStr:
    if not re.fullmatch("[!-~]+", secret.get_secret_value()):
        raise ValueError("holds a space or a letter that no key has: copy the key alone")
    return secret


Secrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split), AfterValidator(_two_at_most)]
"""With which a vendor signs, separated by commas."""

UrlSecrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split), AfterValidator(_fit_for_a_url)]
"""Parts of a webhook's URL, separated by commas."""

ApiKey = Annotated[SecretStr, AfterValidator(_fit_for_a_header)]


DataSource = Annotated[
    Annotated[str, Field(pattern=r"^ds_[0-9a-f-]{36}$")] | None,
    Field(
        description="ChartMogul's data source of it, ds_...; where the account has several that may number"
        " invoices alike",
    ),
]


class SystemSettings(BaseModel):
    """Base of the settings of each system: an error never quotes a key."""

    model_config = ConfigDict(hide_input_in_errors=True)
