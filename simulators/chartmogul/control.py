"""The side door to ChartMogul: what its customers do, and what recalculation makes of it."""

from itertools import islice
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from simulators.chartmogul import actions
from simulators.kit.seed import Customer
from simulators.kit.shapes import (
    Cancellation,
    Cancellations,
    Case,
    ChartMogulRules,
    CustomerRow,
    Merger,
    Movement,
    OddValue,
    Payment,
    Restatement,
    Withdrawal,
)
from simulators.world import World, world_of

router = APIRouter(prefix="/control/chartmogul")


@router.put("")
async def change_rules(request: Request, rules: ChartMogulRules) -> ChartMogulRules:
    """Rules that are not named keep their value."""
    book = world_of(request).chartmogul
    book.rules = book.rules.model_copy(update=rules.model_dump(exclude_unset=True))
    return book.rules


@router.post("/odd", status_code=204)
async def send_odd_value(request: Request, wish: OddValue) -> None:
    world_of(request).chartmogul.odd.append(wish)


@router.post("/reissue", status_code=204)
async def reissue(request: Request) -> None:
    world_of(request).chartmogul.reissue()


@router.post("/show", status_code=204)
async def show(request: Request) -> None:
    """All movements that were hidden."""
    world_of(request).chartmogul.show()


@router.post("/cancel")
async def cancel_many(request: Request, wish: Cancellations) -> Response:
    return JSONResponse(actions.cancel_many(world_of(request), wish))


@router.get("/customers")
async def customers(
    request: Request, limit: int = 50, offset: int = 0, case: Case | None = None
) -> list[CustomerRow]:
    world = world_of(request)
    numbers = world.chartmogul.customers.numbers()
    if case is None:
        chosen = [world.seed.customer(number) for number in numbers[offset : offset + limit]]
    else:
        of_case = (c for c in map(world.seed.customer, numbers) if c.case == case)
        chosen = list(islice(of_case, offset, offset + limit))
    return [actions.customer_row(world, customer) for customer in chosen]


@router.get("/customers/{uuid}")
async def customer(request: Request, uuid: str) -> CustomerRow:
    world = world_of(request)
    return actions.customer_row(world, _known(world, uuid))


@router.post("/customers/{uuid}/cancel")
async def cancel(request: Request, uuid: str, wish: Cancellation | None = None) -> dict[str, Any]:
    world = world_of(request)
    return actions.cancel(world, _known(world, uuid), wish or Cancellation())


@router.post("/customers/{uuid}/restate")
async def restate(request: Request, uuid: str, wish: Restatement) -> dict[str, Any]:
    world = world_of(request)
    return actions.restate(world, _known(world, uuid), wish)


@router.post("/customers/{uuid}/withdraw", status_code=204)
async def withdraw(request: Request, uuid: str, wish: Withdrawal) -> None:
    world = world_of(request)
    actions.withdraw(world, _known(world, uuid), wish)


@router.post("/customers/{uuid}/hide", status_code=204)
async def hide(request: Request, uuid: str, wish: Withdrawal) -> None:
    world = world_of(request)
    world.chartmogul.hide(_known(world, uuid), wish)


@router.post("/customers/{uuid}/merge", status_code=204)
async def merge(request: Request, uuid: str, wish: Merger) -> None:
    world = world_of(request)
    world.chartmogul.merge(_known(world, uuid), _known(world, wish.into))


@router.post("/customers/{uuid}/payment", status_code=204)
async def pay(request: Request, uuid: str, wish: Payment) -> None:
    world = world_of(request)
    world.chartmogul.pay(_known(world, uuid), failed=wish.failed)


@router.post("/customers/{uuid}/{kind}")
async def change(
    request: Request, uuid: str, kind: actions.Change, wish: Movement | None = None
) -> dict[str, Any]:
    world = world_of(request)
    return actions.change(world, _known(world, uuid), kind, wish or Movement())


async def answer_not_possible(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 409)


def _known(world: World, uuid: str) -> Customer:
    customer = world.chartmogul.customers.find(uuid)
    if customer is None:
        raise HTTPException(404, f"no customer {uuid}")
    return customer
