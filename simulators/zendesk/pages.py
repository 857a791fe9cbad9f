"""Zendesk for people: users and organisations with their tags, as an agent sees them."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from simulators.kit.pages import back_to, render
from simulators.zendesk.directory import Directory, Json, Kind
from simulators.zendesk.state import zendesk_of

ROWS = 100

router = APIRouter(prefix="/zendesk", include_in_schema=False)


@router.get("/")
async def home() -> Response:
    return back_to("/zendesk/agent/users")


@router.get("/agent/{kind}")
async def records(request: Request, kind: Kind, changed: bool = False) -> Response:
    """The first hundred, or only those whose tags were changed, newest first."""
    directory = zendesk_of(request).directory
    written = [row for id in directory.tagged()[::-1] if (row := directory.get(kind, id))]
    rows = written[:ROWS] if changed else directory.all(kind, ROWS)
    return render(
        request,
        "zendesk/templates/records.html",
        system="zendesk",
        kind=kind,
        changed=changed,
        written=len(written),
        rows=[row | {"in": _organization(directory, row)} for row in rows],
    )


@router.get("/agent/{kind}/{id}")
async def record(request: Request, kind: Kind, id: int) -> Response:
    directory = zendesk_of(request).directory
    row = directory.get(kind, id)
    if row is None:
        raise HTTPException(404, f"no {kind} {id}")
    return render(
        request,
        "zendesk/templates/record.html",
        system="zendesk",
        kind=kind,
        row=row,
        organization=_organization(directory, row),
    )


def _organization(directory: Directory, row: Json) -> Json | None:
    id = row.get("organization_id")
    return directory.get("organizations", id) if id else None
