"""Our own side door to the HubSpot portal: its rules, and what people do in HubSpot."""

from itertools import islice
from typing import Any

from fastapi import APIRouter, HTTPException, Request

from simulators.chartmogul.actions import customer_row
from simulators.chartmogul.state import chartmogul_of
from simulators.hubspot.portal import Portal
from simulators.hubspot.seed import Record, Values, case_of
from simulators.hubspot.state import hubspot_of
from simulators.kit.rules import with_changes
from simulators.kit.shapes import CustomerRow, HubSpotCase, HubSpotRules

router = APIRouter(prefix="/control/hubspot")


@router.put("")
async def rules(request: Request, changes: HubSpotRules) -> HubSpotRules:
    """Rules that are not named keep their value."""
    portal = hubspot_of(request).portal
    portal.rules = with_changes(portal.rules, changes)
    return portal.rules


@router.get("/customers")
async def customers(request: Request, case: HubSpotCase, limit: int = 50) -> list[CustomerRow]:
    chartmogul, seed = chartmogul_of(request), hubspot_of(request).seed
    numbers = (number for number in seed.numbers() if case_of(number) == case)
    return [customer_row(chartmogul, seed.customer(number)) for number in islice(numbers, limit)]


@router.get("/records/{object_type}")
async def records(request: Request, object_type: str, all: bool = False) -> list[dict[str, Any]]:
    portal = _portal(request, object_type)
    changed = portal.changed[object_type].values()
    found = portal.after(object_type, 0) if all else (each for each in changed if each)
    return [_shown(each) for each in found]


@router.post("/records/{object_type}", status_code=201)
async def add(request: Request, object_type: str, values: Values) -> dict[str, Any]:
    portal = _portal(request, object_type, values)
    return _shown(portal.overwrite(object_type, None, values))


@router.patch("/records/{object_type}/{id}")
async def change(request: Request, object_type: str, id: str, values: Values) -> dict[str, Any]:
    portal = _portal(request, object_type, values)
    return _shown(portal.overwrite(object_type, _known(portal, object_type, id), values))


@router.delete("/records/{object_type}/{id}", status_code=204)
async def delete(request: Request, object_type: str, id: str) -> None:
    portal = _portal(request, object_type)
    portal.delete(object_type, _known(portal, object_type, id))


def _portal(request: Request, object_type: str, values: Values | None = None) -> Portal:
    portal = hubspot_of(request).portal
    if object_type not in portal.schema:
        raise HTTPException(404, f"no {object_type}")
    if unknown := (values or {}).keys() - portal.schema[object_type].properties.keys():
        raise HTTPException(422, f"{object_type} have no {', '.join(sorted(unknown))}")
    return portal


def _known(portal: Portal, object_type: str, id: str) -> Record:
    record = portal.get(object_type, id)
    if record is None:
        raise HTTPException(404, f"no {object_type} {id}")
    return record


def _shown(record: Record) -> dict[str, Any]:
    return {"id": str(record.id)} | record.values
