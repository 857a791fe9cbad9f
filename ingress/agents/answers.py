"""What a call of a tool comes to: one shape for answers, one for errors."""

import json
import logging
import traceback
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent
from pydantic import ValidationError
from temporalio.service import RPCError

from clients.kit.errors import IntegrationError, Retryable
from ingress.agents.declaration import ToolFailed
from models.base import Record
from operations.changes import NotPossible
from operations.errors import Stopped

log = logging.getLogger("mogulflow.ingress")

MOST_BYTES = 40_000
"""Of an answer's text: hosts cut off at 25,000 tokens."""

MOST_FAULTS = 10


class CodedError(ToolError):
    """What the agent is told instead of an answer: JSON alone, for clients check a structure against the
    schema of the answer."""

    def __init__(self, failed: ToolFailed) -> None:
        said: dict[str, Any] = {"code": failed.code, "message": failed.message}
        if failed.next:
            said["next"] = failed.next
        if failed.retry_after_seconds is not None:
            said["retry_after_seconds"] = failed.retry_after_seconds
        super().__init__(compact(said))
        self.code = failed.code


def answer_of(record: Record) -> CallToolResult:
    """Text and structure say the same: some hosts hand on the one, some the other. Raises ToolFailed."""
    structure = record.model_dump(mode="json")
    text = compact(structure)
    if len(text.encode()) > MOST_BYTES:
        raise ToolFailed(
            "too_large",
            f"The answer has more than {MOST_BYTES // 1000} kB.",
            next="Ask for fewer rows, by `limit` or a shorter range.",
        )
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structure)


def compact(structure: Any) -> str:
    return json.dumps(structure, ensure_ascii=False, separators=(",", ":"))


def failure_of(error: Exception) -> ToolFailed:
    """In words for the agent. Of what nobody foresaw it learns nothing: the text may be anybody's."""
    if isinstance(error, ToolFailed):
        return error
    if isinstance(error, NotPossible):
        return ToolFailed(error.code, str(error))
    if isinstance(error, Stopped):
        return ToolFailed("not_possible", str(error))
    if isinstance(error, IntegrationError):
        return _of_a_system(error)
    if isinstance(error, TimeoutError):
        return ToolFailed(
            "timed_out", "It takes too long.", next="Ask for less. The same change again is the same run."
        )
    if isinstance(error, RPCError):
        return ToolFailed("temporal_unavailable", "Temporal does not answer just now.", retry_after_seconds=5)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = {"error": type(error).__name__, "at": f"{last.filename}:{last.lineno}"}
    log.error("an agent's tool failed", extra=place)
    return ToolFailed("failed", "It could not be done, by a fault of ours. The log says where.")


def _of_a_system(error: IntegrationError) -> ToolFailed:
    if isinstance(error, Retryable):
        after = error.retry_after.total_seconds() if error.retry_after else 10
        return ToolFailed(
            f"{error.system}_unavailable",
            "It does not answer just now.",
            retry_after_seconds=max(1, round(after)),
        )
    return ToolFailed(f"{error.system}_refused", str(error))


def invalid(error: ValidationError) -> ToolFailed:
    """Arguments that the schema refuses, without their values."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    said = [
        f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}" for each in faults[:MOST_FAULTS]
    ]
    return ToolFailed(
        "invalid_arguments", "; ".join(said), next="The tool's input schema says what it takes."
    )
