"""Our own side door to the product."""

from typing import Any

from fastapi import APIRouter, Request

from simulators.connector.state import product_of

router = APIRouter(prefix="/control/connector")


@router.get("/accounts")
async def accounts(request: Request) -> list[dict[str, Any]]:
    """In the order in which they were created."""
    return list(product_of(request).accounts.values())


@router.get("/grants")
async def grants(request: Request) -> list[dict[str, Any]]:
    return product_of(request).grants
