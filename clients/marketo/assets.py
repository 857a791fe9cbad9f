"""What marketers have made: static lists, programs with their channels, smart campaigns. By name or id, and
remembered for an hour.

Names of lists and campaigns need not be unique in an instance with several programs or workspaces: where
Marketo gives several, an id must be named.
"""

from collections.abc import AsyncIterator
from typing import Literal, TypeVar

from pydantic import AliasChoices, Field

from clients.kit.errors import Ambiguous, NotFound
from clients.kit.http import Call, refused
from clients.kit.remembered import Remembered
from clients.marketo.transport import MarketoTransport, Request, path_of
from models.base import Record

Kind = Literal["list", "program", "campaign"]

WORDS: dict[Kind, str] = {"list": "static list", "program": "program", "campaign": "smart campaign"}
_ONE: dict[Kind, str] = {"list": "staticList", "program": "program", "campaign": "smartCampaign"}
_ALL: dict[Kind, str] = {"list": "staticLists", "program": "programs", "campaign": "smartCampaigns"}

PAGE_SIZE, MOST_PAGES = 200, 10
"""Of names, where one is not found and the nearest is looked for."""

BY_ITS_ID = "Name it by its id, which its address in Marketo shows: the digits after ST, PG or SC."
NO_SUCH = "Correct the name, or let the API-Only user see the workspace that it is in."


class Asset(Record):
    id: int
    name: str = ""
    link: str | None = Field(default=None, validation_alias=AliasChoices("computedUrl", "url", "link"))


class Program(Asset):
    channel: str


class Campaign(Asset):
    """`rule` says how often a lead may run through it: once, any, or interval."""

    requestable: bool = Field(default=False, alias="isRequestable")
    active: bool = Field(default=False, alias="isActive")
    rule: str = Field(default="", alias="qualificationRuleType")


class Status(Record):
    """Of a channel. A member never goes back to one of a lower `step`."""

    name: str
    step: int


class _Channel(Record):
    statuses: list[Status] = Field(default=[], alias="progressionStatuses")


A = TypeVar("A", bound=Asset)


class Assets:
    def __init__(self, transport: MarketoTransport, page_size: int = PAGE_SIZE) -> None:
        self._transport, self._page_size = transport, page_size
        self._known = Remembered[Asset]()
        self._channels = Remembered[dict[str, int]]()

    async def static_list(self, target: str) -> Asset:
        """The four raise NotFound, and Ambiguous."""
        return await self._remembered("list", target, Asset)

    async def program(self, target: str) -> Program:
        return await self._remembered("program", target, Program)

    async def campaign(self, target: str) -> Campaign:
        """Not remembered: people switch it on and off."""
        return await self._asked("campaign", target, Campaign)

    async def steps(self, channel: str) -> dict[str, int]:
        """Of a program's statuses, by name."""
        if channel not in self._channels:
            call = Call("marketo", f"read channel {channel}")
            query = (("name", channel),)
            request = Request("GET", "/asset/v1/channel/byName.json", query)
            answer = await self._transport.ask(call, _Channel, request)
            if not answer.result:
                raise refused(call, NotFound, "it is not there", NO_SUCH)
            found = {status.name: status.step for status in answer.result[0].statuses}
            self._channels.keep(channel, found)
        return self._channels[channel]

    def forget(self, kind: Kind, target: str) -> None:
        """It was deleted, perhaps, or renamed."""
        self._known.forget(f"{kind} {target}")

    async def names(self, kind: Kind) -> AsyncIterator[str]:
        """Of all, as far as some pages go."""
        call = Call("marketo", f"list each {WORDS[kind]}")
        for page in range(MOST_PAGES):
            query = (("maxReturn", self._page_size), ("offset", page * self._page_size))
            request = Request("GET", f"/asset/v1/{_ALL[kind]}.json", query)
            answer = await self._transport.ask(call, Asset, request)
            for each in answer.result:
                yield each.name
            if len(answer.result) < self._page_size:
                return

    async def _remembered(self, kind: Kind, target: str, model: type[A]) -> A:
        place = f"{kind} {target}"
        known = self._known.get(place)
        if isinstance(known, model):
            return known
        found = await self._asked(kind, target, model)
        self._known.keep(place, found)
        return found

    async def _asked(self, kind: Kind, target: str, model: type[A]) -> A:
        call = Call("marketo", f"find {WORDS[kind]} {target}")
        if target.isascii() and target.isdecimal():
            request = Request("GET", path_of(f"/asset/v1/{_ONE[kind]}/{{}}.json", target))
        else:
            request = Request("GET", f"/asset/v1/{_ONE[kind]}/byName.json", (("name", target),))
        answer = await self._transport.ask(call, model, request)
        if not answer.result:
            raise refused(call, NotFound, "it is not there", NO_SUCH)
        if len(answer.result) > 1:
            raise refused(call, Ambiguous, f"{len(answer.result)} have this name", BY_ITS_ID)
        return answer.result[0]
