"""Our own side door to Zendesk: its rules, and what people do there."""

from itertools import islice
from typing import Any

from fastapi import APIRouter, HTTPException, Request

from simulators.chartmogul.actions import customer_row
from simulators.chartmogul.state import chartmogul_of
from simulators.kit.rules import with_changes
from simulators.kit.shapes import CustomerRow
from simulators.zendesk.directory import Json, Kind, ZendeskCase, case_of
from simulators.zendesk.state import ZendeskRules, zendesk_of

router = APIRouter(prefix="/control/zendesk")


@router.put("")
async def rules(request: Request, changes: ZendeskRules) -> ZendeskRules:
    """Rules that are not named keep their value."""
    zendesk = zendesk_of(request)
    zendesk.rules = with_changes(zendesk.rules, changes)
    return zendesk.rules


@router.get("/customers")
async def customers(request: Request, case: ZendeskCase, limit: int = 10) -> list[CustomerRow]:
    """Customers of whom Zendesk knows that much."""
    chartmogul, seed = chartmogul_of(request), zendesk_of(request).directory.seed
    numbers = (number for number in seed.numbers() if case_of(number) == case)
    return [customer_row(chartmogul, seed.customer(number)) for number in islice(numbers, limit)]


@router.get("/writes")
async def writes(request: Request) -> list[dict[str, Any]]:
    """Calls that changed tags, in their order."""
    return zendesk_of(request).directory.writes


@router.get("/{kind}")
async def records(request: Request, kind: Kind, limit: int = 1000) -> list[Json]:
    return zendesk_of(request).directory.all(kind, limit)


@router.post("/users", status_code=201)
async def add_user(request: Request, values: Json) -> Json:
    """Also one with an e-mail address that somebody has."""
    return zendesk_of(request).directory.add_user(values)


@router.patch("/{kind}/{id}")
async def change(request: Request, kind: Kind, id: int, values: Json) -> Json:
    directory = zendesk_of(request).directory
    if directory.get(kind, id) is None:
        raise HTTPException(404, f"no {kind} {id}")
    return directory.change(id, values)


@router.delete("/{kind}/{id}", status_code=204)
async def delete(request: Request, kind: Kind, id: int) -> None:
    zendesk_of(request).directory.delete(id)
