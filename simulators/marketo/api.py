"""Marketo's identity service, and its REST API for what is known of leads."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request

from simulators.kit.refusal import Refusal
from simulators.marketo.answers import Json, Skip, failure, good, skipped
from simulators.marketo.instance import CHANNELS, PARTITIONS, CustomObject, Instance, Program, StaticList
from simulators.marketo.schema import LEAD_FIELDS
from simulators.marketo.state import USER, Marketo, marketo_of

CLIENT_ID, CLIENT_SECRET = "mkto-demo-client", "mkto-demo-secret"
MOST_ROWS, MOST_REQUESTED, LONGEST_URI, LARGEST_BODY = 300, 100, 8_192, 1024 * 1024
ACTIONS = ("createOrUpdate", "createOnly", "updateOnly", "createDuplicate")
BY_DEFAULT = ("id", "email", "updatedAt", "createdAt", "lastName", "firstName")

identity = APIRouter(prefix="/marketo/api/identity")


@identity.api_route("/oauth/token", methods=["GET", "POST"])
async def token(request: Request) -> Json:
    given = dict(request.query_params)
    if given.get("grant_type") != "client_credentials":
        raise Refusal(400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant type"})
    for name, right in (("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)):
        if not secrets.compare_digest(given.get(name, "").encode(), right.encode()):
            text = f"No client with requested id: {given.get('client_id')}"
            raise Refusal(401, {"error": "invalid_client", "error_description": text})
    text, left = marketo_of(request).token()
    return {"access_token": text, "token_type": "bearer", "expires_in": left, "scope": USER}


async def signed_in(request: Request) -> None:
    marketo = marketo_of(request)
    marketo.check_token(request.headers.get("authorization", ""))
    if len(str(request.url)) > LONGEST_URI:
        raise Refusal(414, "414 Request-URI Too Long")
    if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
        raise Refusal(413, "413 Request Entity Too Large")
    marketo.count_call()


def needs(permission: str) -> Any:
    """Of the API-Only user's role."""

    async def check(request: Request) -> None:
        if permission in marketo_of(request).rules.missing:
            raise failure("603", "Access denied")

    return Depends(check)


READS, WRITES = needs("Read-Only Lead"), needs("Read-Write Lead")
rest = APIRouter(prefix="/marketo/api/rest/v1", dependencies=[Depends(signed_in)])


# -- leads


@rest.get("/leads/describe2.json", dependencies=[READS])
async def describe(request: Request) -> Json:
    native = marketo_of(request).rules.native_sync
    fields = [each.row(native_sync=native) for each in LEAD_FIELDS.values()]
    return good([{"name": "API Lead", "searchableFields": [["email"], ["id"]], "fields": fields}])


@rest.get("/leads/partitions.json", dependencies=[READS])
async def partitions() -> Json:
    return good([{"id": id, "name": name} for name, id in PARTITIONS.items()])


@rest.get("/leads.json", dependencies=[READS])
async def find_leads(request: Request) -> Json:
    return _found(marketo_of(request).instance, dict(request.query_params))


@rest.post("/leads.json", dependencies=[READS])
async def sync_or_find_leads(request: Request) -> Json:
    marketo = marketo_of(request)
    if request.query_params.get("_method") == "GET":
        return _found(marketo.instance, dict(parse_qsl((await request.body()).decode())))
    if "Read-Write Lead" in marketo.rules.missing:
        raise failure("603", "Access denied")
    body = await body_of(request)
    action = body.get("action", "createOrUpdate")
    if action not in ACTIONS:
        raise failure("1003", f"Invalid data: action '{action}'")
    return good([await _each(_sync_lead, marketo, body, row) for row in rows_of(body)])


@rest.get("/lead/{id}.json", dependencies=[READS])
async def one_lead(request: Request, id: str) -> Json:
    lead = marketo_of(request).instance.lead(int(id)) if id.isdecimal() else None
    if lead is None:
        raise failure("1004", "Lead not found")
    return good([_row(lead, request.query_params.get("fields"))])


@rest.post("/leads/delete.json", dependencies=[WRITES])
async def delete_leads(request: Request) -> Json:
    instance, body = marketo_of(request).instance, await body_of(request)

    async def delete(row: Json) -> Json:
        lead = instance.known(row.get("id"))["id"]
        instance.delete(lead)
        return {"id": lead, "status": "deleted"}

    return good([await _each(delete, row) for row in rows_of(body)])


def _found(instance: Instance, query: dict[str, str]) -> Json:
    values = [each for each in query.get("filterValues", "").split(",") if each]
    if len(values) > MOST_ROWS:
        raise failure("1003", f"At most {MOST_ROWS} values")
    match query.get("filterType"):
        case "email":
            leads = [lead for value in values for lead in instance.with_email(value)]
        case "id":
            leads = [lead for each in values if each.isdecimal() and (lead := instance.lead(int(each)))]
        case None:
            raise failure("1002", "Missing value for the required parameter 'filterType'")
        case other:
            raise failure("1011", f"Field '{other}' not supported")
    once = {lead["id"]: lead for lead in leads}
    return good([_row(lead, query.get("fields")) for lead in once.values()])


def _row(lead: Json, fields: str | None) -> Json:
    names = fields.split(",") if fields else list(BY_DEFAULT)
    if unknown := [name for name in names if name not in LEAD_FIELDS]:
        raise failure("1006", f"Field '{unknown[0]}' not found")
    return {"id": lead["id"]} | {name: lead.get(name) for name in names}


async def _sync_lead(marketo: Marketo, body: Json, row: Json) -> Json:
    instance, action = marketo.instance, body.get("action", "createOrUpdate")
    lookup, values = body.get("lookupField", "email"), {k: v for k, v in row.items() if k != "id"}
    if "id" in row and action != "updateOnly":
        raise Skip("1003", "Invalid data: 'id' goes with updateOnly alone")
    found = _looked_up(instance, lookup, row)
    if len(found) > 1:
        raise Skip("1007", "Multiple leads match the lookup criteria")
    if found and action == "createOnly":
        raise Skip("1005", "Lead already exists")
    if found and action != "createDuplicate":
        return {"id": instance.change(found[0], values)["id"], "status": "updated"}
    if action == "updateOnly":
        raise Skip("1004", "Lead not found")
    partition = body.get("partitionName", "Default")
    if partition not in PARTITIONS:
        raise Skip("1008", f"Access denied to partition '{partition}'")
    await asyncio.sleep(marketo.rules.write_seconds)
    return {"id": instance.create(values, partition)["id"], "status": "created"}


def _looked_up(instance: Instance, lookup: str, row: Json) -> list[Json]:
    if lookup not in ("email", "id"):
        raise Skip("1011", f"Field '{lookup}' not supported")
    if row.get(lookup) in (None, ""):
        raise Skip("1002", f"Missing value for the required parameter '{lookup}'")
    if lookup == "email":
        return instance.with_email(str(row["email"]))
    lead = instance.lead(int(row["id"]))
    return [lead] if lead else []


# -- static lists and programs


@rest.post("/lists/{id}/leads.json", dependencies=[WRITES])
async def add_to_list(request: Request, id: str) -> Json:
    instance, target = marketo_of(request).instance, _list(request, id)

    async def add(lead: str) -> Json:
        known = instance.known(lead)["id"]
        if known not in target.members:
            target.members[known] = None
            instance.note(known, f"Add to List: {target.name}")
        return {"id": known, "status": "added"}

    return good([await _each(add, lead) for lead in _ids(request)])


@rest.delete("/lists/{id}/leads.json", dependencies=[WRITES])
async def remove_from_list(request: Request, id: str) -> Json:
    instance, target = marketo_of(request).instance, _list(request, id)

    async def remove(lead: str) -> Json:
        known = instance.known(lead)["id"]
        if known not in target.members:
            raise Skip("1015", "Lead not in list")
        del target.members[known]
        instance.note(known, f"Remove from List: {target.name}")
        return {"id": known, "status": "removed"}

    return good([await _each(remove, lead) for lead in _ids(request)])


@rest.get("/lists/{id}/leads/ismember.json", dependencies=[WRITES])
async def is_member(request: Request, id: str) -> Json:
    instance, target = marketo_of(request).instance, _list(request, id)

    async def look(lead: str) -> Json:
        known = instance.known(lead)["id"]
        return {"id": known, "status": "memberof" if known in target.members else "notmemberof"}

    return good([await _each(look, lead) for lead in _ids(request)])


@rest.get("/programs/{id}/members.json", dependencies=[READS])
async def members(request: Request, id: str) -> Json:
    query, target = request.query_params, _program(request, id)
    if query.get("filterType") != "leadId":
        raise failure("1011", f"Field '{query.get('filterType')}' not supported")
    wanted = [int(each) for each in query.get("filterValues", "").split(",") if each.isdecimal()]
    there = [lead for lead in wanted if lead in target.members]
    rows = [
        {"seq": seq, "leadId": lead, "programId": target.id, "statusName": target.members[lead]}
        for seq, lead in enumerate(there)
    ]
    return good(rows, moreResult=False)


@rest.post("/programs/{id}/members/status.json", dependencies=[WRITES])
async def set_status(request: Request, id: str) -> Json:
    instance, target, body = marketo_of(request).instance, _program(request, id), await body_of(request)
    status = str(body.get("statusName") or "")
    if status not in CHANNELS[target.channel]:
        raise failure("1025", f"Program status '{status}' not found")

    async def change(row: Json) -> Json:
        lead = instance.known(row.get("leadId"))["id"]
        return {"status": instance.set_status(target, lead, status), "leadId": lead}

    return good([await _each(change, row) for row in rows_of(body)])


@rest.post("/programs/{id}/members/delete.json", dependencies=[WRITES])
async def delete_members(request: Request, id: str) -> Json:
    instance, target, body = marketo_of(request).instance, _program(request, id), await body_of(request)

    async def delete(row: Json) -> Json:
        lead = instance.known(row.get("leadId"))["id"]
        if target.members.pop(lead, None) is None:
            raise Skip("1037", "Lead not in program")
        return {"leadId": lead, "status": "deleted"}

    return good([await _each(delete, row) for row in rows_of(body)])


@rest.post("/campaigns/{id}/trigger.json", dependencies=[needs("Execute Campaign")])
async def trigger(request: Request, id: str) -> Json:
    instance, body = marketo_of(request).instance, await body_of(request)
    campaign = next((each for each in instance.campaigns if str(each.id) == id), None)
    if campaign is None:
        raise failure("1013", f"Campaign '{id}' not found")
    if not campaign.requestable:
        raise failure("1003", "Campaign is not active, or has no trigger for requests of the web service API")
    given = body.get("input")
    leads = given.get("leads") if isinstance(given, dict) else None
    if not isinstance(leads, list) or not 1 <= len(leads) <= MOST_REQUESTED:
        raise failure("1003", f"Invalid data: 1 to {MOST_REQUESTED} leads")
    try:
        known = [instance.known(each.get("id"))["id"] for each in leads]
    except Skip as why:
        raise failure(why.code, why.message) from None
    for lead in known:
        instance.request(campaign, lead)
    return good([{"id": campaign.id}])


# -- custom objects


async def objects_are_on(request: Request) -> None:
    if not marketo_of(request).rules.custom_objects:
        raise failure("1026", "Custom object not enabled")


objects = APIRouter(
    prefix="/marketo/api/rest/v1",
    dependencies=[Depends(signed_in), Depends(objects_are_on), needs("Read-Only Custom Object")],
)


@objects.get("/customobjects.json")
async def list_objects(request: Request) -> Json:
    return good([_described(each) for each in marketo_of(request).instance.objects])


@objects.get("/customobjects/{name}/describe.json")
async def describe_object(request: Request, name: str) -> Json:
    kind = _object(request, name)
    return good([_described(kind) | {"fields": [each.row() for each in kind.fields.values()]}])


@objects.get("/customobjects/{name}.json")
async def find_records(request: Request, name: str) -> Json:
    kind, query = _object(request, name), request.query_params
    field = query.get("filterType")
    if field not in ("marketoGUID", *(kind.dedupe if len(kind.dedupe) == 1 else ()), kind.link):
        raise failure("1011", f"Field '{field}' not supported")
    values = query.get("filterValues", "").split(",")
    rows = [each | {"marketoGUID": id} for id, each in kind.records.items()]
    found = [each for each in rows if str(each.get(str(field))) in values]
    return good(_shown(kind, found, (query.get("fields") or "marketoGUID").split(",")))


@objects.post("/customobjects/{name}.json")
async def sync_or_find_records(request: Request, name: str) -> Json:
    kind, body, instance = _object(request, name), await body_of(request), marketo_of(request).instance
    if request.query_params.get("_method") == "GET":
        ids = [id for row in rows_of(body) if (id := kind.with_key(row))]
        found = [kind.records[id] | {"marketoGUID": id} for id in ids]
        return good(_shown(kind, found, body.get("fields") or ["marketoGUID"]))
    if "Read-Write Custom Object" in marketo_of(request).rules.missing:
        raise failure("603", "Access denied")

    async def write(row: Json) -> Json:
        status, id = instance.sync_record(kind, body.get("action", "createOrUpdate"), row)
        return {"seq": 0, "status": status, "marketoGUID": id}

    return good([await _each(write, row) for row in rows_of(body)])


@objects.post("/customobjects/{name}/delete.json", dependencies=[needs("Read-Write Custom Object")])
async def delete_records(request: Request, name: str) -> Json:
    kind, body = _object(request, name), await body_of(request)
    by = body.get("deleteBy", "dedupeFields")
    if by not in ("dedupeFields", "idField"):
        raise failure("1003", f"Invalid data: deleteBy '{by}'")
    names = kind.dedupe if by == "dedupeFields" else ("marketoGUID",)

    async def delete(row: Json) -> Json:
        if set(row) != set(names):
            raise Skip("1002", f"Missing value for the required parameter '{', '.join(names)}'")
        id = kind.with_key(row) if by == "dedupeFields" else row["marketoGUID"]
        if id not in kind.records:
            raise Skip("1013", "Object not found")
        kind.drop(id)
        return {"seq": 0, "status": "deleted", "marketoGUID": id}

    return good([await _each(delete, row) for row in rows_of(body)])


def _described(kind: CustomObject) -> Json:
    related = {"name": "Lead", "field": kind.named_by}
    return {
        "name": kind.name,
        "displayName": kind.name,
        "idField": "marketoGUID",
        "dedupeFields": list(kind.dedupe),
        "searchableFields": [list(kind.dedupe), ["marketoGUID"], [kind.link]],
        "relationships": [{"field": kind.link, "type": "parent", "relatedTo": related}],
    }


def _shown(kind: CustomObject, rows: list[Json], names: list[str]) -> list[Json]:
    if unknown := [name for name in names if name not in kind.fields]:
        raise failure("1006", f"Field '{unknown[0]}' not found")
    return [{"seq": seq} | {name: row.get(name) for name in names} for seq, row in enumerate(rows)]


@rest.get("/stats/usage.json")
async def usage(request: Request) -> Json:
    return good([{"date": "2026-11-30", "total": marketo_of(request).today, "users": []}])


# -- in common


async def body_of(request: Request) -> Json:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise failure("612", "Invalid Content Type")
    try:
        body = await request.json()
    except ValueError:
        raise failure("609", "Invalid JSON") from None
    if not isinstance(body, dict):
        raise failure("609", "Invalid JSON")
    return body


def rows_of(body: Json) -> list[Json]:
    rows = body.get("input")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise failure("1002", "Missing value for the required parameter 'input'")
    if not 1 <= len(rows) <= MOST_ROWS:
        raise failure("1003", f"Invalid data: 1 to {MOST_ROWS} records")
    return rows


async def _each(work: Callable[..., Coroutine[Any, Any, Json]], *given: Any) -> Json:
    try:
        return await work(*given)
    except Skip as why:
        return skipped(why.code, why.message)


def _ids(request: Request) -> list[str]:
    ids = [each for given in request.query_params.getlist("id") for each in given.split(",")]
    if not 1 <= len(ids) <= MOST_ROWS:
        raise failure("1002", "Missing value for the required parameter 'id'")
    return ids


def _list(request: Request, id: str) -> StaticList:
    for each in marketo_of(request).instance.lists:
        if str(each.id) == id:
            return each
    raise failure("1013", f"List with id '{id}' not found")


def _program(request: Request, id: str) -> Program:
    for each in marketo_of(request).instance.programs:
        if str(each.id) == id:
            return each
    raise failure("1013", f"Program with id '{id}' not found")


def _object(request: Request, name: str) -> CustomObject:
    for each in marketo_of(request).instance.objects:
        if each.name == name:
            return each
    raise failure("1013", f"Object '{name}' not found")


unknown_paths = APIRouter(prefix="/marketo/api", dependencies=[Depends(signed_in)])


@unknown_paths.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def unknown(rest: str) -> Json:
    raise failure("610", "Requested resource not found")
