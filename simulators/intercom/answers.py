"""Intercom's objects as its API shows them, and how it says no."""

from typing import Any
from uuid import uuid4

from simulators.intercom.seed import Company, Contact
from simulators.intercom.workspace import ID_CODE, Admin, Message, Tag, Workspace
from simulators.kit.refusal import Refusal

Json = dict[str, Any]

MOST_ADDRESSED = 10
"""Tags that a contact shows by itself."""


def refused(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Refusal:
    errors = [{"code": code, "message": message}]
    body = {"type": "error.list", "request_id": str(uuid4()), "errors": errors}
    return Refusal(status, body, headers)


def invalid(message: str) -> Refusal:
    return refused(400, "parameter_invalid", message)


def no_user() -> Refusal:
    return refused(404, "not_found", "User Not Found")


def no_company() -> Refusal:
    return refused(404, "company_not_found", "Company Not Found")


def admin_json(admin: Admin) -> Json:
    return {
        "type": "admin",
        "id": admin.id,
        "name": admin.name,
        "email": admin.email,
        "away_mode_enabled": False,
        "away_mode_reassign": False,
        "has_inbox_seat": True,
        "team_ids": [],
    }


def tag_json(tag: Tag) -> Json:
    return {"type": "tag", "id": tag.id, "name": tag.name}


def contact_json(workspace: Workspace, contact: Contact) -> Json:
    tags = workspace.tags_of(contact.id)
    url = f"/contacts/{contact.id}/tags"
    return {
        "type": "contact",
        "id": contact.id,
        "workspace_id": ID_CODE,
        "external_id": contact.external_id,
        "role": contact.role,
        "email": contact.email,
        "name": contact.name,
        "created_at": contact.created_at,
        "updated_at": contact.last_seen_at or contact.created_at,
        "last_seen_at": contact.last_seen_at,
        "custom_attributes": {},
        "tags": {
            "type": "list",
            "data": [
                {"type": "tag", "id": each.id, "url": f"/tags/{each.id}"} for each in tags[:MOST_ADDRESSED]
            ],
            "url": url,
            "total_count": len(tags),
            "has_more": len(tags) > MOST_ADDRESSED,
        },
    }


def company_json(workspace: Workspace, company: Company) -> Json:
    return {
        "type": "company",
        "id": company.id,
        "company_id": company.company_id,
        "app_id": ID_CODE,
        "name": company.name,
        "created_at": company.created_at,
        "user_count": 1,
        "tags": {"type": "tag.list", "tags": [tag_json(each) for each in workspace.tags_of(company.id)]},
        "segments": {"type": "segment.list", "segments": []},
        "plan": {},
        "custom_attributes": {},
    }


def message_json(message: Message) -> Json:
    shown: Json = {
        "type": "admin_message",
        "id": message.id,
        "created_at": message.created_at,
        "body": message.body,
        "message_type": "inapp",
        "owner": admin_json(message.sender),
    }
    return shown | ({"conversation_id": message.conversation_id} if message.conversation_id else {})
