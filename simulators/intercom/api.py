"""Intercom's REST API: contacts, companies, tags, messages, and who the token's owner is."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from simulators.intercom.answers import (
    Json,
    admin_json,
    company_json,
    contact_json,
    invalid,
    message_json,
    no_company,
    no_user,
    refused,
    tag_json,
)
from simulators.intercom.search import search
from simulators.intercom.seed import Contact
from simulators.intercom.state import intercom_of, workspace_of
from simulators.intercom.workspace import ADMINS, ID_CODE, NAME, OWNER, ZONE, Admin, Tag, Workspace

TOKEN = "ic-demo"
VERSIONS = ("2.14", "2.15")
"""Those whose calls this stand-in knows."""

FIELDS = {
    "message_type", "subject", "body", "template", "from", "to", "cc", "bcc", "created_at",
    "create_conversation_without_contact_reply",
}  # fmt: skip


async def guard(request: Request, response: Response) -> None:
    """Intercom takes a call without a version, and then the app's settings decide what it means: here that is
    refused."""
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        raise refused(401, "unauthorized", "Access Token Invalid")
    taken, headers = intercom_of(request).count_call()
    if not taken:
        most = headers["X-RateLimit-Limit"]
        raise refused(429, "rate_limit_exceeded", f"Exceeded rate limit of {most} in 10_seconds", headers)
    response.headers.update(headers)
    if request.headers.get("intercom-version") not in VERSIONS:
        raise refused(400, "intercom_version_invalid", "The requested version could not be found")
    if "application/json" not in request.headers.get("accept", ""):
        raise refused(406, "media_type_not_acceptable", "The Accept header should send application/json")


router = APIRouter(prefix="/intercom/api", dependencies=[Depends(guard)])


@router.get("/me")
async def me(request: Request) -> Json:
    app = {"type": "app", "id_code": ID_CODE, "name": NAME, "timezone": ZONE, "region": "US"}
    return admin_json(OWNER) | {"email_verified": True, "app": app}


@router.get("/admins")
async def admins(request: Request) -> Json:
    return {"type": "admin.list", "admins": [admin_json(each) for each in ADMINS]}


@router.post("/contacts/search")
async def search_contacts(request: Request) -> Json:
    return search(workspace_of(request), await _body(request))


@router.get("/contacts/find_by_external_id/{external_id}")
async def by_external_id(request: Request, external_id: str) -> Json:
    workspace = workspace_of(request)
    if (contact := workspace.user_with(external_id)) is None:
        raise no_user()
    return contact_json(workspace, contact)


@router.get("/contacts/{id}")
async def one_contact(request: Request, id: str) -> Json:
    return contact_json(workspace_of(request), _contact(request, id))


@router.get("/contacts/{id}/tags")
async def contact_tags(request: Request, id: str) -> Json:
    workspace, contact = workspace_of(request), _contact(request, id)
    return {"type": "list", "data": [tag_json(each) for each in workspace.tags_of(contact.id)]}


@router.post("/contacts/{id}/tags")
async def tag_contact(request: Request, id: str) -> Json:
    workspace, contact, body = workspace_of(request), _contact(request, id), await _body(request)
    if set(body) != {"id"}:
        raise invalid("id is required")
    tag = _tag(workspace, str(body["id"]))
    workspace.set_tag(contact.id, tag, on=True)
    return _applied(tag)


@router.delete("/contacts/{id}/tags/{tag_id}")
async def untag_contact(request: Request, id: str, tag_id: str) -> Json:
    workspace, contact = workspace_of(request), _contact(request, id)
    tag = _tag(workspace, tag_id)
    if tag not in workspace.tags_of(contact.id):
        raise refused(404, "not_found", "Resource Not Found")
    workspace.set_tag(contact.id, tag, on=False)
    return _applied(tag)


@router.get("/companies")
async def company(request: Request, company_id: str = "") -> Json:
    """As Intercom's specification has it: also of one company it is a list."""
    workspace = workspace_of(request)
    if (found := workspace.company_with(company_id)) is None:
        raise no_company()
    pages = {"type": "pages", "next": None, "page": 1, "per_page": 15, "total_pages": 1}
    return {"type": "list", "data": [company_json(workspace, found)], "pages": pages, "total_count": 1}


@router.get("/companies/{id}")
async def one_company(request: Request, id: str) -> Json:
    """By Intercom's id, not by ours."""
    workspace = workspace_of(request)
    if (found := workspace.company(id)) is None:
        raise no_company()
    return company_json(workspace, found)


@router.get("/tags")
async def all_tags(request: Request) -> Json:
    return {"type": "list", "data": [tag_json(each) for each in workspace_of(request).tags.values()]}


@router.post("/tags")
async def make_tag(request: Request) -> Json:
    """Makes or finds it, and puts it on companies or takes it off them. All companies are looked up first."""
    workspace, body = workspace_of(request), await _body(request)
    name = body.get("name")
    if body.keys() - {"name", "companies"} or not isinstance(name, str) or not name.strip():
        raise invalid("invalid tag parameters")
    wanted = [(_company(workspace, each), not each.get("untag")) for each in body.get("companies", [])]
    tag = workspace.make_tag(name)
    for id, on in wanted:
        workspace.set_tag(id, tag, on=on)
    return tag_json(tag)


@router.post("/messages")
async def send(request: Request) -> Json:
    workspace, body = workspace_of(request), await _body(request)
    if not workspace.rules.plan_has_messages:
        raise refused(403, "api_plan_restricted", "Active subscription needed.")
    if unknown := body.keys() - FIELDS:
        raise invalid(f"unknown parameter {', '.join(sorted(unknown))}")
    if body.get("message_type") not in workspace.rules.message_types:
        raise invalid("Message type is invalid")
    if not isinstance(body.get("body"), str) or not body["body"].strip():
        raise invalid("Body is required")
    sender, contact = _sender(body.get("from")), _recipient(workspace, body.get("to"))
    at_once = body.get("create_conversation_without_contact_reply", False)
    if not isinstance(at_once, bool):
        raise invalid("create_conversation_without_contact_reply must be a boolean")
    return message_json(
        workspace.send(sender, contact, body["body"], str(body["message_type"]), at_once=at_once)
    )


@router.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def unknown(request: Request, rest: str) -> Json:
    raise refused(404, "not_found", "The requested resource was not found")


async def _body(request: Request) -> Json:
    if "application/json" not in request.headers.get("content-type", ""):
        raise refused(400, "bad_request", "bad content type")
    try:
        body: Any = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise invalid("the body is no JSON object")
    return body


def _contact(request: Request, id: str) -> Contact:
    if (contact := workspace_of(request).contact(id)) is None:
        raise no_user()
    return contact


def _tag(workspace: Workspace, id: str) -> Tag:
    if (tag := workspace.tags.get(id)) is None:
        raise refused(404, "not_found", "Resource Not Found")
    return tag


def _applied(tag: Tag) -> Json:
    return tag_json(tag) | {"applied_by": {"type": "admin", "id": OWNER.id}}


def _company(workspace: Workspace, given: Any) -> str:
    """By Intercom's id or by ours."""
    if not isinstance(given, dict) or given.keys() - {"id", "company_id", "untag"}:
        raise invalid("invalid tag parameters")
    by_id = workspace.company(str(given["id"])) if "id" in given else None
    found = by_id or workspace.company_with(str(given.get("company_id", "")))
    if found is None:
        raise no_company()
    return found.id


def _sender(given: Any) -> Admin:
    if not isinstance(given, dict) or given.get("type") != "admin":
        raise invalid("from must be an admin")
    found = next((each for each in ADMINS if each.id == str(given.get("id"))), None)
    if found is None:
        raise refused(404, "admin_not_found", "Admin Not Found")
    return found


def _recipient(workspace: Workspace, given: Any) -> Contact:
    """One, as this stand-in takes it."""
    if not isinstance(given, dict) or set(given) != {"type", "id"} or given["type"] not in ("user", "lead"):
        raise invalid("to must be a user or a lead")
    contact = workspace.contact(str(given["id"]))
    if contact is None or contact.role != given["type"] or not workspace.is_reachable(contact):
        raise no_user()
    return contact
