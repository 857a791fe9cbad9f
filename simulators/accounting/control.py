"""The side door to simulated books: what bookkeepers do there."""

from collections.abc import Callable
from datetime import date
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import ValidationError

from simulators.accounting.shapes import Cash, CashIn, Document, DocumentIn, DocumentKind
from simulators.accounting.state import Accounting, Rules
from simulators.kit.rules import with_changes
from simulators.world import world_of

Json = dict[str, Any]


Of = Callable[[Request], Accounting]


def router_of(name: str, state: type[Accounting], kinds: tuple[DocumentKind, ...]) -> APIRouter:
    """`kinds` are those of documents that the vendor has."""
    router = APIRouter(prefix=f"/control/{name}")
    of: Of = lambda request: world_of(request).of(state)  # noqa: E731
    _rules(router, of)
    _looking(router, of)
    _adding(router, of, kinds)
    _changing(router, of)
    return router


def _rules(router: APIRouter, of: Of) -> None:
    @router.put("")
    async def rules(request: Request, changes: Rules) -> Rules:
        """Rules that are not named keep their value."""
        accounting = of(request)
        accounting.rules = with_changes(accounting.rules, changes)
        return accounting.rules

    @router.delete("", status_code=204)
    async def clear(request: Request) -> None:
        """Empty books."""
        of(request).book.clear()


def _looking(router: APIRouter, of: Of) -> None:
    @router.get("/documents")
    async def documents(request: Request, since: date = date.min) -> list[Document]:
        return [each for each in of(request).book.documents() if each.dated >= since]

    @router.get("/cash")
    async def cash(request: Request, since: date = date.min) -> list[Cash]:
        return [each for each in of(request).book.cash() if each.dated >= since]

    @router.get("/tokens")
    async def tokens(request: Request) -> list[str]:
        """Refresh tokens that were given out since the last reset."""
        return of(request).issued


def _adding(router: APIRouter, of: Of, kinds: tuple[DocumentKind, ...]) -> None:
    @router.post("/documents", status_code=201)
    async def add_document(request: Request, given: DocumentIn) -> Document:
        if given.kind not in kinds:
            raise HTTPException(422, f"there is no {given.kind}")
        return of(request).book.add_document(given)

    @router.post("/cash", status_code=201)
    async def add_cash(request: Request, given: CashIn) -> Cash:
        return of(request).book.add_cash(given)


def _changing(router: APIRouter, of: Of) -> None:
    @router.patch("/entries/{id}")
    async def change(request: Request, id: int, changes: Json) -> Document | Cash:
        try:
            found = of(request).book.change(id, changes)
        except ValidationError as error:
            raise HTTPException(422, str(error)) from None
        if found is None:
            raise HTTPException(404, f"no entry {id}")
        return found

    @router.delete("/entries/{id}", status_code=204)
    async def remove(request: Request, id: int) -> None:
        if not of(request).book.remove(id):
            raise HTTPException(404, f"no entry {id}")

    @router.put("/rows/{id}", status_code=204)
    async def raw(request: Request, id: int, fields: Json) -> None:
        """Fields of the vendor's row of that entry, whatever they are; one that is null is not there."""
        of(request).book.raw[id] = fields
