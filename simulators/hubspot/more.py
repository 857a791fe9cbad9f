"""The rest of HubSpot's CRM API: properties and groups, associations, owners, pipelines."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from simulators.hubspot.api import (
    answer,
    batch_answer,
    body_of,
    guards,
    inputs_of,
    not_there,
    objects,
    page,
    portal_of,
)
from simulators.hubspot.portal import Portal
from simulators.hubspot.schema import MOST_UNIQUE, PAIRS, PIPELINES, Property, Schema, refused
from simulators.hubspot.state import hubspot_of

MOST_READ, MOST_MADE = 1_000, 2_000
TYPES = {
    ("contacts", "companies"): (279, 1), ("companies", "contacts"): (280, 2),
    ("deals", "companies"): (341, 5), ("companies", "deals"): (342, 6),
    ("tasks", "contacts"): (204, 0), ("contacts", "tasks"): (203, 0),
    ("tasks", "companies"): (192, 0), ("companies", "tasks"): (191, 0),
}  # fmt: skip
"""Types of an association that HubSpot defines, by its ends: any, and the primary one, or 0 where none is."""

Json = dict[str, Any]

properties = APIRouter()
associations = APIRouter()
owners = APIRouter()
pipelines = APIRouter()
unknown_paths = APIRouter()


@properties.get("/{object_type}")
async def all_properties(request: Request, object_type: str) -> Response:
    known = portal_of(request, object_type).schema[object_type].properties.values()
    return answer(request, {"results": [each.as_json() for each in known]})


@properties.post("/{object_type}")
async def create_property(request: Request, object_type: str) -> Response:
    portal, body = portal_of(request, object_type), await body_of(request)
    schema = portal.schema[object_type]
    made = _property(schema, body)
    if made.unique and object_type == "tasks" and not portal.rules.unique_on_tasks:
        raise refused("Properties of tasks cannot have unique values")
    if made.name in schema.properties:
        raise refused(f"A property named '{made.name}' already exists.", "CONFLICT", 409)
    schema.properties[made.name] = made
    return answer(request, made.as_json(), 201)


@properties.get("/{object_type}/groups")
async def all_groups(request: Request, object_type: str) -> Response:
    groups = portal_of(request, object_type).schema[object_type].groups
    return answer(request, {"results": [_group(name, label) for name, label in groups.items()]})


@properties.post("/{object_type}/groups")
async def create_group(request: Request, object_type: str) -> Response:
    schema, body = portal_of(request, object_type).schema[object_type], await body_of(request)
    _needs(body, "name", "label")
    if body["name"] in schema.groups:
        raise refused(f"A property group named '{body['name']}' already exists.", "CONFLICT", 409)
    schema.groups[body["name"]] = body["label"]
    return answer(request, _group(body["name"], body["label"]), 201)


@properties.get("/{object_type}/{name}")
async def one_property(request: Request, object_type: str, name: str) -> Response:
    known = portal_of(request, object_type).schema[object_type].properties
    if name not in known:
        raise not_there(f"Property {name} does not exist")
    return answer(request, known[name].as_json())


@associations.post("/{from_type}/{to_type}/batch/associate/default")
async def associate(request: Request, from_type: str, to_type: str) -> Response:
    portal, body = portal_of(request, from_type, to_type), await body_of(request)
    _two_kinds(from_type, to_type)
    rows, errors = [], []
    for each in inputs_of(body, MOST_MADE):
        one, other = str(each["from"]["id"]), str(each["to"]["id"])
        missing = [id for kind, id in ((from_type, one), (to_type, other)) if not portal.get(kind, id)]
        if missing:
            errors.append(_missing(missing))
            continue
        portal.associate(from_type, int(one), to_type, int(other))
        kind = TYPES[from_type, to_type][0]
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}
        rows.append({"from": {"id": one}, "to": {"id": other}, "associationSpec": spec})
    return batch_answer(request, rows, errors)


@associations.post("/{from_type}/{to_type}/batch/read")
async def read_associations(request: Request, from_type: str, to_type: str) -> Response:
    portal, body = portal_of(request, from_type, to_type), await body_of(request)
    _two_kinds(from_type, to_type)
    rows, errors = [], []
    for each in inputs_of(body, MOST_READ):
        id = str(each["id"])
        others = portal.others(from_type, int(id), to_type) if portal.get(from_type, id) else []
        if not others:
            errors.append(_none(from_type, to_type, id))
            continue
        ends = (from_type, to_type)
        to = [{"toObjectId": o, "associationTypes": _types(portal, ends, int(id), o)} for o in others]
        rows.append({"from": {"id": id}, "to": to})
    return batch_answer(request, rows, errors)


@owners.get("")
@owners.get("/")
async def all_owners(request: Request) -> Response:
    known, query = hubspot_of(request).portal.seed.owners, request.query_params
    found = [each for each in known if not each["archived"] and query.get("email") in (None, each["email"])]
    start, size = int(query.get("after", "0")), int(query.get("limit", "100"))
    after = str(start + size) if len(found) > start + size else None
    return answer(request, page(found[start : start + size], after))


@owners.get("/{id}")
async def one_owner(request: Request, id: str) -> Response:
    archived = request.query_params.get("archived", "false") == "true"
    for each in hubspot_of(request).portal.seed.owners:
        if each["id"] == id and each["archived"] == archived:
            return answer(request, each)
    raise not_there("resource not found")


@pipelines.get("/{object_type}")
async def all_pipelines(request: Request, object_type: str) -> Response:
    if object_type != "deals":
        raise not_there("The stand-in knows pipelines of deals alone")
    return answer(request, {"results": [each.as_json(order) for order, each in enumerate(PIPELINES)]})


@unknown_paths.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def unknown(request: Request, rest: str) -> Response:
    raise not_there("resource not found")


def _property(schema: Schema, body: Json) -> Property:
    _needs(body, "name", "label", "type", "fieldType", "groupName")
    if body["fieldType"] not in PAIRS.get(body["type"], ()):
        raise refused(f"fieldType {body['fieldType']} does not go with type {body['type']}")
    if body["groupName"] not in schema.groups:
        raise refused(f"property group {body['groupName']} does not exist")
    unique = bool(body.get("hasUniqueValue"))
    if (
        unique
        and sum(each.unique and not each.hubspots for each in schema.properties.values()) >= MOST_UNIQUE
    ):
        raise refused(f"At most {MOST_UNIQUE} properties with unique values")
    return Property(
        body["name"],
        body["label"],
        body["type"],
        body["fieldType"],
        body["groupName"],
        unique=unique,
        options=tuple(str(option["value"]) for option in body.get("options") or []),
        description=body.get("description", ""),
        hubspots=False,
    )


def _needs(body: Json, *names: str) -> None:
    missing = [name for name in names if not isinstance(body.get(name), str) or not body[name]]
    if missing:
        raise refused(f"Invalid input JSON: missing {', '.join(missing)}")


def _group(name: str, label: str) -> Json:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}


def _two_kinds(from_type: str, to_type: str) -> None:
    if (from_type, to_type) not in TYPES:
        raise not_there("The stand-in associates contacts, companies, deals and tasks, not all with all")


def _types(portal: Portal, ends: tuple[str, str], one: int, other: int) -> list[Json]:
    """The first company of a contact or a deal is its primary one."""
    known, primary = TYPES[ends]
    types = [{"category": "HUBSPOT_DEFINED", "typeId": known, "label": None}]
    whose, company = (one, other) if ends[1] == "companies" else (other, one)
    kind = ends[0] if ends[1] == "companies" else ends[1]
    if primary and portal.others(kind, whose, "companies")[0] == company:
        types.append({"category": "HUBSPOT_DEFINED", "typeId": primary, "label": "Primary"})
    return types


def _missing(ids: list[str]) -> Json:
    text = "One or more objects do not exist"
    return {"status": "error", "category": "OBJECT_NOT_FOUND", "message": text, "context": {"ids": ids}}


def _none(from_type: str, to_type: str, id: str) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {to_type} is associated with {from_type} {id}.",
        "context": {"fromObjectId": [id], "fromObjectType": [from_type], "toObjectType": [to_type]},
    }


_EVERYWHERE = (
    ("/objects/{version}", objects),
    ("/v3/objects", objects),
    ("/properties/{version}", properties),
    ("/v3/properties", properties),
    ("/associations/{version}", associations),
    ("/v4/associations", associations),
    ("/owners/{version}", owners),
    ("/v3/owners", owners),
    ("/pipelines/{version}", pipelines),
    ("/v3/pipelines", pipelines),
    ("", unknown_paths),
)
"""Routers by the paths below /crm that they serve: HubSpot's dates, and the versions before them."""

router = APIRouter(prefix="/hubspot/crm", dependencies=guards)
for _paths, _router in _EVERYWHERE:
    router.include_router(_router, prefix=_paths)
