"""Reading a body, of whatever source: not longer, and for no longer, than one may be."""

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from dispatch.deliveries import MAX_BODY

BODY_SECONDS = 10


class Refused(Exception):
    """The delivery cannot be taken; trying the same again changes nothing."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


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
        raise Refused(413, f"The body is longer than {MAX_BODY // 1024} KiB; no event is.")
