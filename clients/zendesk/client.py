"""Zendesk: tags of users and organisations.

A tag is put on, or taken off, by the calls that touch this tag alone (PUT and DELETE of `/tags`): done twice
it is done once, whoever else tags meanwhile, and no key is needed. Zendesk has one for new tickets alone.
"""

from base64 import b64encode
from typing import NoReturn

from clients.kit.cooldown import Cooldown
from clients.kit.errors import IntegrationError, Permanent, Rejected, Unauthorized
from clients.kit.http import Call, parsed, refused
from clients.kit.rate_limiter import RateLimiter
from clients.kit.rest import TIMEOUT_SECONDS, Rest
from clients.zendesk.errors import error_of
from clients.zendesk.lookup import Lookup
from clients.zendesk.settings import Zendesk
from models.base import Record
from models.tagging import Tagging
from models.zendesk import Agent, Match, Tagged

OFF = "tags on users and organisations are off in this account"
TURN_ON = "In Admin Center, People, Configuration, End users: enable Tags on users and organizations."
NOT_KEPT = "Zendesk took it, and does not have it among the tags that it answers"
STILL_THERE = "Zendesk took it, and still has it among the tags that it answers"
OTHER_TAG = "Name a tag of letters, digits, - and _ in the route."


class ZendeskClient:
    def __init__(
        self, settings: Zendesk, *, timeout_seconds: float = TIMEOUT_SECONDS, cooldown: Cooldown | None = None
    ) -> None:
        self._rest = Rest(
            f"{settings.site}/api/v2",
            error_of,
            headers={"Authorization": _authorization(settings)},
            timeout_seconds=timeout_seconds,
            limiter=RateLimiter(settings.requests_per_minute, 60),
            cooldown=cooldown,
        )
        self._lookup = Lookup(self._rest, settings.site)

    async def aclose(self) -> None:
        await self._rest.aclose()

    async def me(self) -> Agent:
        """Raises Unauthorized also where Zendesk answers well, and takes us for nobody."""
        call = Call("zendesk", "sign in to Zendesk")
        reply = await self._rest.ask(call, "GET", "users/me")
        me = parsed(call, _Me, reply.json(call)).user
        if me.id is None:
            raise refused(call, Unauthorized, "Zendesk takes us for an anonymous user")
        return me

    async def allows_tags(self) -> bool | None:
        """Whether users and organisations may be tagged at all; None where Zendesk does not say."""
        call = Call("zendesk", "read the account's settings")
        reply = await self._rest.ask(call, "GET", "account/settings")
        return parsed(call, _Account, reply.json(call)).settings.user.tagging

    async def find(self, wanted: Tagging) -> Match:
        """Whom it is meant for; see `Lookup.match`."""
        return await self._lookup.match(wanted)

    async def tags(self, record: Tagged) -> list[str]:
        call = Call("zendesk", f"read the tags of {record.kind} {record.id}")
        return await self._ask(call, "GET", record) or []

    async def add(self, record: Tagged, tag: str) -> None:
        """`tag` as Zendesk writes it. Raises Rejected also where Zendesk takes it, and keeps no such tag."""
        call = _write(record, "tag", "the tag was put on")
        tags = await self._ask(call, "PUT", record, tag)
        if tags is not None and not has(tags, tag):
            await self._explain(refused(call, Rejected, NOT_KEPT, OTHER_TAG), call)

    async def remove(self, record: Tagged, tag: str) -> None:
        """UNVERIFIED: whether it answers with the tags that are left, or with nothing. Both are good."""
        call = _write(record, "take a tag off", "the tag was taken off")
        tags = await self._ask(call, "DELETE", record, tag)
        if tags is not None and has(tags, tag):
            await self._explain(refused(call, Rejected, STILL_THERE, OTHER_TAG), call)

    async def _ask(self, call: Call, method: str, record: Tagged, tag: str = "") -> list[str] | None:
        """The tags that it answers; None where it answers nothing."""
        path, body = f"{record.kind}s/{record.id}/tags", {"tags": [tag]} if tag else None
        try:
            reply = await self._rest.ask(call, method, path, body=body)
        except Permanent as error:
            await self._explain(error, call)
        return parsed(call, _Tags, reply.json(call)).tags if reply.content.strip() else None

    async def _explain(self, error: Permanent, call: Call) -> NoReturn:
        """How Zendesk refuses tags in an account where they are off is UNVERIFIED: its settings are asked,
        whatever the refusal was. Raises what they explain, else the error."""
        try:
            allowed = await self.allows_tags()
        except IntegrationError:
            allowed = None
        raise (refused(call, Rejected, OFF, TURN_ON) if allowed is False else error) from None


def has(tags: list[str], tag: str) -> bool:
    return tag in (each.lower() for each in tags)


def _write(record: Tagged, what: str, done: str) -> Call:
    return Call("zendesk", f"{what} {record.kind} {record.id}", writes=True, done=done)


def _authorization(settings: Zendesk) -> str:
    if token := settings.oauth_token.get_secret_value():
        return f"Bearer {token}"
    pair = f"{settings.email}/token:{settings.api_token.get_secret_value()}"
    return f"Basic {b64encode(pair.encode()).decode()}"


class _Me(Record):
    user: Agent


class _Tags(Record):
    tags: list[str]


class _UserSettings(Record):
    tagging: bool | None = None


class _Settings(Record):
    user: _UserSettings = _UserSettings()


class _Account(Record):
    settings: _Settings
