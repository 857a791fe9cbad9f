"""Intercom for people: messages that were sent, and a contact or company with its tags."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from simulators.intercom.messenger import shown
from simulators.intercom.state import workspace_of
from simulators.intercom.workspace import ID_CODE, Message, Workspace
from simulators.kit.pages import render

NEWEST = 200

router = APIRouter(prefix="/intercom", include_in_schema=False)


@router.get("/")
async def home(request: Request) -> Response:
    workspace = workspace_of(request)
    tagged = [_tagged(workspace, id) for id, tags in workspace.tagged.items() if tags]
    return render(
        request,
        "intercom/templates/home.html",
        system="intercom",
        messages=[_message(workspace, each) for each in workspace.messages[-NEWEST:][::-1]],
        tagged=tagged[-NEWEST:][::-1],
    )


@router.get("/a/apps/{app_id}/users/{id}")
async def user(request: Request, id: str) -> Response:
    """With the Messenger as this person sees it."""
    workspace = workspace_of(request)
    if (contact := workspace.contact(id)) is None:
        raise HTTPException(404, f"no contact {id}")
    company = workspace.company(contact.company) if contact.company else None
    mine = [each for each in workspace.messages if each.contact == id]
    return render(
        request,
        "intercom/templates/user.html",
        system="intercom",
        contact=contact,
        seen=_at(contact.last_seen_at) if contact.last_seen_at else None,
        company=company,
        company_link=_link("companies", company.id) if company else "",
        tags=[each.name for each in workspace.tags_of(id)],
        messages=[_message(workspace, each) for each in mine[-NEWEST:]],
    )


@router.get("/a/apps/{app_id}/companies/{id}")
async def company(request: Request, id: str) -> Response:
    workspace = workspace_of(request)
    if (found := workspace.company(id)) is None:
        raise HTTPException(404, f"no company {id}")
    tags = [each.name for each in workspace.tags_of(id)]
    return render(request, "intercom/templates/company.html", system="intercom", company=found, tags=tags)


def _message(workspace: Workspace, message: Message) -> dict[str, Any]:
    contact = workspace.contact(message.contact)
    return {
        "sender": message.sender.name,
        "to": (contact.name or contact.email or contact.id) if contact else message.contact,
        "link": _link("users", message.contact),
        "at": _at(message.created_at),
        "body": shown(message.body),
        "conversation": message.conversation_id,
    }


def _tagged(workspace: Workspace, id: str) -> dict[str, Any]:
    contact, company = workspace.contact(id), workspace.company(id)
    name = (contact.name if contact else company.name if company else None) or id
    link = _link("companies" if company else "users", id)
    return {"name": name, "link": link, "tags": [each.name for each in workspace.tags_of(id)]}


def _link(kind: str, id: str) -> str:
    return f"/intercom/a/apps/{ID_CODE}/{kind}/{id}"


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
