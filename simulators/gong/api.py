"""Gong's API: workspaces, and digital interactions, each once by its eventId."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError

from simulators.gong.shapes import DigitalInteraction
from simulators.gong.state import Gong, gong_of
from simulators.kit.refusal import Refusal
from simulators.kit.sign_in import basic

ACCESS_KEY, SECRET = "gong-demo-key", "gong-demo-secret"
WORKSPACES = ("Sales", "Customer success", "Partners")

router = APIRouter(prefix="/gong/v2")


def refused(status: int, *errors: str, headers: dict[str, str] | None = None) -> Refusal:
    return Refusal(status, {"requestId": _request_id(), "errors": list(errors)}, headers)


def _request_id() -> str:
    return secrets.token_hex(8)


def signed_in(request: Request) -> Gong:
    if basic(request.headers.get("authorization", "")) != (ACCESS_KEY, SECRET):
        raise refused(401, "Unauthorized: the access key or its secret is wrong")
    gong = gong_of(request)
    if wait := gong.seconds_to_wait():
        raise refused(429, "API request limit exceeded", headers={"Retry-After": str(wait)})
    return gong


Signed = Annotated[Gong, Depends(signed_in)]


@router.get("/workspaces")
async def workspaces(gong: Signed) -> dict[str, Any]:
    rows = [{"id": str(number), "name": name, "description": ""} for number, name in enumerate(WORKSPACES, 1)]
    return {"requestId": _request_id(), "workspaces": rows}


@router.post("/digital-interaction")
async def log(gong: Signed, request: Request) -> dict[str, Any]:
    try:
        given = DigitalInteraction.model_validate_json(await request.body())
    except ValidationError as error:
        raise refused(400, *_problems(error)) from None
    if given.eventId in gong.interactions:
        raise refused(409, "Event was already reported in the past")
    gong.interactions[given.eventId] = given
    return {"requestId": _request_id()}


def _problems(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
