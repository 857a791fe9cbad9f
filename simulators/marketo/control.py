"""Our own side door to the Marketo instance: its rules, and what people do in Marketo."""

from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request

from simulators.kit.rules import with_changes
from simulators.marketo.answers import Skip
from simulators.marketo.instance import Campaign, Instance, Program, StaticList
from simulators.marketo.state import MarketoRules, marketo_of

router = APIRouter(prefix="/control/marketo")

Json = dict[str, Any]


@router.put("")
async def rules(request: Request, changes: MarketoRules) -> MarketoRules:
    """Rules that are not named keep their value."""
    marketo = marketo_of(request)
    marketo.change(with_changes(marketo.rules, changes))
    return marketo.rules


@router.get("/books")
async def books(request: Request) -> Json:
    """All that was written, and who is where."""
    instance = marketo_of(request).instance
    return {
        "leads": [lead for lead in instance.written.values() if lead],
        "lists": {each.name: list(each.members) for each in instance.lists},
        "programs": {each.name: each.members for each in instance.programs},
        "objects": {each.name: each.records for each in instance.objects},
        "requests": instance.requests,
    }


@router.get("/leads")
async def leads(request: Request, email: str) -> list[Json]:
    return _instance(request).with_email(email)


@router.post("/leads", status_code=201)
async def add_lead(request: Request, values: Json, partition: str = "Default") -> Json:
    """As a person does, who may make a second one of the same address."""
    try:
        return _instance(request).create(values, partition)
    except Skip as why:
        raise HTTPException(422, why.message) from None


@router.patch("/leads/{id}")
async def change_lead(request: Request, id: int, values: Json) -> Json:
    return _instance(request).change(_lead(request, id), values)


@router.delete("/leads/{id}", status_code=204)
async def delete_lead(request: Request, id: int) -> None:
    _instance(request).delete(_lead(request, id)["id"])


@router.get("/{kind}")
async def made(request: Request, kind: Literal["lists", "programs", "campaigns"]) -> list[Json]:
    """What marketers have made: by id and name."""
    found: list[StaticList | Program | Campaign] = getattr(_instance(request), kind)
    return [{"id": each.id, "name": each.name} for each in found]


@router.post("/lists", status_code=204)
async def add_list(request: Request, name: str) -> None:
    """This, and the next two: also where there is one of that name."""
    lists = _instance(request).lists
    lists.append(StaticList(lists[-1].id + 1, name))


@router.post("/programs", status_code=204)
async def add_program(request: Request, name: str, channel: str = "Nurture") -> None:
    programs = _instance(request).programs
    programs.append(Program(programs[-1].id + 1, name, channel))


@router.post("/campaigns", status_code=204)
async def add_campaign(request: Request, name: str, active: bool = True) -> None:
    campaigns = _instance(request).campaigns
    campaigns.append(Campaign(campaigns[-1].id + 1, name, active=active))


@router.delete("/lists/{id}", status_code=204)
async def delete_list(request: Request, id: int) -> None:
    instance = _instance(request)
    instance.lists = [each for each in instance.lists if each.id != id]


def _instance(request: Request) -> Instance:
    return marketo_of(request).instance


def _lead(request: Request, id: int) -> Json:
    lead = _instance(request).lead(id)
    if lead is None:
        raise HTTPException(404, f"no lead {id}")
    return lead
