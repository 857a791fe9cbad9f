"""Zendesk's Support API: who we are, users and organisations by id, external id and e-mail, their tags."""

import base64
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from simulators.kit.refusal import Refusal
from simulators.salesforce.seed import DOMAIN
from simulators.zendesk.directory import Json, Kind, kept
from simulators.zendesk.state import Zendesk, zendesk_of

EMAIL, API_TOKEN, OAUTH_TOKEN = f"revops@{DOMAIN}", "zd-demo-token", "zd-demo-oauth"
LARGEST_PAGE = 100
AGENT_ID = 350_000_000_001

FORBIDDEN = {
    "title": "Forbidden",
    "message": "You do not have access to this page. Please contact the account owner of this help desk for"
    " further help.",
}
LIMITED = "Number of allowed API requests per minute exceeded"

router = APIRouter(prefix="/zendesk/api/v2")


def refused(status: int, error: Any, description: str | None = None, **more: Any) -> Refusal:
    return Refusal(status, {"error": error} | ({"description": description} if description else {}) | more)


def _is_signed_in(request: Request) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer":
        return given == OAUTH_TOKEN
    pair = base64.b64encode(f"{EMAIL}/token:{API_TOKEN}".encode()).decode()
    return scheme == "Basic" and given == pair


def zendesk_for_anybody(request: Request) -> Zendesk:
    zendesk = zendesk_of(request)
    if wait := zendesk.seconds_to_wait():
        limit = str(zendesk.rules.requests_per_minute)
        headers = {"Retry-After": str(wait), "X-Rate-Limit": limit, "X-Rate-Limit-Remaining": "0"}
        raise Refusal(429, LIMITED, headers)
    return zendesk


def zendesk_for_agents(request: Request) -> Zendesk:
    zendesk = zendesk_for_anybody(request)
    if not _is_signed_in(request):
        raise refused(401, "Couldn't authenticate you")
    if zendesk.rules.role == "end-user":
        raise refused(403, FORBIDDEN)
    return zendesk


Signed = Annotated[Zendesk, Depends(zendesk_for_agents)]


@router.get("/users/me")
async def me(request: Request) -> Json:
    """Who does not sign in, or wrongly, is an anonymous user, and no error."""
    rules = zendesk_for_anybody(request).rules
    if not _is_signed_in(request):
        return {
            "user": {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}
        }
    row = {"id": AGENT_ID, "name": "Revenue Operations", "email": EMAIL}
    return {"user": row | {"role": rules.role, "role_type": rules.role_type}}


@router.get("/account/settings")
async def settings(zendesk: Signed) -> Json:
    tagging = zendesk.rules.tagging
    active = {"user_tagging": tagging, "ticket_tagging": True}
    return {
        "settings": {"user": {"tagging": tagging, "multiple_organizations": False}, "active_features": active}
    }


@router.get("/users/search")
async def search_users(zendesk: Signed, request: Request, query: str | None = None) -> Json:
    if external_id := request.query_params.get("external_id"):
        return _page(request, "users", zendesk.directory.with_external_id("users", external_id))
    found = re.fullmatch(r'email:"?([^"\s]+)"?', query or "")
    if not found:
        raise refused(422, "RecordInvalid", "This simulator searches by email: and external_id alone")
    return _page(request, "users", zendesk.directory.with_email(found[1]))


@router.get("/organizations/search")
async def search_organizations(zendesk: Signed, request: Request) -> Json:
    if not (external_id := request.query_params.get("external_id")):
        raise refused(400, "InvalidSearch", "external_id or name is required")
    rows = zendesk.directory.with_external_id("organizations", external_id)
    return _page(request, "organizations", rows)


@router.get("/{kind}/{id}")
async def one(zendesk: Signed, kind: Kind, id: int) -> Json:
    return {kind.removesuffix("s"): _known(zendesk, kind, id)}


@router.get("/{kind}/{id}/tags")
async def list_tags(zendesk: Signed, kind: Kind, id: int) -> Json:
    _check_tagging(zendesk)
    return {"tags": _known(zendesk, kind, id)["tags"]}


@router.put("/{kind}/{id}/tags")
async def add_tags(zendesk: Signed, request: Request, kind: Kind, id: int) -> Json:
    """To those that are there."""
    return {"tags": await _write(zendesk, request, kind, id, lambda there, given: [*there, *given])}


@router.post("/{kind}/{id}/tags", status_code=201)
async def replace_tags(zendesk: Signed, request: Request, kind: Kind, id: int) -> Json:
    return {"tags": await _write(zendesk, request, kind, id, lambda _, given: given)}


@router.delete("/{kind}/{id}/tags")
async def remove_tags(zendesk: Signed, request: Request, kind: Kind, id: int) -> Response:
    left = await _write(zendesk, request, kind, id, lambda there, given: [t for t in there if t not in given])
    return JSONResponse({"tags": left})


Change = Callable[[list[str], list[str]], list[str]]


async def _write(zendesk: Zendesk, request: Request, kind: Kind, id: int, change: Change) -> list[str]:
    _check_tagging(zendesk)
    if kind == "organizations" and zendesk.rules.role != "admin":
        raise refused(403, FORBIDDEN)
    there = _known(zendesk, kind, id)["tags"]
    given = await _given(request)
    zendesk.directory.writes.append({"kind": kind, "id": id, "method": request.method, "tags": given})
    return zendesk.directory.set_tags(id, change(there, kept(given)))


async def _given(request: Request) -> list[str]:
    try:
        body = await request.json()
    except ValueError:
        raise refused(400, "UnprocessableEntity", "The body is no JSON") from None
    tags = body.get("tags") if isinstance(body, dict) else None
    if not isinstance(tags, list) or not tags or not all(isinstance(tag, str) and tag for tag in tags):
        details = {"tags": [{"error": "InvalidValue", "description": "Tags: must be a list of texts"}]}
        raise refused(422, "RecordInvalid", "Record validation errors", details=details)
    if unknown := set(body) - {"tags"}:
        raise refused(
            422, "RecordInvalid", "Record validation errors", details={name: [] for name in unknown}
        )
    return tags


def _check_tagging(zendesk: Zendesk) -> None:
    """How Zendesk says it is not documented."""
    if not zendesk.rules.tagging:
        raise refused(403, FORBIDDEN)


def _known(zendesk: Zendesk, kind: Kind, id: int) -> Json:
    row = zendesk.directory.get(kind, id)
    if row is None:
        raise refused(404, "RecordNotFound", "Not found")
    return row


def _page(request: Request, kind: Literal["users", "organizations"], rows: list[Json]) -> Json:
    size = min(int(request.query_params.get("per_page", LARGEST_PAGE)), LARGEST_PAGE)
    more = f"{request.url}&page=2" if len(rows) > size else None
    return {kind: rows[:size], "next_page": more, "previous_page": None, "count": len(rows)}
