"""How a connector signs in. Secrets are read from the environment at each use and are held nowhere else."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from clients.connector.requests import Request, with_query
from clients.kit.errors import Unauthorized
from clients.kit.http import Call
from clients.kit.tokens import TokenFile
from models.connectors import (
    Answer,
    Auth,
    Basic,
    Bearer,
    ClientCredentials,
    HeaderKey,
    QueryKey,
    RefreshToken,
    Signature,
)

EARLY_SECONDS = 30
"""A token is renewed so long before it ends."""

SHORT_LIVED_SECONDS = 3600
"""What a token lives where the answer does not say."""

Send = Callable[[Call, Request], Awaitable[Answer]]


@dataclass
class _Token:
    text: str
    ends: float


class SignIn:
    """Of one connector. `send` makes a call that needs no credential; a refresh token's latest successor is
    kept in a file of `state_dir`."""

    def __init__(
        self, name: str, auth: Auth, variables: Mapping[str, str], send: Send, state_dir: Path
    ) -> None:
        self._name, self._auth, self._variables, self._send = name, auth, variables, send
        self._file = TokenFile(state_dir / f"{name}.token")
        self._token: _Token | None = None
        self._renewing = asyncio.Lock()

    @property
    def renews(self) -> bool:
        """Whether a refused token may be replaced."""
        return isinstance(self._auth, ClientCredentials | RefreshToken)

    def forget(self) -> None:
        """The token was refused."""
        self._token = None

    async def signed(self, request: Request) -> Request:
        """Raises Unauthorized where a variable is missing, and what the token's address answers."""
        auth = self._auth
        if isinstance(auth, ClientCredentials | RefreshToken):
            return _with(request, Authorization=f"Bearer {await self._access_token(auth)}")
        if isinstance(auth, Bearer):
            return _with(request, Authorization=f"Bearer {self._secret(auth.token)}")
        if isinstance(auth, Basic):
            password = self._secret(auth.password) if auth.password else ""
            return _with(request, Authorization=basic(self._secret(auth.user), password))
        if isinstance(auth, HeaderKey):
            return _with(request, **{auth.header: self._secret(auth.value)})
        if isinstance(auth, QueryKey):
            words = f"{quote(auth.parameter)}={quote(self._secret(auth.value), safe='')}"
            return replace(request, url=with_query(request.url, words))
        if isinstance(auth, Signature):
            return _with(request, **self._signature(auth, request.body or b""))
        return request

    def _secret(self, variable: str) -> str:
        if value := self._variables.get(variable):
            return value
        raise Unauthorized(
            self._name, f"The variable {variable} is not set, and connector {self._name} needs it"
        )

    def _signature(self, auth: Signature, body: bytes) -> dict[str, str]:
        seconds = str(int(time.time()))
        signed = seconds.encode() + b"." + body if auth.timestamp_header else body
        digest = hmac.new(
            self._secret(auth.secret).encode(), signed, getattr(hashlib, auth.algorithm)
        ).digest()
        text = digest.hex() if auth.encoding == "hex" else base64.b64encode(digest).decode()
        stamp = {auth.timestamp_header: seconds} if auth.timestamp_header else {}
        return {auth.header: f"{auth.prefix}{text}"} | stamp

    async def _access_token(self, auth: ClientCredentials | RefreshToken) -> str:
        async with self._renewing:
            if self._token is None or self._token.ends < time.monotonic() + EARLY_SECONDS:
                self._token = await self._renewed(auth)
            return self._token.text

    async def _renewed(self, auth: ClientCredentials | RefreshToken) -> _Token:
        if isinstance(auth, ClientCredentials):
            form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
            return self._read(await self._ask(auth, form))
        async with self._file.locked() as kept:
            first = self._secret(auth.refresh_token)
            form = {"grant_type": "refresh_token", "refresh_token": kept.latest_of(first)}
            answer = await self._ask(auth, form)
            if isinstance(answer.body, dict) and (latest := answer.body.get("refresh_token")):
                kept.keep(first, str(latest))
            return self._read(answer)

    async def _ask(self, auth: ClientCredentials | RefreshToken, form: dict[str, str]) -> Answer:
        user, secret = self._secret(auth.client_id), self._secret(auth.client_secret)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if auth.sends == "basic":
            headers["Authorization"] = basic(quote(user, safe=""), quote(secret, safe=""))
        else:
            form = form | {"client_id": user, "client_secret": secret}
        call = Call(self._name, "sign in")
        answer = await self._send(call, Request("POST", auth.token_url, headers, urlencode(form).encode()))
        if answer.status in (400, 401, 403):
            raise Unauthorized(
                self._name, f"{self._name} refuses to sign in: {_code(answer.body)} (HTTP {answer.status})"
            )
        return answer

    def _read(self, answer: Answer) -> _Token:
        body = answer.body if isinstance(answer.body, dict) else {}
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            raise Unauthorized(self._name, f"{self._name} gave no access token (HTTP {answer.status})")
        lives = str(body.get("expires_in", ""))
        seconds = float(lives) if lives.isdigit() else SHORT_LIVED_SECONDS
        return _Token(token, time.monotonic() + seconds)


def _with(request: Request, **headers: str) -> Request:
    return replace(request, headers={**request.headers, **headers})


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _code(body: Any) -> str:
    """`invalid_grant`: the rest of such an answer may quote what was sent."""
    return str(body.get("error", ""))[:100] if isinstance(body, dict) else ""
