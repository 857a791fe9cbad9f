"""HubSpot for people: contacts, companies, deals and tasks, and any record with its properties."""

from itertools import islice
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from simulators.hubspot.api import BY_DEFAULT
from simulators.hubspot.portal import Portal
from simulators.hubspot.schema import OBJECT_TYPES
from simulators.hubspot.seed import Record
from simulators.hubspot.state import hubspot_of
from simulators.kit.pages import back_to, render

router = APIRouter(prefix="/hubspot", include_in_schema=False)

PORTAL_ID = 1001
ROWS = 100
TITLES = {"companies": "name", "deals": "dealname", "tasks": "hs_task_subject"}
OTHERS = {
    "contacts": ("companies", "tasks"),
    "companies": ("contacts", "deals", "tasks"),
    "deals": ("companies",),
    "tasks": ("contacts", "companies"),
}
"""What a record's page shows beside it."""


@router.get("/")
async def home() -> Response:
    return back_to(f"/hubspot/contacts/{PORTAL_ID}/objects/{OBJECT_TYPES['companies']}")


@router.get("/contacts/{portal_id}/objects/{type_id}")
async def records(request: Request, type_id: str, changed: bool = False, after: int = 0) -> Response:
    """By id, or only what was written since the last reset, newest first."""
    portal, object_type = hubspot_of(request).portal, _type(type_id)
    written = [record for record in portal.changed[object_type].values() if record]
    found = written[::-1][:ROWS] if changed else list(islice(portal.after(object_type, after), ROWS))
    ours = [p for p in portal.schema[object_type].properties.values() if not p.hubspots]
    return render(
        request,
        "hubspot/templates/records.html",
        system="hubspot",
        object_type=object_type,
        types=OBJECT_TYPES,
        portal_id=PORTAL_ID,
        changed=changed,
        written=len(written),
        columns=[*({"name": name, "label": name} for name in BY_DEFAULT[object_type]), *ours],
        rows=found,
        after=found[-1].id if len(found) == ROWS and not changed else None,
    )


@router.get("/contacts/{portal_id}/record/{type_id}/{id}")
async def record(request: Request, type_id: str, id: str) -> Response:
    portal, object_type = hubspot_of(request).portal, _type(type_id)
    found = portal.get(object_type, id)
    if found is None:
        raise HTTPException(404, f"no {object_type} {id}")
    return render(
        request,
        "hubspot/templates/record.html",
        system="hubspot",
        object_type=object_type,
        title=title(object_type, found),
        groups=_groups(portal, object_type, found),
        others={other: _others(portal, object_type, found.id, other) for other in OTHERS[object_type]},
    )


def _others(portal: Portal, object_type: str, id: int, other: str) -> list[tuple[str, str]]:
    found = (portal.get(other, each) for each in portal.others(object_type, id, other))
    return [(_link(other, each), title(other, each)) for each in found if each]


def title(object_type: str, record: Record) -> str:
    values = record.values
    if object_type in TITLES:
        return values.get(TITLES[object_type]) or str(record.id)
    return f"{values.get('firstname') or ''} {values.get('lastname') or ''}".strip() or str(record.id)


def _groups(portal: Portal, object_type: str, record: Record) -> list[tuple[str, list[dict[str, Any]]]]:
    """Our own group first."""
    schema = portal.schema[object_type]
    shown = [
        (label, [{"property": p, "value": record.values.get(p.name)}
                 for p in schema.properties.values() if p.group == name])
        for name, label in schema.groups.items()
    ]  # fmt: skip
    return shown[::-1]


def _type(type_id: str) -> str:
    for object_type, known in OBJECT_TYPES.items():
        if type_id == known:
            return object_type
    raise HTTPException(404, f"no objects {type_id}")


def _link(object_type: str, record: Record) -> str:
    return f"/hubspot/contacts/{PORTAL_ID}/record/{OBJECT_TYPES[object_type]}/{record.id}"
