"""An identity provider: its keys at an address, and tokens that it signs."""

import base64
import time
from typing import Any

from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://idp.example"
SHARED = b"a secret that is shared with somebody"


class Provider:
    def __init__(self) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})]
        self.asked = 0
        self.app = FastAPI()
        self.app.get("/keys")(self._keys)

    async def _keys(self) -> dict[str, Any]:
        self.asked += 1
        named = {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(SHARED).decode().rstrip("=")}
        return {"keys": [*(each.as_dict(private=False) for each in self.keys), named]}

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
