"""Our own side door to Gong."""

from fastapi import APIRouter, Request

from simulators.gong.shapes import DigitalInteraction
from simulators.gong.state import GongRules, gong_of
from simulators.kit.rules import with_changes

router = APIRouter(prefix="/control/gong")


@router.put("")
async def rules(request: Request, changes: GongRules) -> GongRules:
    """Rules that are not named keep their value."""
    gong = gong_of(request)
    gong.rules = with_changes(gong.rules, changes)
    return gong.rules


@router.get("/interactions")
async def interactions(request: Request) -> list[DigitalInteraction]:
    """In the order in which they were logged."""
    return list(gong_of(request).interactions.values())
