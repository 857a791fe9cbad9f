"""OAuth 2 with refresh tokens that each renewal replaces: who loses the latest one is signed out for good.

The first comes from the settings, the latest from a file that all workers share. One renews at a time, and
what it was given is in the file before anybody uses it. A renewal is never cut off: its answer may be the
only place where the next token stands.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import httpx

from clients.kit.errors import Unauthorized, title
from clients.kit.http import Call, brief, error_for, refused, unclear
from clients.kit.rest import Reply, answer_to, http_client, told
from clients.kit.tokens import AccessToken, Kept, TokenFile

EARLY_SECONDS = 60
"""A token is renewed so long before it ends."""

SHORT_LIVED_SECONDS = 1800
"""What a token lives where the answer does not say."""

TIMEOUT_SECONDS = 30.0
MOST_BYTES = 100_000


@dataclass(frozen=True)
class App:
    """A vendor's app, and who connected it. Without a refresh token it signs in by its own credential, where
    the vendor has such apps. `again` says what to do where the refresh token serves no more."""

    system: str
    token_url: str
    client_id: str
    client_secret: str
    refresh_token: str
    again: str
    scope: str = ""


class SignIn(httpx.Auth):
    """Signs each request; one that is refused for its token is sent once more with a new one."""

    def __init__(self, app: App, file: Path) -> None:
        self._app, self._file = app, TokenFile(file)
        self._held: AccessToken | None = None
        self._renewal: asyncio.Task[AccessToken] | None = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Raises IntegrationError."""
        token = await self.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {await self.token(refused_one=token)}"
            yield request

    async def token(self, refused_one: str = "") -> str:
        if self._is_good(self._held, refused_one):
            assert self._held
            return self._held.text
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renewed(refused_one))
            self._renewal.add_done_callback(_heard)
        return (await asyncio.shield(self._renewal)).text

    async def aclose(self) -> None:
        """Not before a renewal has ended that is under way."""
        if self._renewal and not self._renewal.done():
            await asyncio.wait([self._renewal])

    @staticmethod
    def _is_good(token: AccessToken | None, refused_one: str) -> bool:
        return token is not None and token.text != refused_one and token.lives(EARLY_SECONDS)

    async def _renewed(self, refused_one: str) -> AccessToken:
        first = self._app.refresh_token or self._app.client_secret
        async with self._file.locked() as kept:
            found = kept.access_of(first)
            if found is None or not self._is_good(found, refused_one):
                found = await self._asked(kept, first)
        self._held = found
        return found

    async def _asked(self, kept: Kept, first: str) -> AccessToken:
        form = self._form(kept.latest_of(first))
        call = Call(self._app.system, f"sign in to {title(self._app.system)}")
        body = _good(self._app, call, await self._answer(call, form))
        text, lives = body.get("access_token"), str(body.get("expires_in", ""))
        if not isinstance(text, str) or not text:
            raise unclear(call, "it gave no access token")
        token = AccessToken(text, time.time() + (float(lives) if lives.isdigit() else SHORT_LIVED_SECONDS))
        kept.keep(first, str(body.get("refresh_token") or kept.latest_of(first)), token)
        return token

    def _form(self, latest: str) -> dict[str, str]:
        if self._app.refresh_token:
            return {"grant_type": "refresh_token", "refresh_token": latest}
        return {"grant_type": "client_credentials", "scope": self._app.scope}

    async def _answer(self, call: Call, form: dict[str, str]) -> Reply:
        app = self._app
        auth = httpx.BasicAuth(app.client_id, app.client_secret)
        async with http_client(TIMEOUT_SECONDS, headers={"Accept": "application/json"}) as http:
            with told(call, app.token_url):
                return await answer_to(
                    http,
                    "POST",
                    app.token_url,
                    seconds=TIMEOUT_SECONDS,
                    most_bytes=MOST_BYTES,
                    data=form,
                    auth=auth,
                )


def _heard(renewal: asyncio.Task[AccessToken]) -> None:
    """Its error was heard, also where whoever waited has gone."""
    if not renewal.cancelled():
        renewal.exception()


def _good(app: App, call: Call, reply: Reply) -> dict[str, object]:
    """`invalid_grant` and its like are the specification's words; the rest may quote what was sent."""
    said = reply.fields.get("error")
    code = said if isinstance(said, str) else ""
    if code == "invalid_grant":
        who = title(app.system)
        why = f"{who} takes the refresh token no more: it was used elsewhere, revoked, or not used for long"
        raise refused(call, Unauthorized, f"{why} ({code})", f"Check the credential: {app.again}")
    if code or not reply.is_good:
        kind = 401 if code in ("invalid_client", "unauthorized_client") else reply.status
        raise error_for(call, kind, brief(code), reply.headers.get("Retry-After"), explained=bool(code))
    return reply.object(call)
