"""Salesforce's REST API: token, query, records by id and by external id, describe, limits."""

import secrets
from typing import Any
from urllib.parse import parse_qsl, unquote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from simulators.kit.refusal import Refusal
from simulators.kit.shapes import SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET
from simulators.kit.sign_in import basic
from simulators.salesforce.org import Org
from simulators.salesforce.query import next_page, run_query
from simulators.salesforce.schema import PREFIXES, Field
from simulators.salesforce.seed import Record
from simulators.salesforce.state import org_of, salesforce_of
from simulators.salesforce.values import refused

OLDEST, NEWEST = 31, 68
CALLS_PER_DAY = 100_000
LONGEST_URL = 16_384


async def signed_in(request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "oauth") or token not in salesforce_of(request).tokens:
        raise refused("INVALID_SESSION_ID", "Session expired or invalid", status=401)
    version = request.path_params["version"]
    if not OLDEST <= int(version.partition(".")[0]) <= NEWEST:
        raise refused("NOT_FOUND", "The requested resource does not exist", status=404)


token_router = APIRouter(prefix="/salesforce/services/oauth2")
router = APIRouter(prefix="/salesforce/services/data/v{version}", dependencies=[Depends(signed_in)])


@token_router.post("/token")
async def token(request: Request) -> Response:
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    client_id, client_secret = _credentials(request, form)
    if form.get("grant_type") != "client_credentials":
        raise _no_token("unsupported_grant_type", "grant type not supported")
    if client_id != SALESFORCE_CLIENT_ID:
        raise _no_token("invalid_client_id", "client identifier invalid")
    if client_secret != SALESFORCE_CLIENT_SECRET:
        raise _no_token("invalid_client", "invalid client credentials")
    salesforce = salesforce_of(request)
    access_token = f"00D5e000000DEMO!{secrets.token_urlsafe(48)}"
    salesforce.tokens.add(access_token)
    return JSONResponse({
        "access_token": access_token,
        "scope": "api",
        "instance_url": f"{salesforce.url}/salesforce",
        "id": "https://login.salesforce.com/id/00D5e000000DEMOEAA/0055e0000000001AAA",
        "token_type": "Bearer",
        "api_instance_url": "https://api.salesforce.com",
    })  # fmt: skip


@router.get("/limits")
@router.get("/limits/")
async def limits(request: Request) -> Response:
    left = CALLS_PER_DAY - salesforce_of(request).calls
    return answer(request, {"DailyApiRequests": {"Max": CALLS_PER_DAY, "Remaining": left}})


@router.get("/connect/organization")
async def organization(request: Request) -> Response:
    special = org_of(request).special
    several = bool(special.currencies)
    features = {
        "chatter": "FeedItem" not in special.hidden,
        "defaultCurrencyIsoCode": None if several else special.currency,
        "multiCurrency": several,
    }
    return answer(request, {"name": "Demo", "orgId": "00D5e000000DEMOEAA", "features": features})


@router.get("/query")
@router.get("/query/")
async def query(request: Request) -> Response:
    if len(request.scope["raw_path"]) + 1 + len(request.scope["query_string"]) > LONGEST_URL:
        raise refused("URI_TOO_LONG", "The URI of the request is too long", status=414)
    text = request.query_params.get("q", "")
    found = run_query(org_of(request), text, request.path_params["version"])
    return answer(request, found)


@router.get("/query/{locator}")
async def query_more(request: Request, locator: str) -> Response:
    found = next_page(org_of(request), locator, request.path_params["version"])
    return answer(request, found)


@router.get("/sobjects/{object_name}/describe")
@router.get("/sobjects/{object_name}/describe/")
async def describe(request: Request, object_name: str) -> Response:
    fields = org_of(request).fields(object_name)
    return answer(request, {
        "name": object_name,
        "label": object_name,
        "keyPrefix": PREFIXES[object_name],
        "createable": True,
        "updateable": True,
        "queryable": True,
        "fields": [field.describe() for field in fields.values()],
    })  # fmt: skip


@router.post("/sobjects/{object_name}")
@router.post("/sobjects/{object_name}/")
async def create(request: Request, object_name: str) -> Response:
    org = org_of(request)
    org.fields(object_name)
    record = org.create(object_name, await _body(request))
    return _saved(request, record, created=True)


@router.get("/sobjects/{object_name}/{id}")
async def read(request: Request, object_name: str, id: str) -> Response:
    org = org_of(request)
    return answer(request, _row(request, org, object_name, _known(org, object_name, id)))


@router.patch("/sobjects/{object_name}/{id}")
async def update(request: Request, object_name: str, id: str) -> Response:
    org = org_of(request)
    values = await _body(request)
    _refuse_in_body(values, "Id")
    org.update(object_name, _known(org, object_name, id), values, allow_save=allow_save(request))
    return Response(status_code=204, headers=_headers(request))


@router.delete("/sobjects/{object_name}/{id}")
async def delete(request: Request, object_name: str, id: str) -> Response:
    org = org_of(request)
    org.fields(object_name)
    if id in org.deleted:
        raise refused("ENTITY_IS_DELETED", "entity is deleted", status=404)
    org.delete(object_name, _known(org, object_name, id))
    return Response(status_code=204, headers=_headers(request))


@router.get("/sobjects/{object_name}/{key}/{value:path}")
async def read_by_key(request: Request, object_name: str, key: str, value: str) -> Response:
    org = org_of(request)
    found = _by_key(request, org, object_name, key)
    if not found:
        raise refused("NOT_FOUND", "The requested resource does not exist", status=404)
    return answer(request, _row(request, org, object_name, found[0]))


@router.patch("/sobjects/{object_name}/{key}/{value:path}")
async def upsert(request: Request, object_name: str, key: str, value: str) -> Response:
    org = org_of(request)
    values = await _body(request)
    found = _by_key(request, org, object_name, key)
    _refuse_in_body(values, "Id")
    _refuse_in_body(values, key)
    if found:
        record = org.update(object_name, found[0], values, allow_save=allow_save(request))
        return _saved(request, record, created=False)
    if request.query_params.get("updateOnly") == "true":
        raise refused("NOT_FOUND", "The requested resource does not exist", status=404)
    record = org.create(object_name, {**values, key: _key_value(request)})
    return _saved(request, record, created=True)


@router.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def unknown(request: Request, rest: str) -> Response:
    raise refused("NOT_FOUND", "The requested resource does not exist", status=404)


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    header = request.headers.get("authorization", "")
    return basic(header) or (form.get("client_id", ""), form.get("client_secret", ""))


def _no_token(error: str, description: str) -> Refusal:
    return Refusal(400, {"error": error, "error_description": description})


async def _body(request: Request) -> Record:
    try:
        values = await request.json()
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise refused("JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object")
    return {name: value for name, value in values.items() if name != "attributes"}


def _key_value(request: Request) -> str:
    """From the path as it was sent: only percent-encoding tells a slash in the key from one outside."""
    raw: bytes = request.scope["raw_path"]
    parts = raw.decode().partition("/sobjects/")[2].split("/")
    if len(parts) != 3 or not parts[2]:
        raise refused("NOT_FOUND", "The requested resource does not exist", status=404)
    return unquote(parts[2])


def _by_key(request: Request, org: Org, object_name: str, key: str) -> list[Record]:
    field: Field | None = org.fields(object_name).get(key)
    if field is None or not field.is_key:
        text = f"Provided external ID field does not exist or is not accessible: {key}"
        raise refused("NOT_FOUND", text, status=404)
    found = org.having(object_name, key, _key_value(request))
    if len(found) > 1:
        version = request.path_params["version"]
        paths = [f"{_path(version, object_name, record)}" for record in found]
        raise Refusal(300, paths, _headers(request))
    return found


def _refuse_in_body(values: Record, name: str) -> None:
    if name in values:
        text = f"The {name} field should not be specified in the sobject data."
        raise refused("INVALID_FIELD", text, [name])


def _known(org: Org, object_name: str, id: str) -> Record:
    org.fields(object_name)
    record = org.get(object_name, id)
    if record is None:
        text = "Provided external ID field does not exist or is not accessible: " + id
        raise refused("NOT_FOUND", text, status=404)
    return record


def _row(request: Request, org: Org, object_name: str, record: Record) -> Record:
    names = list(org.fields(object_name))
    if asked := request.query_params.get("fields"):
        names = [name.strip() for name in asked.split(",")]
        for name in names:
            if name not in org.fields(object_name):
                text = f"No such column '{name}' on sobject of type {object_name}"
                raise refused("INVALID_FIELD", text)
    url = _path(request.path_params["version"], object_name, record)
    head = {"attributes": {"type": object_name, "url": url}}
    return head | {name: record.get(name) for name in ["Id", *names]}


def _path(version: str, object_name: str, record: Record) -> str:
    return f"/services/data/v{version}/sobjects/{object_name}/{record['Id']}"


def _saved(request: Request, record: Record, *, created: bool) -> Response:
    body = {"id": record["Id"], "success": True, "errors": [], "created": created}
    return answer(request, body, 201 if created else 200)


def allow_save(request: Request) -> bool:
    """Whether a duplicate rule that only alerts may be passed."""
    header = request.headers.get("sforce-duplicate-rule-header", "")
    return "allowsave=true" in header.lower().replace(" ", "")


def answer(request: Request, body: Any, status: int = 200) -> Response:
    return JSONResponse(body, status, _headers(request))


def _headers(request: Request) -> dict[str, str]:
    return {"Sforce-Limit-Info": f"api-usage={salesforce_of(request).calls}/{CALLS_PER_DAY}"}
