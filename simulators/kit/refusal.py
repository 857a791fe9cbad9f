"""A vendor's way of saying no, raised anywhere below an endpoint."""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

REASONS = {500: "Internal Server Error", 502: "Bad Gateway", 504: "Gateway Timeout Error"}


class Refusal(Exception):
    """A body that is text is sent as such, any other as JSON."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers

    def response(self) -> Response:
        kind = PlainTextResponse if isinstance(self.body, str) else JSONResponse
        return kind(self.body, self.status, self.headers)


def out_of_service(status: int) -> Refusal:
    """As a server in front of the API says it: in plain text."""
    return Refusal(status, f"{status} {REASONS.get(status, 'Service Unavailable')}")


async def answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()
