"""Intercom's search for contacts: filters and groups of them, dates by the day, pages by a cursor."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from simulators.intercom.answers import Json, contact_json, invalid
from simulators.intercom.seed import Contact
from simulators.intercom.workspace import Workspace

STRINGS = ("id", "role", "name", "email", "external_id")
DATES = ("created_at", "updated_at", "last_seen_at")
"""Fields that this stand-in knows, beside `tag_id`; Intercom has more."""

OF_STRINGS = ("=", "!=", "IN", "NIN", "~", "!~", "^", "$")
OPERATORS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(STRINGS, OF_STRINGS),
    **dict.fromkeys(DATES, ("=", "<", ">")),
    "tag_id": ("=", "!="),
}
DEEPEST, MOST_FILTERS = 2, 15
PAGE, LARGEST_PAGE = 50, 150
DAY = 86_400


def search(workspace: Workspace, body: Json) -> Json:
    if body.keys() - {"query", "pagination", "sort"} or "query" not in body:
        raise invalid("query is required")
    query = body["query"]
    _check(query, 1)
    candidates = workspace.searchable(_email(query))
    found = sorted((c for c in candidates if _matches(workspace, c, query)), key=lambda each: each.id)
    start, size = _paging(body.get("pagination") or {})
    rows, total_pages = found[start : start + size], -(-len(found) // size)
    pages: Json = {"type": "pages", "page": start // size + 1, "per_page": size, "total_pages": total_pages}
    if start + size < len(found):
        cursor = base64.b64encode(str(start + size).encode()).decode()
        pages["next"] = {"page": pages["page"] + 1, "starting_after": cursor}
    data = [contact_json(workspace, each) for each in rows]
    return {"type": "list", "data": data, "total_count": len(found), "pages": pages}


def _check(query: Any, depth: int) -> None:
    if not isinstance(query, dict):
        raise invalid("a filter is an object")
    operator, value = query.get("operator"), query.get("value")
    if operator not in ("AND", "OR"):
        _check_filter(query, operator, value)
        return
    if depth > DEEPEST or not isinstance(value, list) or not 1 <= len(value) <= MOST_FILTERS:
        raise invalid(f"At most {DEEPEST} nested groups with {MOST_FILTERS} filters each")
    for each in value:
        _check(each, depth + 1)


def _check_filter(query: Json, operator: Any, value: Any) -> None:
    known = OPERATORS.get(str(query.get("field")))
    if known is None:
        raise invalid("field is not one that can be searched")
    if operator not in known:
        raise invalid(f"operator {operator} is not supported for this field")
    if isinstance(value, list) != (operator in ("IN", "NIN")):
        raise invalid("value is not of the type that the operator takes")
    if query["field"] in DATES and not str(value).isdecimal():
        raise invalid("value must be a date")


def _email(query: Json) -> str | None:
    """An address that all results must have."""
    if query.get("operator") == "AND":
        return next(filter(None, map(_email, query["value"])), None)
    exact = query.get("field") == "email" and query.get("operator") == "="
    return str(query.get("value")) if exact else None


def _matches(workspace: Workspace, contact: Contact, query: Json) -> bool:
    operator, value = str(query["operator"]), query.get("value")
    if operator in ("AND", "OR"):
        every: Callable[[Any], bool] = all if operator == "AND" else any
        return every(_matches(workspace, contact, each) for each in query["value"])
    field = query["field"]
    if field == "tag_id":
        has = str(value) in {each.id for each in workspace.tags_of(contact.id)}
        return has == (operator == "=")
    known = contact_json(workspace, contact)[field]
    return _by_day(operator, known, int(str(value))) if field in DATES else _text(operator, known, value)


def _by_day(operator: str, known: int | None, asked: int) -> bool:
    """The workspace is in UTC. `>` begins with the next day."""
    if known is None:
        return False
    day = asked // DAY
    return {"=": known // DAY == day, "<": known // DAY < day, ">": known // DAY > day}[operator]


def _text(operator: str, known: str | None, asked: Any) -> bool:
    """Text compares in small letters."""
    has, values = (known or "").casefold(), [str(each).casefold() for each in _listed(asked)]
    match operator.removeprefix("!"):
        case "=" | "IN" | "NIN":
            found = has in values
        case "~":
            found = values[0] in has
        case "^":
            found = has.startswith(values[0])
        case _:
            found = has.endswith(values[0])
    return found != (operator.startswith("!") or operator == "NIN")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _paging(paging: Json) -> tuple[int, int]:
    size, cursor = paging.get("per_page", PAGE), paging.get("starting_after")
    if not isinstance(size, int) or not 1 <= size <= LARGEST_PAGE:
        raise invalid(f"per_page must be between 1 and {LARGEST_PAGE}")
    try:
        return (int(base64.b64decode(cursor, validate=True)) if cursor else 0), size
    except (binascii.Error, ValueError, TypeError):
        raise invalid("starting_after is no cursor") from None
