"""The side door to a simulated billing system: what becomes of an invoice, with its webhook."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from simulators.billing.books import DECLINES, Attempt, Bill, Kind, NotPossible
from simulators.billing.state import Billing
from simulators.chartmogul.state import chartmogul_of
from simulators.world import world_of

Action = Literal["fail_payment", "pay", "void", "give_up"]
Json = dict[str, Any]


class Wish(BaseModel):
    """`why`, `final`, `confirm` and `currency` are of `fail_payment`."""

    model_config = ConfigDict(extra="forbid")

    at: AwareDatetime | None = None
    send: bool = True
    why: str = Field(default="insufficient_funds", description="Code of the decline")
    final: bool = Field(default=False, description="It is not tried again")
    confirm: bool = Field(default=False, description="The bank asks the customer to confirm")
    currency: str | None = Field(
        default=None, min_length=3, max_length=3, description="The invoice's, from now"
    )


class Rules(BaseModel):
    model_config = ConfigDict(extra="forbid")

    webhook: str | None = None


async def act(request: Request, billing: Billing, id: str, action: Action, wish: Wish) -> Json:
    """Raises NotPossible."""
    bill = known(billing, id)
    at = wish.at or datetime.now(UTC)
    billing.bills.keep(bill)
    kind, attempt = _done(bill, action, wish, at)
    if bill.last and action in ("fail_payment", "pay"):  # ChartMogul hears of it by its own import
        chartmogul_of(request).book.payments[bill.customer.number] = action == "fail_payment"
    event = billing.tell(kind, bill, attempt, at)
    sent = await billing.send(event, really=wish.send) if event else None
    return {
        "invoice": shown(bill),
        "body": sent.body if sent else None,
        "headers": sent.headers if sent else {},
        "status": sent.status if sent else None,
    }


def _done(bill: Bill, action: Action, wish: Wish, at: datetime) -> tuple[Kind, Attempt | None]:
    match action:
        case "fail_payment":
            if wish.why not in DECLINES:
                raise HTTPException(422, f"why is one of {', '.join(DECLINES)}")
            bill.currency = (wish.currency or bill.currency).upper()
            return "confirm" if wish.confirm else "failed", bill.fail(wish.why, at, final=wish.final)
        case "pay":
            return "paid", bill.pay(at)
        case "void":
            bill.void(at)
            return "voided", None
        case "give_up":
            bill.give_up(at)
            return "lost", None


def known(billing: Billing, id: str) -> Bill:
    bill = billing.bills.find(id)
    if bill is None:
        raise HTTPException(404, f"no invoice {id}")
    return bill


def shown(bill: Bill) -> Json:
    return {
        "id": bill.id,
        "customer": bill.customer.external_id,
        "status": bill.status,
        "due": bill.due,
        "currency": bill.currency,
        "failures": len(bill.failures),
        "last": bill.last,
    }


def router_of(name: str, state: type[Billing]) -> APIRouter:
    router = APIRouter(prefix=f"/control/{name}")
    of: Callable[[Request], Billing] = lambda request: world_of(request).of(state)  # noqa: E731

    @router.put("")
    async def change_rules(request: Request, rules: Rules) -> Rules:
        of(request).webhook_url = rules.webhook
        return rules

    @router.get("/invoices")
    async def invoices(request: Request, customer: str) -> list[Json]:
        """A customer's, newest first."""
        return [shown(bill) for bill in of(request).bills.of(customer)]

    @router.get("/invoices/{id}")
    async def invoice(request: Request, id: str) -> Json:
        return shown(known(of(request), id))

    @router.post("/invoices/{id}/{action}")
    async def change(request: Request, id: str, action: Action, wish: Wish | None = None) -> Json:
        return await act(request, of(request), id, action, wish or Wish())

    @router.get("/sent")
    async def sent(request: Request) -> list[Json]:
        """All webhooks since the last reset, also those that were only given back."""
        return [vars(each) for each in of(request).sent]

    return router


async def answer_not_possible(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotPossible)
    return JSONResponse({"detail": str(error)}, 409)
