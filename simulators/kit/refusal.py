"""A vendor's way of saying no, raised anywhere below an endpoint."""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response


class Refusal(Exception):
    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers


async def answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse(error.body, error.status, error.headers)
