"""Where refresh tokens are renewed: each is good for one renewal."""

import secrets
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request

from simulators.accounting.state import Accounting
from simulators.kit.refusal import Refusal
from simulators.kit.sign_in import basic
from simulators.world import world_of


def router_of(path: str, state: type[Accounting], *, own_credential: bool = False) -> APIRouter:
    """`own_credential`: an app may also sign in by its own."""
    router = APIRouter()

    @router.post(path)
    async def token(request: Request) -> dict[str, Any]:
        accounting = world_of(request).of(state)
        given = dict(parse_qsl((await request.body()).decode()))
        _check_client(accounting, request.headers.get("authorization", ""))
        kind = given.get("grant_type")
        if kind == "client_credentials" and own_credential:
            return _answer(accounting.access(), accounting.rules.token_seconds)
        if kind != "refresh_token":
            raise Refusal(400, {"error": "unsupported_grant_type"})
        renewed = accounting.renew(given.get("refresh_token", ""))
        if renewed is None:
            raise Refusal(400, {"error": "invalid_grant"})
        access, refresh, seconds = renewed
        return _answer(access, seconds) | {"refresh_token": refresh}

    return router


def _answer(access: str, seconds: float) -> dict[str, Any]:
    return {"access_token": access, "token_type": "Bearer", "expires_in": int(seconds)}


def _check_client(accounting: Accounting, header: str) -> None:
    given, right = basic(header) or ("", ""), accounting.client
    if not all(secrets.compare_digest(a.encode(), b.encode()) for a, b in zip(given, right, strict=True)):
        raise Refusal(401, {"error": "invalid_client"})
