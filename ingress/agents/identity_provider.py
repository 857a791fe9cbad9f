"""Tokens that an outside identity provider signs: JWTs, checked by its public keys."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from models.agents import IdentityProvider

log = logging.getLogger("mogulflow.ingress")

ALGORITHMS = ["RS256", "ES256"]
"""The library's own list has more, among them such as are signed with a shared secret."""

LEEWAY_SECONDS = 30
KEYS_FRESH_SECONDS, ASK_AGAIN_SECONDS = 3600, 30
"""How long keys count without asking, and how soon they are asked for again, whoever sends what."""

TIMEOUT_SECONDS, LONGEST_KEYS = 5, 256 * 1024
LONGEST_TOKEN = 8192

UNREADABLE = (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError)
UNREACHABLE = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""A time-out is an OSError."""

KEYS: dict[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}


class Refused(Exception):
    """The token is not one of this provider's for us. The message has nothing of it."""


class KeySource:
    """The provider's keys by id, asked for when they are needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, RSAKey | ECKey] = {}
        self._asked_at = self._got_at = float("-inf")
        self._asking = asyncio.Lock()

    async def key(self, id: str) -> RSAKey | ECKey:
        """Raises Refused where the provider does not name it."""
        if id not in self._keys or time.monotonic() - self._got_at > KEYS_FRESH_SECONDS:
            await self._ask()
        try:
            return self._keys[id]
        except KeyError:
            raise Refused("unknown key") from None

    async def _ask(self) -> None:
        """Keys that cannot be had leave those that are there, of which the provider may have its reasons to
        withdraw one: that it does not answer is no reason."""
        async with self._asking:
            if time.monotonic() - self._asked_at < ASK_AGAIN_SECONDS:
                return
            self._asked_at = time.monotonic()
            try:
                self._keys = _keys_in(await self._document())
                self._got_at = time.monotonic()
            except (*UNREACHABLE, *UNREADABLE) as error:
                log.warning("no keys of the identity provider", extra={"reason": type(error).__name__})

    async def _document(self) -> Any:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as http,
            asyncio.timeout(TIMEOUT_SECONDS),
            http.stream("GET", self._url) as response,
        ):
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LONGEST_KEYS:
                    raise ValueError("too long")
        return httpx.Response(200, content=bytes(body)).json()


def _keys_in(document: Any) -> dict[str, RSAKey | ECKey]:
    """Those that can be used here; a provider may name others besides."""
    found = {}
    for each in document["keys"]:
        kind = KEYS.get(each.get("kty"))
        if kind is None or not isinstance(each.get("kid"), str) or each.get("use", "sig") != "sig":
            continue
        try:
            found[each["kid"]] = kind.import_key({name: value for name, value in each.items() if name != "d"})
        except UNREADABLE:
            log.warning("a key of the identity provider cannot be read")
    return found


async def claims_of(token: str, provider: IdentityProvider, keys: KeySource) -> Mapping[str, Any]:
    """Raises Refused."""
    if len(token) > LONGEST_TOKEN:
        raise Refused("too long")
    try:
        id = jws.extract_compact(token.encode()).headers().get("kid")
        if not isinstance(id, str):  # without one it would be tried against any key
            raise Refused("no key named")
        claims = jwt.decode(token, await keys.key(id), algorithms=ALGORITHMS).claims
        _registry(provider).validate(claims)
    except UNREADABLE as error:
        raise Refused(type(error).__name__) from None
    return claims


def _registry(provider: IdentityProvider) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.audience},
        exp={"essential": True},
        sub={"essential": True},
    )
