"""Our own side door to the Salesforce org: its records, and what an admin forbids."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request

from simulators.kit.shapes import RecordRule, SalesforceRules
from simulators.salesforce.org import Rule
from simulators.salesforce.state import org_of

router = APIRouter(prefix="/control/salesforce")


@router.put("")
async def change_rules(request: Request, changes: dict[str, Any]) -> SalesforceRules:
    org = org_of(request)
    org.become(SalesforceRules.model_validate(org.special.model_dump() | changes))
    return org.special


@router.get("/records/{object_name}")
async def records(request: Request, object_name: str) -> list[dict[str, Any]]:
    org = org_of(request)
    org.fields(object_name)
    return list(org.all(object_name))


@router.post("/records/{object_name}", status_code=201)
async def add_record(request: Request, object_name: str, values: dict[str, Any]) -> dict[str, Any]:
    """As a person in Salesforce does."""
    return org_of(request).create(object_name, values)


@router.patch("/records/{object_name}/{id}")
async def change_record(
    request: Request, object_name: str, id: str, values: dict[str, Any]
) -> dict[str, Any]:
    org = org_of(request)
    org.fields(object_name)
    record = org.get(object_name, id)
    if record is None:
        raise HTTPException(404, f"no {object_name} {id}")
    if unknown := values.keys() - org.fields(object_name).keys():
        raise HTTPException(422, f"{object_name} has no {', '.join(sorted(unknown))}")
    return org.overwrite(object_name, record, values)


@router.delete("/records/{object_name}/{id}", status_code=204)
async def delete_record(request: Request, object_name: str, id: str) -> None:
    """As a person in Salesforce does."""
    org = org_of(request)
    org.fields(object_name)
    record = org.get(object_name, id)
    if record is None:
        raise HTTPException(404, f"no {object_name} {id}")
    org.delete(object_name, record)


@router.put("/rules/{id}", status_code=204)
async def add_rule(request: Request, id: str, rule: RecordRule) -> None:
    """Let the org refuse writes of that record."""
    org_of(request).rules[id] = Rule(rule.code, rule.message, rule.times, rule.alert)


@router.delete("/fields/{object_name}/{name}", status_code=204)
async def remove_field(request: Request, object_name: str, name: str) -> None:
    """An org whose admin has not made that field (yet)."""
    if org_of(request).fields(object_name).pop(name, None) is None:
        raise HTTPException(404, f"{object_name} has no field {name}")
