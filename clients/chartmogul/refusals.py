"""What ChartMogul's refusals say. They come in several forms, and some are no JSON at all."""

from collections.abc import Iterator, Mapping
from typing import Any

from clients.kit.errors import IntegrationError, Permanent, Unauthorized
from clients.kit.http import Call, error_for, json_object, refused, says_it_passes

DUPLICATE = "duplicate"
"""`code` of an error: another object has the external id."""

_TAKEN = ("already exists in our system", "has already been taken")
READ_ONLY = (
    "Check the credential in the settings: a read-only key writes nothing. Make one that is Read & Write"
    " (Profile, API keys)."
)
MOST_SAID = 10


def error_of(call: Call, status: int, answer: bytes, retry_after: str | None) -> IntegrationError:
    """`{message}`, `{error}`, `{errors: {field: text}}` or `{field: [text]}`. What is no JSON object comes
    from before it, from a proxy say, or of an outage. UNVERIFIED: that a read-only key's write is 403."""
    body = json_object(answer)
    said = _said(body)
    if status == 403 and body and call.writes:
        return refused(call, Unauthorized, f"{said} (HTTP 403)".strip(), READ_ONLY)
    error = error_for(call, status, said, retry_after, explained=bool(body), passes=says_it_passes(said))
    return _explained(error, body, said) if isinstance(error, Permanent) else error


def is_duplicate(error: IntegrationError) -> bool:
    return isinstance(error, Permanent) and error.code == DUPLICATE


def in_words(errors: Any) -> str:
    """`{field: text}`, `{field: [text, …]}`, and maps in maps, as invoices have them."""
    return "; ".join(f"{field}: {text}" for field, text in list(_pairs(errors, ""))[:MOST_SAID])


def _said(body: Mapping[str, Any]) -> str:
    for name in ("message", "error"):
        if isinstance(text := body.get(name), str) and text:
            return text
    if body.get("errors"):
        return in_words(body["errors"])
    return in_words({name: each for name, each in body.items() if name != "error_details"})


def _explained(error: Permanent, body: Mapping[str, Any], said: str) -> Permanent:
    error.said = said
    if any(words in said.casefold() for words in _TAKEN):
        error.code = DUPLICATE
    if isinstance(errors := body.get("errors"), Mapping):
        error.fields = tuple(map(str, errors))
    elif isinstance(param := body.get("param"), str):
        error.fields = (param,)
    return error


def _pairs(errors: Any, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(errors, Mapping):
        for name, each in errors.items():
            yield from _pairs(each, f"{field}.{name}" if field else str(name))
    elif isinstance(errors, list):
        for each in errors:
            yield from _pairs(each, field)
    elif isinstance(errors, str) and errors:
        yield field or "it", errors
