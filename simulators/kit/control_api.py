"""Our own side door for tests, the demo and benchmarks: reset, faults, calls. Each vendor adds its own."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from simulators.kit.shapes import Call, FaultRule, Reset, System
from simulators.world import world_of

router = APIRouter(prefix="/control")


@router.post("/reset")
async def reset(request: Request, start: Reset | None = None) -> Reset:
    start = start or Reset()
    await world_of(request).reset(start)
    return start


@router.get("/calls")
async def calls(request: Request, system: System | None = None) -> list[Call]:
    world = world_of(request)
    if system is not None:
        world.faults.check_known(system)
    return [call for call in world.calls if system in (None, call.system)]


@router.get("/faults")
async def faults(request: Request) -> list[FaultRule]:
    return world_of(request).faults.all()


@router.post("/faults", status_code=201)
async def add_fault(request: Request, rule: FaultRule) -> FaultRule:
    return world_of(request).faults.add(rule)


@router.delete("/faults", status_code=204)
async def clear_faults(request: Request) -> None:
    world_of(request).faults.clear()


@router.delete("/faults/{id}", status_code=204)
async def remove_fault(request: Request, id: int) -> None:
    if not world_of(request).faults.remove(id):
        raise HTTPException(404, f"no fault rule {id}")


@router.post("/people", status_code=204)
async def hire(request: Request, email: str) -> None:
    """An active user of each vendor that has users; nothing where they are one."""
    world_of(request).hire(email)


async def answer_unknown_system(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 422)
