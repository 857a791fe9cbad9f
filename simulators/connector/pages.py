"""The product's accounts, and who has access to what, for people."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from simulators.connector.state import product_of
from simulators.kit.pages import render

NEWEST = 200

router = APIRouter(prefix="/connector", include_in_schema=False)


@router.get("/")
async def home(request: Request) -> Response:
    product = product_of(request)
    rows = [
        {"account": each, "tools": [grant["tool"] for grant in product.grants if grant["account"] == id]}
        for id, each in list(product.accounts.items())[-NEWEST:]
    ]
    return render(request, "connector/templates/accounts.html", system="connector", rows=rows[::-1])
