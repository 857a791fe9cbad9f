"""The side door to the book of truth."""

from fastapi import APIRouter, Request

from simulators.billing.truth.book import BookOfTruth
from simulators.billing.truth.shapes import Books
from simulators.world import world_of

router = APIRouter(prefix="/control/books")


@router.put("")
async def put(request: Request, books: Books) -> dict[str, int]:
    """In the place of what was there."""
    world_of(request).truth = BookOfTruth(books)
    return {"subscriptions": len(books.subscriptions)}


@router.get("")
async def get(request: Request) -> Books:
    return world_of(request).truth.books
