"""Settings of Intercom."""

from typing import Literal

from pydantic import Field, SecretStr

from clients.kit.settings import SystemSettings, Url

WEB = {
    f"https://api{region}.intercom.io": f"https://app{region}.intercom.com" for region in ("", ".eu", ".au")
}
"""Where people use a workspace, by its API. UNVERIFIED for Europe and Australia: known from integrations, not
from Intercom's pages."""


class Intercom(SystemSettings):
    """`message_type` is a setting because Intercom contradicts itself: its specification names `in_app`, its
    examples, its answers and its Python library say `inapp`. Which a workspace takes is UNVERIFIED."""

    token: SecretStr = Field(description="Access token: Developer Hub, your app, Authentication")
    base_url: Url = Field(
        default="https://api.intercom.io",
        description="REST API; https://api.eu.intercom.io or https://api.au.intercom.io where the workspace"
        " is hosted in Europe or Australia",
    )
    version: Literal["2.14", "2.15", "2.16", "2.17"] = Field(
        default="2.15", description="Intercom-Version that every call asks for"
    )
    message_type: Literal["inapp", "in_app"] = Field(
        default="inapp", description="How in-app messages are called; in_app where Intercom refuses inapp"
    )
    admin_id: int | None = Field(
        default=None, ge=1, description="Teammate who sends messages; by default the token's owner"
    )
    app_url: Url | None = Field(
        default=None, description="Where people use Intercom, for links; by default as base_url tells"
    )

    @property
    def web_url(self) -> str | None:
        """Without a slash at the end. None where the API's address does not tell it."""
        if self.app_url is None:
            return WEB.get(self.base_url.rstrip("/"))
        return self.app_url.rstrip("/")
