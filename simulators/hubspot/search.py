"""HubSpot's search: filters, pages and limits. What was just written it does not show yet."""

from collections.abc import Iterator
from typing import Any

from simulators.hubspot.portal import Portal, values_of
from simulators.hubspot.schema import refused
from simulators.hubspot.seed import Record

MOST_GROUPS, MOST_FILTERS, MOST_IN_ALL = 5, 6, 18
MOST_ROWS, LARGEST_PAGE, MOST_VALUES = 10_000, 200, 100
OPERATORS = ("EQ", "IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY")
"""Those that this stand-in knows; HubSpot has more."""

Filter = dict[str, Any]


def search(portal: Portal, object_type: str, body: dict[str, Any]) -> tuple[int, list[Record], str | None]:
    """How many there are, one page of them by id, and where the next begins."""
    groups = _groups(portal, object_type, body)
    start, size = int(body.get("after") or 0), int(body.get("limit") or 10)
    if not 1 <= size <= LARGEST_PAGE:
        raise refused(f"limit must be between 1 and {LARGEST_PAGE}")
    if start + size > MOST_ROWS:
        raise refused(f"The total number of results must not exceed {MOST_ROWS}")
    found: dict[int, Record] = {}
    for filters in groups:
        for record in _candidates(portal, object_type, filters):
            shown = portal.as_search_shows(object_type, record)
            if shown and all(_matches(shown, each) for each in filters):
                found[shown.id] = shown
    rows = [found[id] for id in sorted(found)]
    more = start + size < len(rows)
    return len(rows), rows[start : start + size], str(start + size) if more else None


def _groups(portal: Portal, object_type: str, body: dict[str, Any]) -> list[list[Filter]]:
    groups = [list(group.get("filters") or []) for group in body.get("filterGroups") or []]
    if len(groups) > MOST_GROUPS or any(len(group) > MOST_FILTERS for group in groups):
        raise refused(f"At most {MOST_GROUPS} filterGroups with {MOST_FILTERS} filters each")
    filters = [each for group in groups for each in group]
    if len(filters) > MOST_IN_ALL:
        raise refused(f"At most {MOST_IN_ALL} filters in all")
    for each in filters:
        name, operator = each.get("propertyName"), each.get("operator")
        if name not in portal.schema[object_type].properties:
            raise refused(f"There was a problem with the request: property {name} does not exist")
        if operator not in OPERATORS:
            raise refused(f"The stand-in does not know the operator {operator}")
        if operator == "IN" and not 1 <= len(each.get("values") or []) <= MOST_VALUES:
            raise refused(f"values must hold 1 to {MOST_VALUES}")
    return groups or [[]]


def _candidates(portal: Portal, object_type: str, filters: list[Filter]) -> Iterator[Record]:
    for each in filters:
        name = each["propertyName"]
        if portal.is_indexed(object_type, name) and each["operator"] in ("EQ", "IN"):
            for value in _wanted(each):
                yield from portal.having(object_type, name, value)
            yield from portal.lately_changed(object_type)
            return
    yield from portal.after(object_type, 0)


def _wanted(asked: Filter) -> list[str]:
    return [str(v) for v in asked["values"]] if asked["operator"] == "IN" else [str(asked.get("value"))]


def _matches(record: Record, asked: Filter) -> bool:
    """Text compares in small letters; values given otherwise find nothing."""
    known = [value.lower() for value in values_of(record, asked["propertyName"])]
    if asked["operator"] == "HAS_PROPERTY":
        return bool(known)
    if asked["operator"] == "NOT_HAS_PROPERTY":
        return not known
    return any(value in known for value in _wanted(asked))
