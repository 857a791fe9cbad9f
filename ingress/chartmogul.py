"""ChartMogul's webhook: who sent it, what it says, and whether it may be read at all."""

import asyncio
import hmac
from collections.abc import Mapping, Sequence

from fastapi import Request
from pydantic import SecretStr, ValidationError
from starlette.requests import ClientDisconnect

from models.chartmogul import MovementWebhook
from models.chartmogul_values import loads
from models.events import MrrMovement, NotAMovement, movement_from_webhook

MAX_BODY = 256 * 1024
"""Bytes. A real body has about one thousand."""
BODY_SECONDS = 10


class Refused(Exception):
    """The delivery cannot be taken; trying the same again changes nothing."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Unreadable(Refused):
    """The right sender, and nothing that can be understood. The message quotes nothing of the body."""

    def __init__(self, message: str) -> None:
        super().__init__(422, message)


def account_of(secret: str, secrets: Mapping[str, Sequence[SecretStr]]) -> str | None:
    """The account whose secret this is. Compares with all, so that time tells nothing."""
    found = None
    for account, known in secrets.items():
        for each in known:
            if hmac.compare_digest(each.get_secret_value().encode(), secret.encode()):
                found = account
    return found


async def read_body(request: Request) -> bytes:
    """Raises Refused: 413 as soon as it is too long, 408 where it takes too long, 400 where it breaks off."""
    _limit(int(request.headers.get("content-length", 0)))  # the server has checked that it is a number
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                _limit(len(body))
    except TimeoutError:
        raise Refused(408, f"The body did not come within {BODY_SECONDS} seconds.") from None
    except ClientDisconnect:
        raise Refused(400, "The sender hung up before the end of the body.") from None
    return bytes(body)


def _limit(length: int) -> None:
    if length > MAX_BODY:
        raise Refused(413, f"The body is longer than {MAX_BODY // 1024} KiB; no MRR movement is.")


def movement_of(body: bytes, account: str) -> MrrMovement:
    """Raises Unreadable."""
    try:
        said = loads(body)
    except ValueError:
        raise Unreadable("The body is no JSON.") from None
    try:
        return movement_from_webhook(MovementWebhook.model_validate(said), account)
    except ValidationError as error:
        raise Unreadable(_sentence(error)) from None
    except NotAMovement as error:
        raise Unreadable(f"This is no MRR movement: {error}.") from None


def _sentence(error: ValidationError) -> str:
    """Without what was sent: a body holds names."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    # the text of a value error may quote the value
    reason = "it cannot be read" if first["type"] == "value_error" else first["msg"]
    return f"This is no MRR movement: {where}: {reason}."
