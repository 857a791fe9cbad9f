"""Salesforce's collections: up to 200 records of a call, each with its own outcome."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from simulators.kit.refusal import Refusal
from simulators.salesforce.api import allow_save, answer, signed_in
from simulators.salesforce.org import Org
from simulators.salesforce.seed import Record, record_number
from simulators.salesforce.state import org_of
from simulators.salesforce.values import refused

MOST_ROWS = 200

router = APIRouter(
    prefix="/salesforce/services/data/v{version}/composite/sobjects", dependencies=[Depends(signed_in)]
)


@router.patch("")
@router.patch("/")
async def update(request: Request) -> Response:
    org = org_of(request)
    rows = await _rows(request, org)
    return answer(request, [_outcome(partial(_update, org, row, allow_save(request))) for row in rows])


@router.patch("/{object_name}/{key}")
async def upsert(request: Request, object_name: str, key: str) -> Response:
    org = org_of(request)
    field = org.fields(object_name).get(key)
    if field is None or not field.is_key:
        text = f"Provided external ID field does not exist or is not accessible: {key}"
        raise refused("NOT_FOUND", text, status=404)
    rows = await _rows(request, org)
    if any(_type_of(row) != object_name for row in rows):
        raise refused("INVALID_INPUT", f"all records must be of type {object_name}")
    seen: set[Any] = set()
    return answer(
        request,
        [_outcome(partial(_upsert, org, object_name, key, row, seen, allow_save(request))) for row in rows],
    )


async def _rows(request: Request, org: Org) -> list[Record]:
    """All are read before the first is written: one that cannot be read refuses the call."""
    try:
        body = await request.json()
        rows = list(body["records"])
    except (ValueError, TypeError, KeyError):
        raise refused("JSON_PARSER_ERROR", "The HTTP entity body is not a list of records") from None
    if len(rows) > MOST_ROWS:
        text = f"record limit reached. cannot submit more than {MOST_ROWS} records into this call"
        raise refused("EXCEEDED_ID_LIMIT", text)
    if body.get("allOrNone"):
        raise Refusal(501, [{"errorCode": "NOT_SIMULATED", "message": "allOrNone", "fields": []}])
    for row in rows:
        org.check_types(_type_of(row), row)
    return rows


def _type_of(row: Record) -> str:
    object_name = (row.get("attributes") or {}).get("type")
    if not isinstance(object_name, str):
        raise refused("INVALID_INPUT", "a record has no attributes.type")
    return object_name


def _values(row: Record, *without: str) -> Record:
    return {name: value for name, value in row.items() if name not in ("attributes", *without)}


def _update(org: Org, row: Record, allow: bool) -> Record:
    object_name, id = _type_of(row), row.get("id") or row.get("Id")
    if not id:
        raise refused("MISSING_ARGUMENT", "Id not specified in an update call")
    if record_number(str(id)) is None:
        raise refused("MALFORMED_ID", f"{object_name} ID: id value of incorrect type: {id}", ["Id"])
    record = org.get(object_name, str(id))
    if record is None:
        raise refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    org.update(object_name, record, _values(row, "id", "Id"), allow_save=allow)
    return {"id": record["Id"], "success": True, "errors": []}


def _upsert(org: Org, object_name: str, key: str, row: Record, seen: set[Any], allow: bool) -> Record:
    value = row.get(key)
    if not value:
        raise refused("MISSING_ARGUMENT", f"{key} not specified", [key])
    if value in seen:
        raise refused("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [key])
    seen.add(value)
    found = org.having(object_name, key, value)
    if len(found) > 1:
        ids = ", ".join(record["Id"] for record in found)
        text = f"{key}: more than one record found for external id field: [{ids}]"
        raise refused("DUPLICATE_EXTERNAL_ID", text, [key])
    if found:
        record = org.update(object_name, found[0], _values(row, key), allow_save=allow)
    else:
        record = org.create(object_name, _values(row))
    return {"id": record["Id"], "success": True, "errors": [], "created": not found}


def _outcome(write: Callable[[], Record]) -> Record:
    try:
        return write()
    except Refusal as refusal:
        errors = [
            {"statusCode": each["errorCode"], "message": each["message"], "fields": each["fields"]}
            for each in refusal.body
        ]
        return {"success": False, "errors": errors}
