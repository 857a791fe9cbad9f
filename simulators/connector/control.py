"""Our own side door to the product."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request

from simulators.connector.state import product_of

router = APIRouter(prefix="/control/connector")


@router.get("/accounts")
async def accounts(request: Request) -> list[dict[str, Any]]:
    """In the order in which they were created."""
    return list(product_of(request).accounts.values())


@router.get("/grants")
async def grants(request: Request) -> list[dict[str, Any]]:
    return product_of(request).grants


@router.patch("/accounts/{id}")
async def change_account(request: Request, id: str, values: dict[str, Any]) -> dict[str, Any]:
    """As a person does in the product."""
    account = product_of(request).accounts.get(id)
    if account is None:
        raise HTTPException(404, f"no account {id}")
    account.update(values)
    return account
