"""Gong: digital interactions by an id of ours.

The key goes into `eventId`, by which Gong knows an event again, for ever: the same one sent once more is
answered with 409, and is there once. There is no call that looks for one.

The path is `/v2/digital-interaction`. A widely copied description of Gong's API has it in the plural, with
other fields: it is wrong.
"""

from datetime import UTC
from typing import Any

import httpx
from pydantic import Field

from clients.gong.errors import error_of, is_there_already
from clients.gong.settings import Gong
from clients.kit.cooldown import Cooldown
from clients.kit.http import Call, parsed
from clients.kit.rate_limiter import RateLimiter
from clients.kit.rest import TIMEOUT_SECONDS, Rest
from models.base import Record
from models.gong import Interaction


class GongClient:
    def __init__(
        self, settings: Gong, *, timeout_seconds: float = TIMEOUT_SECONDS, cooldown: Cooldown | None = None
    ) -> None:
        self._settings = settings
        key, secret = settings.access_key.get_secret_value(), settings.access_key_secret.get_secret_value()
        self._rest = Rest(
            settings.base_url,
            error_of,
            auth=httpx.BasicAuth(key, secret),
            timeout_seconds=timeout_seconds,
            limiter=RateLimiter(settings.requests_per_second),
            cooldown=cooldown,
        )

    async def aclose(self) -> None:
        await self._rest.aclose()

    async def workspaces(self) -> list[str]:
        """Their names: a call that any access key may make."""
        call = Call("gong", "sign in to Gong")
        reply = await self._rest.ask(call, "GET", "v2/workspaces")
        return [each.name for each in parsed(call, _Workspaces, reply.json(call)).workspaces]

    async def log(self, interaction: Interaction) -> bool:
        """One that is `fitting`. False where it was there already."""
        call = Call(
            "gong", f"log interaction {interaction.key}", writes=True, done="the interaction was logged"
        )
        body = _body(interaction, self._settings)
        reply = await self._rest.ask(call, "POST", "v2/digital-interaction", body=body)
        if is_there_already(reply):
            return False
        parsed(call, _Accepted, reply.json(call))
        return True


def _body(interaction: Interaction, settings: Gong) -> dict[str, Any]:
    fields = [{"name": name, "value": value} for name, value in interaction.fields.items()]
    return {
        "eventId": interaction.key,
        "timestamp": interaction.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "eventType": interaction.event_type,
        "sourceSystemName": settings.source_system,
        "content": _given(
            contentTitle=interaction.title,
            contentUrl=interaction.content_url,
            contentLabel=interaction.labels,
        ),
        "person": _person(interaction, settings.crm_system),
        **_given(customFields=fields),
    }


def _person(interaction: Interaction, crm_system: str) -> dict[str, Any]:
    """Who did it. Where no e-mail address is known it is the company itself, always the same somebody.
    UNVERIFIED: whether Gong shows such an event on the account that the business context names."""
    contexts = [
        {"objectType": kind, "objectId": id, "systemName": crm_system}
        for kind, id in (("ACCOUNT", interaction.account_id), ("OPPORTUNITY", interaction.opportunity_id))
        if id
    ]
    nameless = None if interaction.email else f"company:{interaction.company_domain}"
    return _given(
        name=interaction.person_name,
        email=interaction.email,
        personId=nameless,
        company=_given(domain=interaction.company_domain, companyBusinessContexts=contexts),
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


class _Workspace(Record):
    name: str = ""


class _Workspaces(Record):
    workspaces: list[_Workspace]


class _Accepted(Record):
    request_id: str = Field(alias="requestId")
