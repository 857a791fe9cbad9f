"""What may go wrong with a page of a list, in whatever shape a vendor has it."""

import json
from typing import Any

from starlette.types import Message

Json = dict[str, Any]


def ended(said: Json) -> Json:
    """As if nothing followed. Where a vendor says that by a page that is not full, one row is missing."""
    ends: Json = {"has_more": False, "next": None, "cursor": None}
    found = {name: ends.get(name, value) for name, value in said.items() if name != "next_offset"}
    if isinstance(pages := said.get("pagination"), dict):
        found["pagination"] = pages | {"pageCount": pages.get("page", 1)}
    if isinstance(answer := said.get("QueryResponse"), dict) and (name := _list_in(answer)):
        found["QueryResponse"] = answer | {name: answer[name][:-1]}
    return found


def with_rows_of(said: Json, other: Json) -> Json:
    """With another page's rows in the place of its own."""
    for inner in ("QueryResponse",):
        if isinstance(said.get(inner), dict) and isinstance(other.get(inner), dict):
            return said | {inner: with_rows_of(said[inner], other[inner])}
    name = _list_in(said)
    return said | {name: other[name]} if name and name in other else said


def _list_in(said: Json) -> str | None:
    return next((name for name, value in said.items() if isinstance(value, list)), None)


def body_of(held: list[Message]) -> Json | None:
    """None where it is no object of JSON, or no answer to a call that was taken."""
    if not held or held[0].get("status") != 200:
        return None
    try:
        found = json.loads(b"".join(each.get("body", b"") for each in held))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def with_body(held: list[Message], said: Json) -> list[Message]:
    """The same answer with another body."""
    content = json.dumps(said).encode()
    own = [(name, value) for name, value in held[0]["headers"] if name.lower() != b"content-length"]
    headers = [*own, (b"content-length", str(len(content)).encode())]
    return [{**held[0], "headers": headers}, {"type": "http.response.body", "body": content}]
