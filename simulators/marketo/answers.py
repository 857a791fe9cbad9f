"""How Marketo answers: HTTP 200, whatever it has to say."""

from itertools import count
from typing import Any

from simulators.kit.refusal import Refusal

Json = dict[str, Any]

_requests = count(1)


def good(result: list[Json] | None = None, **more: Any) -> Json:
    """Without `result` where an asset was not found."""
    found = {} if result is None else {"result": result}
    return {"requestId": _request_id(), "success": True, **found, **more}


def failure(code: str, message: str) -> Refusal:
    """Of the whole call: nothing was executed."""
    errors = [{"code": code, "message": message}]
    return Refusal(200, {"requestId": _request_id(), "success": False, "errors": errors})


def skipped(code: str, message: str, **more: Any) -> Json:
    """Of one record."""
    return {**more, "status": "skipped", "reasons": [{"code": code, "message": message}]}


def nothing_found() -> Json:
    return good(warnings=["No assets found for the given search criteria."], errors=[])


class Skip(Exception):
    """One record is not written, and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def _request_id() -> str:
    return f"{next(_requests):x}#simulated"
