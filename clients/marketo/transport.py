"""Calls of Marketo's REST API: signed in, below its limits, and judged by what the answer says.

A token lives an hour. Asked for again before its end Marketo gives the same one with the time that is left,
so that each worker asks for itself and all share it. A call that is refused for its token was not executed:
it is made again once with a new one.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, Field

from clients.kit.cooldown import Cooldown, through
from clients.kit.errors import IntegrationError, Rejected, Unauthorized
from clients.kit.http import Call, error_for, parsed, refused, unclear, wait_named_by
from clients.kit.rate_limiter import Rank, RateLimiter
from clients.kit.rest import Reply, answer_to, http_client, told
from clients.marketo.errors import EXPIRED, SIGNED_OUT, error_of, said_by
from clients.marketo.settings import Marketo
from models.base import Record

MOST_BYTES = 8 * 1024 * 1024
"""Of an answer. The longest is the description of an instance's fields, one megabyte of a large one."""

MARKETOS_CALLS = 100
"""In 20 seconds, of all integrations. Who takes fewer has a share."""

TOO_LARGE = {413, 414}
"""The two that Marketo itself says by HTTP: the body, the address."""

SHORTEN = "Send less at once."
LAUNCHPOINT = (
    "Check the credential: in Admin, Integration, LaunchPoint, View Details of the custom service shows its"
    " Client ID and Client Secret; in Admin, Integration, Web Services stands the Identity URL of the same"
    " instance."
)

M = TypeVar("M", bound=BaseModel)
Query = Sequence[tuple[str, str | int]]


@dataclass(frozen=True)
class Request:
    """`path` is below /rest. A `form` is the query of a GET that is sent as POST, as Marketo has it for long
    ones: an e-mail address does not belong in an address that proxies and servers log."""

    method: str
    path: str
    query: Query = ()
    form: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None


def path_of(template: str, *parts: object) -> str:
    """`/v1/lists/{}.json` with its parts, none of which can become more than one."""
    return template.format(*(quote(str(each), safe="") for each in parts))


def query_by_post(path: str, **form: str) -> Request:
    return Request("POST", path, (("_method", "GET"),), form=form)


class Answer(Record, Generic[M]):
    """A good one. `result` is missing where an asset was not found."""

    request_id: str = Field(default="", alias="requestId")
    result: list[M] = []


class _Token(Record):
    access_token: str = Field(min_length=1)
    expires_in: float = 3600
    scope: str = ""


@dataclass(frozen=True)
class _SignedIn:
    token: str
    ends: float
    scope: str


class MarketoTransport:
    def __init__(self, settings: Marketo, timeout_seconds: float, cooldown: Cooldown | None = None) -> None:
        self._settings, self._seconds, self._cooldown = settings, timeout_seconds, cooldown
        calls = settings.calls_per_20_seconds
        self._limiter = RateLimiter(calls, seconds=20, of=MARKETOS_CALLS)
        self._at_once = asyncio.Semaphore(settings.calls_at_once)
        self._signed_in: _SignedIn | None = None
        self._signing_in = asyncio.Lock()
        self._http = http_client(timeout_seconds)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def scope(self) -> str:
        """The API-Only user that owns the service."""
        return (await through(self._cooldown, lambda: self._sign_in(stale=None))).scope

    async def ask(self, call: Call, model: type[M], request: Request) -> Answer[M]:
        """Raises IntegrationError. The wait for our own limit is no call: it says nothing of Marketo."""
        await self._limiter.acquire(Rank.LIVE)
        body = await through(self._cooldown, lambda: self._ask(call, request))
        return parsed(call, Answer[model], body)  # type: ignore[valid-type]  # made at run time

    async def _ask(self, call: Call, request: Request) -> dict[str, Any]:
        first = await self._sign_in(stale=None)
        heard = await self._rest(call, request, first)
        if heard.code not in SIGNED_OUT:
            return heard.good(call)
        again = await self._sign_in(stale=first.token)
        heard = await self._rest(call, request, again)
        if heard.code == EXPIRED:  # the one that was given out once more had no time left
            raise unclear(call, "the access token has just expired", left=False)
        return heard.good(call)

    async def _rest(self, call: Call, request: Request, signed_in: _SignedIn) -> "_Heard":
        headers = {"Authorization": f"Bearer {signed_in.token}"}
        async with self._at_once:
            reply = await self._sent(
                call,
                request.method,
                f"{self._settings.rest_url}{request.path}",
                params=list(request.query),
                headers=headers,
                data=request.form,
                json=request.body,
            )
        return _of_marketo(call, reply)

    async def _sign_in(self, stale: str | None) -> _SignedIn:
        """One caller asks, the others wait for it."""
        async with self._signing_in:
            known = self._signed_in
            if known is None or known.token == stale or known.ends <= time.monotonic():
                self._signed_in = None  # also where no new one is had now
                self._signed_in = known = await self._fetch_token()
            return known

    async def _fetch_token(self) -> _SignedIn:
        """Credentials go in the query, as documented; such calls count for no limit."""
        call, settings = Call("marketo", "sign in to Marketo"), self._settings
        query = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
        }
        asked = time.monotonic()
        reply = await self._sent(call, "POST", settings.token_url, params=query)
        if not reply.is_good:
            raise _not_signed_in(call, reply)
        if _code(reply.fields):  # as its other calls answer, with HTTP 200
            _of_marketo(call, reply).good(call)
        token = parsed(call, _Token, reply.object(call))
        return _SignedIn(token.access_token, asked + token.expires_in, token.scope)

    async def _sent(self, call: Call, method: str, url: str, **request: Any) -> Reply:
        with told(call, url):
            return await answer_to(
                self._http,
                method,
                url,
                seconds=self._seconds,
                most_bytes=MOST_BYTES,
                writes=call.writes,
                **request,
            )


@dataclass(frozen=True)
class _Heard:
    """In Marketo's own form, whatever it says."""

    body: dict[str, Any]
    wait: timedelta | None

    @property
    def code(self) -> str:
        """Of a refusal of the whole call; nothing where it is none."""
        return _code(self.body)

    def good(self, call: Call) -> dict[str, Any]:
        """Raises IntegrationError where it is a refusal."""
        if not self.code:
            return self.body
        raise error_of(call, said_by(_errors(self.body), self.body.get("requestId")), self.wait)


def _of_marketo(call: Call, reply: Reply) -> _Heard:
    """Raises IntegrationError for an answer of any other form."""
    body, header = reply.fields, reply.headers.get("Retry-After")
    if _code(body) or (reply.is_good and body.get("success") is True):
        return _Heard(body, wait_named_by(header))
    if reply.status in TOO_LARGE:
        raise refused(call, Rejected, f"too large (HTTP {reply.status})", SHORTEN)
    if reply.is_good:
        raise unclear(call, "the answer is no JSON object of its API")
    raise error_for(call, reply.status, retry_after=header, explained=False)


def _not_signed_in(call: Call, reply: Reply) -> IntegrationError:
    """`{"error": "invalid_client", ...}`: the rest of it quotes the Client ID."""
    error = reply.fields.get("error")
    if reply.status in (400, 401, 403) and isinstance(error, str):
        return refused(call, Unauthorized, f"{error[:50]} (HTTP {reply.status})", LAUNCHPOINT)
    header = reply.headers.get("Retry-After")
    return error_for(call, reply.status, retry_after=header, explained=False)


def _errors(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = body.get("errors")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _code(body: Mapping[str, Any]) -> str:
    errors = [] if body.get("success") else _errors(body)
    code = str(errors[0].get("code") or "") if errors else ""
    return code if code.isdecimal() else ""
