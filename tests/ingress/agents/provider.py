"""An identity provider: its keys at an address, and tokens that it signs."""

import asyncio
import base64
import time
from typing import Any

from fastapi import FastAPI, Response
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://idp.example"
SHARED = b"a secret that is shared with somebody"

ODD = (
    "", "[]", "{}", '{"keys": 7}', '{"keys": [7]}', '{"keys": [{}]}', "[" * 100_000, "x" * 300_000,
    '{"keys": [{"kty": "RSA", "kid": "one", "n": "!", "e": ""}]}', '{"keys": [{"kty": ["RSA"]}]}',
)  # fmt: skip


class Provider:
    def __init__(self) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})]
        self.asked = 0
        self.app = FastAPI()
        self.app.get("/keys")(self._keys)
        self.app.get("/odd/{number}")(self._odd)

    async def _keys(self) -> dict[str, Any]:
        self.asked += 1
        named = {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(SHARED).decode().rstrip("=")}
        return {"keys": [*(each.as_dict(private=False) for each in self.keys), named]}

    async def _odd(self, number: int) -> Response:
        """What is no list of keys."""
        if number == len(ODD):
            await asyncio.Event().wait()
        return Response(ODD[number], media_type="application/json")

    def token(
        self, audience: Any, key: Any = None, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """As it would be right, but for what is given. What is None is left out."""
        head = {"alg": "RS256", "kid": "one"} | (header or {})
        said = {
            "iss": ISSUER, "aud": audience, "sub": "user-1", "azp": "desktop",
            "exp": int(time.time()) + 300, "scope": "openid customers.read",
        } | claims  # fmt: skip
        return jwt.encode(
            {name: value for name, value in head.items() if value is not None},
            {name: value for name, value in said.items() if value is not None},
            key or self.keys[0],
            algorithms=["RS256"],
        )
