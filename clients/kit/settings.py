"""What the settings of several systems are made of."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

HOST_AND_PORT = "must name a host, and a port from 1 to 65535 or none, as in http://127.0.0.1:8080"


def has_host_and_port(url: str) -> bool:
    """No library can call another, and each raises an error of its own for it."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _with_host_and_port(url: str) -> str:
    if not has_host_and_port(url):
        raise ValueError(HOST_AND_PORT)
    return url


Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+"), AfterValidator(_with_host_and_port)]


class SystemSettings(BaseModel):
    """Base of the settings of each system: an error never quotes a key."""

    model_config = ConfigDict(hide_input_in_errors=True)
