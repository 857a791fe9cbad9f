"""The side door to ChartMogul: what its customers do, what recalculation makes of it, and its webhook."""

from itertools import islice
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from simulators.chartmogul import actions
from simulators.chartmogul.state import ChartMogul, chartmogul_of
from simulators.kit.rules import with_changes
from simulators.kit.seed import Customer
from simulators.kit.shapes import (
    Attribute,
    Cancellation,
    Cancellations,
    Case,
    ChartMogulRules,
    CustomerRow,
    Delivery,
    Merger,
    Movement,
    OddValue,
    Payment,
    Resend,
    Restatement,
    WebhookRules,
    Withdrawal,
)

router = APIRouter(prefix="/control/chartmogul")
webhook_router = APIRouter(prefix="/control/webhook")


@router.put("")
async def change_rules(request: Request, rules: ChartMogulRules) -> ChartMogulRules:
    """Rules that are not named keep their value."""
    book = chartmogul_of(request).book
    book.rules = with_changes(book.rules, rules)
    return book.rules


@router.post("/odd", status_code=204)
async def send_odd_value(request: Request, wish: OddValue) -> None:
    chartmogul_of(request).book.odd.append(wish)


@router.post("/reissue", status_code=204)
async def reissue(request: Request) -> None:
    chartmogul_of(request).book.reissue()


@router.post("/show", status_code=204)
async def show(request: Request) -> None:
    """All movements that were hidden."""
    chartmogul_of(request).book.show()


@router.post("/cancel")
async def cancel_many(request: Request, wish: Cancellations) -> Response:
    return JSONResponse(actions.cancel_many(chartmogul_of(request), wish))


@router.get("/customers")
async def customers(
    request: Request, limit: int = 50, offset: int = 0, case: Case | None = None
) -> list[CustomerRow]:
    chartmogul = chartmogul_of(request)
    all = chartmogul.book.customers
    numbers = all.numbers()
    if case is None:
        chosen = [all.numbered(number) for number in numbers[offset : offset + limit]]
    else:
        of_case = (c for c in map(all.numbered, numbers) if c.case == case)
        chosen = list(islice(of_case, offset, offset + limit))
    return [actions.customer_row(chartmogul, customer) for customer in chosen]


@router.get("/customers/{uuid}")
async def customer(request: Request, uuid: str) -> CustomerRow:
    chartmogul = chartmogul_of(request)
    return actions.customer_row(chartmogul, _known(chartmogul, uuid))


@router.post("/customers/{uuid}/cancel")
async def cancel(request: Request, uuid: str, wish: Cancellation | None = None) -> dict[str, Any]:
    chartmogul = chartmogul_of(request)
    return actions.cancel(chartmogul, _known(chartmogul, uuid), wish or Cancellation())


@router.post("/customers/{uuid}/restate")
async def restate(request: Request, uuid: str, wish: Restatement) -> dict[str, Any]:
    chartmogul = chartmogul_of(request)
    return actions.restate(chartmogul, _known(chartmogul, uuid), wish)


@router.post("/customers/{uuid}/withdraw", status_code=204)
async def withdraw(request: Request, uuid: str, wish: Withdrawal) -> None:
    chartmogul = chartmogul_of(request)
    actions.withdraw(chartmogul, _known(chartmogul, uuid), wish)


@router.post("/customers/{uuid}/hide", status_code=204)
async def hide(request: Request, uuid: str, wish: Withdrawal) -> None:
    chartmogul = chartmogul_of(request)
    chartmogul.book.hide(_known(chartmogul, uuid), wish)


@router.post("/customers/{uuid}/merge", status_code=204)
async def merge(request: Request, uuid: str, wish: Merger) -> None:
    chartmogul = chartmogul_of(request)
    chartmogul.book.merge(_known(chartmogul, uuid), _known(chartmogul, wish.into))


@router.post("/customers/{uuid}/attribute", status_code=204)
async def set_attribute(request: Request, uuid: str, wish: Attribute) -> None:
    chartmogul = chartmogul_of(request)
    number = _known(chartmogul, uuid).number
    chartmogul.book.custom.setdefault(number, {})[wish.key] = wish.value


@router.get("/events")
async def events(request: Request) -> list[dict[str, Any]]:
    """Subscription events, those that are disabled as well."""
    return chartmogul_of(request).book.events.all()


@router.post("/customers/{uuid}/payment", status_code=204)
async def pay(request: Request, uuid: str, wish: Payment) -> None:
    chartmogul = chartmogul_of(request)
    chartmogul.book.pay(_known(chartmogul, uuid), failed=wish.failed)


@router.post("/customers/{uuid}/{kind}")
async def change(
    request: Request, uuid: str, kind: actions.Change, wish: Movement | None = None
) -> dict[str, Any]:
    chartmogul = chartmogul_of(request)
    return actions.change(chartmogul, _known(chartmogul, uuid), kind, wish or Movement())


@webhook_router.get("")
async def webhook(request: Request) -> WebhookRules:
    return chartmogul_of(request).webhook.rules


@webhook_router.put("")
async def change_webhook(request: Request, rules: WebhookRules) -> WebhookRules:
    """Rules that are not named keep their value."""
    sender = chartmogul_of(request).webhook
    sender.rules = with_changes(sender.rules, rules)
    return sender.rules


@webhook_router.post("/resend", status_code=202)
async def resend(request: Request, wish: Resend | None = None) -> dict[str, Any]:
    """Send a movement's webhook once more; the last one's by default. Answers with its body."""
    sender = chartmogul_of(request).webhook
    index = wish.index if wish and wish.index is not None else len(sender.bodies) - 1
    if not 0 <= index < len(sender.bodies):
        raise HTTPException(404, f"no movement {index}")
    sender.resend(index)
    return sender.bodies[index]


@webhook_router.get("/deliveries")
async def deliveries(request: Request) -> list[Delivery]:
    return chartmogul_of(request).webhook.deliveries


async def answer_not_possible(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 409)


def _known(chartmogul: ChartMogul, uuid: str) -> Customer:
    customer = chartmogul.book.customers.find(uuid)
    if customer is None:
        raise HTTPException(404, f"no customer {uuid}")
    return customer
