"""HubSpot's CRM API, as its clients use it: objects in batches, lists, search. Each path stands in two
forms: with a date, /crm/objects/2026-09/…, and with v3 or v4, /crm/v3/objects/…"""

import secrets
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from simulators.hubspot.portal import CHANGED, NAMED_BY, Portal
from simulators.hubspot.schema import OBJECT_TYPES, refused, stamp
from simulators.hubspot.search import search
from simulators.hubspot.seed import Record
from simulators.hubspot.state import hubspot_of
from simulators.kit.refusal import Refusal
from simulators.kit.shapes import HUBSPOT_TOKEN

VERSIONS = ("2025-09", "2026-03", "2026-09")
MOST_ROWS, LARGEST_PAGE = 100, 100
NOT_THERE = 404
SHOWN = {name: ("hs_object_id", "createdate", changed) for name, changed in CHANGED.items()}
BY_DEFAULT = {
    **NAMED_BY,
    "deals": ("dealname", "amount", "dealstage", "pipeline", "closedate"),
    "tasks": ("hs_task_subject", "hs_timestamp", "hs_task_status"),
}
KINDS = {"contacts": "CONTACT", "companies": "COMPANY", "deals": "DEAL", "tasks": "TASK"}
LINK_TYPES = {("tasks", "contacts"): 204, ("tasks", "companies"): 192, ("deals", "companies"): 341}

Json = dict[str, Any]


async def signed_in(request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(token.encode(), HUBSPOT_TOKEN.encode()):
        text = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
        raise refused(text, "INVALID_AUTHENTICATION", 401)
    if request.path_params.get("version", VERSIONS[0]) not in VERSIONS:
        raise not_there("Unknown version")
    hubspot = hubspot_of(request)
    if (scope := scope_of(request)) in hubspot.portal.rules.missing_scopes:
        context = {"requiredGranularScopes": [scope]}
        text = "This app hasn't been granted all required scopes to make this call."
        errors = [{"message": "One or more scopes are required.", "context": context}]
        raise refused(text, "MISSING_SCOPES", 403, errors=errors)
    is_search = request.url.path.endswith("/search")
    request.state.headers = hubspot.limits.count(hubspot.portal.rules, search=is_search)


def scope_of(request: Request) -> str:
    """What the call needs. Tasks have no scope of their own: they go with contacts."""
    parts = [each for each in request.url.path.split("/") if each not in ("hubspot", "crm", "v3", "v4", "")]
    parts = [each for each in parts if each not in VERSIONS]
    area, kind = parts[0], (parts[1] if len(parts) > 1 else "")
    kind = {"tasks": "contacts"}.get(kind, kind)
    if area == "owners":
        return "crm.objects.owners.read"
    reads = request.method == "GET" or request.url.path.endswith(("/batch/read", "/search"))
    sort = "schemas" if area == "properties" else "objects"
    return f"crm.{sort}.{kind}.{'read' if reads else 'write'}"


objects = APIRouter()
guards = [Depends(signed_in)]


@objects.post("/{object_type}/batch/read")
async def batch_read(request: Request, object_type: str) -> Response:
    portal, body = portal_of(request, object_type), await body_of(request)
    inputs = inputs_of(body)
    key = body.get("idProperty")
    _check_key(portal, object_type, key)
    names = body.get("properties") or BY_DEFAULT[object_type]
    found, missing = [], []
    for each in inputs:
        record = _named(portal, object_type, key, str(each.get("id", "")))
        if record is None:
            missing.append(str(each.get("id", "")))
        elif record not in found:
            found.append(record)
    errors = [_not_found(object_type, {"ids": missing})] if missing else []
    return batch_answer(request, [row(object_type, record, names) for record in found], errors)


@objects.post("/{object_type}/batch/update")
async def batch_update(request: Request, object_type: str) -> Response:
    return await _batch_write(request, object_type, makes_new=False)


@objects.post("/{object_type}/batch/upsert")
async def batch_upsert(request: Request, object_type: str) -> Response:
    return await _batch_write(request, object_type, makes_new=True)


@objects.post("/{object_type}/search")
async def search_objects(request: Request, object_type: str) -> Response:
    portal, body = portal_of(request, object_type), await body_of(request)
    total, found, after = search(portal, object_type, body)
    names = body.get("properties") or BY_DEFAULT[object_type]
    rows = [row(object_type, record, names) for record in found]
    return answer(request, {"total": total} | page(rows, after))


@objects.post("/{object_type}")
async def create(request: Request, object_type: str) -> Response:
    """With associations, or not at all."""
    portal, body = portal_of(request, object_type), await body_of(request)
    values, links = dict(body.get("properties") or {}), list(body.get("associations") or [])
    others = [_linked(portal, object_type, each) for each in links]
    made = portal.write(object_type, None, values)
    for other, id in others:
        portal.associate(object_type, made.id, other, id)
    return answer(request, row(object_type, made, values), 201)


@objects.delete("/{object_type}/{id}")
async def archive(request: Request, object_type: str, id: str) -> Response:
    """That one who is there no more is refused is a guess of ours."""
    portal = portal_of(request, object_type)
    record = portal.get(object_type, id)
    if record is None:
        raise not_there(f"Object not found. objectId are usually numeric, {id} was given")
    portal.delete(object_type, record)
    return Response(status_code=204, headers=request.state.headers)


@objects.get("/{object_type}")
async def list_objects(request: Request, object_type: str) -> Response:
    portal, query = portal_of(request, object_type), request.query_params
    size, after = int(query.get("limit", "10")), int(query.get("after", "0"))
    if not 1 <= size <= LARGEST_PAGE:
        raise refused(f"limit must be between 1 and {LARGEST_PAGE}")
    names = [name for given in query.getlist("properties") for name in given.split(",")]
    found = list(islice(portal.after(object_type, after), size + 1))
    rows = [row(object_type, record, names or BY_DEFAULT[object_type]) for record in found[:size]]
    return answer(request, page(rows, rows[-1]["id"] if len(found) > size else None))


async def _batch_write(request: Request, object_type: str, *, makes_new: bool) -> Response:
    portal, inputs = portal_of(request, object_type), inputs_of(await body_of(request))
    for each in inputs:
        _check_input(portal, object_type, each, needs_key=makes_new)
    traced = portal.rules.per_row and all(each.get("objectWriteTraceId") for each in inputs)
    rows: list[Json] = []
    errors: list[Json] = []
    if not traced:  # one wrong row, and nothing is written
        for each in inputs:
            _write(portal, object_type, each, makes_new, only_check=True)
    for each in inputs:
        try:
            rows.append(_write(portal, object_type, each, makes_new, only_check=False))
        except Refusal as refusal:
            if not traced and refusal.status != NOT_THERE:
                raise
            errors.append(_of_row(refusal.body, each))
    return batch_answer(request, rows[::-1], errors)  # in no order that one may rely on


def _write(portal: Portal, object_type: str, each: Json, makes_new: bool, *, only_check: bool) -> Json:
    key, id, values = each.get("idProperty"), str(each["id"]), dict(each["properties"])
    record = _named(portal, object_type, key, id)
    if record is None and not makes_new:
        if only_check:
            return {}
        raise Refusal(NOT_THERE, _not_found(object_type, {}))
    if record is None:
        values = {str(key): id} | values
    if only_check:
        portal.check(object_type, record, values)
        return {}
    written = portal.write(object_type, record, values)
    trace = {"objectWriteTraceId": each["objectWriteTraceId"]} if each.get("objectWriteTraceId") else {}
    names = [*values, *([key] if key else [])]
    return row(object_type, written, names) | ({"new": record is None} if makes_new else {}) | trace


def _check_input(portal: Portal, object_type: str, each: Json, *, needs_key: bool) -> None:
    """What is wrong with any is wrong with the request."""
    values, key = each.get("properties"), each.get("idProperty")
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise refused("Invalid input JSON: properties must be text")
    if needs_key and not key:
        raise refused("idProperty is required")
    _check_key(portal, object_type, key)
    unknown = [name for name in values if name not in portal.schema[object_type].properties]
    if unknown:
        portal.check(object_type, None, values)


def _check_key(portal: Portal, object_type: str, key: Any) -> None:
    if key is not None and not portal.schema[object_type].unique(str(key)):
        text = f"Unable to perform update/upsert by non-unique {OBJECT_TYPES[object_type]} property {key}"
        raise refused(text)


def _named(portal: Portal, object_type: str, key: str | None, id: str) -> Record | None:
    return portal.by_unique(object_type, key, id) if key else portal.get(object_type, id)


def _not_found(object_type: str, context: Json) -> Json:
    kind = KINDS[object_type]
    text = f"Could not get some {kind} objects, they may be deleted or not exist. Check that ids are valid."
    return {"status": "error", "category": "OBJECT_NOT_FOUND", "message": text, "context": context}


def _linked(portal: Portal, object_type: str, link: Json) -> tuple[str, int]:
    """The other end of an association that a new record is to have."""
    id, kinds = str(link["to"]["id"]), [each["associationTypeId"] for each in link["types"]]
    for (one, other), known in LINK_TYPES.items():
        if one == object_type and kinds == [known] and portal.get(other, id):
            return other, int(id)
    raise refused("One or more associations are not valid", context={"ids": [id]})


def _of_row(body: Json, each: Json) -> Json:
    named = {name: body[name] for name in ("status", "category", "message")}
    trace = {"objectWriteTraceId": [each["objectWriteTraceId"]]} if each.get("objectWriteTraceId") else {}
    return named | {"context": {"ids": [str(each["id"])]} | trace}


def page(rows: list[Json], after: str | None) -> Json:
    return {"results": rows} | ({"paging": {"next": {"after": after, "link": "#"}}} if after else {})


def portal_of(request: Request, *object_types: str) -> Portal:
    """The portal, where it has such objects. HubSpot takes their number as well as their name."""
    for object_type in object_types:
        if object_type not in OBJECT_TYPES:
            raise not_there(f"Unable to infer object type from: {object_type}")
    return hubspot_of(request).portal


def not_there(message: str) -> Refusal:
    return refused(message, "OBJECT_NOT_FOUND", 404)


async def body_of(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refused("Invalid input JSON")
    return body


def inputs_of(body: Json, most: int = MOST_ROWS) -> list[Json]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(each, dict) for each in inputs):
        raise refused("inputs must hold at least one")
    if len(inputs) > most:
        raise refused(f"The maximum batch size is {most}")
    ids = [str(each.get("id")) for each in inputs if "id" in each]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        text = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
        raise refused(text, context={"ids": twice})
    return inputs


def row(object_type: str, record: Record, names: Any) -> Json:
    wanted = dict.fromkeys([*SHOWN[object_type], *names])
    return {
        "id": str(record.id),
        "properties": {name: record.values.get(name) for name in wanted},
        "createdAt": stamp(record.created),
        "updatedAt": stamp(record.updated),
        "archived": False,
    }


def batch_answer(request: Request, rows: list[Json], errors: list[Json]) -> Response:
    now = stamp(datetime.now(UTC))
    body: Json = {"status": "COMPLETE", "results": rows, "startedAt": now, "completedAt": now}
    if not errors:
        return answer(request, body)
    body |= {"numErrors": len(errors), "errors": errors}
    # The newest version documents no 207: errors come with 200.
    return answer(request, body, 200 if request.path_params.get("version") == VERSIONS[-1] else 207)


def answer(request: Request, body: Json, status: int = 200) -> Response:
    """A response of our own: FastAPI would look at each value of a dictionary."""
    return JSONResponse(body, status, request.state.headers)
