"""Runs a parsed SOQL query against the org, with fields of related records (Account.Owner.Email)."""

from typing import Any

from simulators.salesforce import soql
from simulators.salesforce.org import Org
from simulators.salesforce.schema import Field
from simulators.salesforce.seed import Record
from simulators.salesforce.values import refused, same

PAGE = 2000
"""Rows of an answer."""


def run_query(org: Org, text: str, version: str) -> dict[str, Any]:
    try:
        query = soql.parse(text)
    except soql.Malformed as error:
        raise refused("MALFORMED_QUERY", str(error)) from None
    _check_names(org, query)
    records = _sorted(_matching(org, query), query)[: query.limit]
    rows = [_row(org, query, record, version) for record in records]
    return _page(org, rows, 0, version)


def next_page(org: Org, locator: str, version: str) -> dict[str, Any]:
    name, _, start = locator.partition("-")
    if name not in org.cursors or not start.isdecimal():
        raise refused("INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(org, org.cursors[name], int(start), version, name)


def _page(org: Org, rows: list[Record], start: int, version: str, name: str = "") -> dict[str, Any]:
    end = start + PAGE
    page: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows), "records": rows[start:end]}
    if not page["done"]:
        name = name or org.keep_cursor(rows)
        page["nextRecordsUrl"] = f"/services/data/v{version}/query/{name}-{end}"
    return page


def _check_names(org: Org, query: soql.Query) -> None:
    if query.object_name not in org.schema or query.object_name in org.special.hidden:
        text = f"sObject type '{query.object_name}' is not supported."
        raise refused("INVALID_TYPE", text)
    for path in query.fields:
        _field(org, query.object_name, path)
    for condition in query.conditions:
        checked = _field(org, query.object_name, condition.field)
        if checked.type == "textarea" or f"{query.object_name}.{condition.field}" in org.special.unfilterable:
            text = f"field '{checked.name}' can not be filtered in a query call"
            raise refused("INVALID_FIELD", text)
    if query.order_by:
        _field(org, query.object_name, query.order_by)


def _field(org: Org, object_name: str, path: str) -> Field:
    *parents, name = path.split(".")
    for parent in parents:
        object_name = _relation(org, object_name, parent).reference_to[0]
        if object_name in org.special.hidden:
            raise refused("INVALID_FIELD", f"No such column '{name}' on entity '{object_name}'.")
    field = org.schema[object_name].get(name)
    if field is None:
        raise refused("INVALID_FIELD", f"No such column '{name}' on entity '{object_name}'.")
    return field


def _relation(org: Org, object_name: str, relationship: str) -> Field:
    for field in org.schema[object_name].values():
        if field.relationship == relationship:
            return field
    text = f"Didn't understand relationship '{relationship}' in field path."
    raise refused("INVALID_FIELD", text)


def _matching(org: Org, query: soql.Query) -> list[Record]:
    """By one condition on the object's own fields where there is one; else all are looked at."""
    plain = (c for c in query.conditions if not c.negated and "." not in c.field)
    found, first = org.all(query.object_name), next(plain, None)
    if first:
        rows = (row for value in first.values for row in org.having(query.object_name, first.field, value))
        found = iter({row["Id"]: row for row in rows}.values())
    others = [c for c in query.conditions if c is not first]
    return [row for row in found if all(_holds(org, query.object_name, row, c) for c in others)]


def _holds(org: Org, object_name: str, record: Record, condition: soql.Condition) -> bool:
    field = _field(org, object_name, condition.field)
    ours = _value(org, object_name, record, condition.field)
    return any(same(field, ours, value) for value in condition.values) != condition.negated


def _sorted(records: list[Record], query: soql.Query) -> list[Record]:
    if query.order_by is None:
        return records
    name = query.order_by
    return sorted(records, key=lambda r: str(r.get(name) or ""), reverse=query.descending)


def _row(org: Org, query: soql.Query, record: Record, version: str) -> Record:
    row = _head(query.object_name, record, version)
    for path in query.fields:
        target, current, object_name = row, record, query.object_name
        *parents, name = path.split(".")
        for parent in parents:
            relation = _relation(org, object_name, parent)
            object_name = relation.reference_to[0]
            id = current.get(relation.name)
            related = org.get(object_name, id) if id else None
            if related is None:
                target.setdefault(parent, None)
                break
            target = target.setdefault(parent, _head(object_name, related, version))
            current = related
        else:
            target[name] = org.value(current, name)
    return row


def _value(org: Org, object_name: str, record: Record, path: str) -> Any:
    current: Record | None = record
    *parents, name = path.split(".")
    for parent in parents:
        relation = _relation(org, object_name, parent)
        object_name = relation.reference_to[0]
        id = current.get(relation.name) if current else None
        current = org.get(object_name, id) if id else None
    return current.get(name) if current else None


def _head(object_name: str, record: Record, version: str) -> Record:
    url = f"/services/data/v{version}/sobjects/{object_name}/{record['Id']}"
    return {"attributes": {"type": object_name, "url": url}}
