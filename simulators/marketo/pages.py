"""Marketo for people: the database, a person with their activity log, and what marketers have made."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from simulators.kit.pages import back_to, render
from simulators.marketo.instance import Instance
from simulators.marketo.schema import LEAD_FIELDS
from simulators.marketo.state import marketo_of

router = APIRouter(prefix="/marketo", include_in_schema=False)

ROWS = 100
SHOWN = ("email", "firstName", "lastName", "company", "cmPlan", "cmMrr", "cmStatus")


@router.get("/")
async def home() -> Response:
    return back_to("/marketo/database")


@router.get("/database")
async def database(request: Request) -> Response:
    instance = marketo_of(request).instance
    return render(
        request,
        "marketo/templates/database.html",
        system="marketo",
        columns=[LEAD_FIELDS[name] for name in SHOWN],
        rows=instance.leads(ROWS),
        written=sum(lead is not None for lead in instance.written.values()),
    )


@router.get("/leadDatabase/loadLeadDetail")
async def person(request: Request, leadId: int) -> Response:
    instance = marketo_of(request).instance
    lead = instance.lead(leadId)
    if lead is None:
        raise HTTPException(404, f"no person {leadId}")
    return render(
        request,
        "marketo/templates/person.html",
        system="marketo",
        lead=lead,
        title=f"{lead.get('firstName') or ''} {lead.get('lastName') or ''}".strip() or str(leadId),
        fields=list(LEAD_FIELDS.values()),
        places=_places(instance, leadId),
        records=_records(instance, leadId, str(lead.get("email") or "")),
        log=instance.log.get(leadId, [])[::-1],
    )


@router.get("/assets")
async def assets(request: Request) -> Response:
    instance = marketo_of(request).instance
    return render(
        request,
        "marketo/templates/assets.html",
        system="marketo",
        instance=instance,
        requested={each.id: _requested(instance, each.id) for each in instance.campaigns},
    )


def _places(instance: Instance, lead: int) -> list[str]:
    lists = [f"List {each.name}" for each in instance.lists if lead in each.members]
    programs = [
        f"Program {each.name}: {each.members[lead]}" for each in instance.programs if lead in each.members
    ]
    return lists + programs


def _records(instance: Instance, lead: int, email: str) -> list[tuple[str, dict[str, object]]]:
    own = {"id": str(lead), "email": email}
    return [
        (kind.name, record)
        for kind in instance.objects
        for record in kind.records.values()
        if str(record.get(kind.link)) == own[kind.named_by]
    ]


def _requested(instance: Instance, campaign: int) -> int:
    return sum(each["campaign"] == campaign for each in instance.requests)
