"""Simulated books for people: the newest documents with what paid them."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from simulators.accounting.shapes import Document
from simulators.accounting.state import Accounting
from simulators.kit.pages import render
from simulators.world import world_of

ROWS = 100


def router_of(name: str, state: type[Accounting]) -> APIRouter:
    router = APIRouter(prefix=f"/{name}", include_in_schema=False)

    def of(request: Request) -> Accounting:
        return world_of(request).of(state)

    @router.get("/")
    async def documents(request: Request) -> Response:
        found = sorted(of(request).book.documents(), key=_newest, reverse=True)[:ROWS]
        return render(request, "accounting/templates/documents.html", system=name, rows=found)

    @router.get("/documents/{id}")
    async def document(request: Request, id: int) -> Response:
        book = of(request).book
        found = next((each for each in book.documents() if each.id == id), None)
        if found is None:
            raise HTTPException(404, f"no document {id}")
        paid = [each for each in book.cash() if found.number in {part.to for part in each.applied}]
        return render(
            request, "accounting/templates/document.html", system=name, document=found, payments=paid
        )

    return router


def _newest(document: Document) -> tuple[str, int]:
    return document.dated.isoformat(), document.id
