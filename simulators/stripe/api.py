"""Stripe's API, version 1: what we read of it. Unknown parameters and keys without the right are refused."""

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain, dropwhile, islice
from typing import Any

from fastapi import APIRouter, Depends, Request

from simulators.billing.books import Bill
from simulators.kit.refusal import Refusal
from simulators.kit.sign_in import basic
from simulators.stripe import books
from simulators.stripe.rows import (
    charge_row,
    customer_row,
    intent_row,
    invoice_row,
    list_of,
    payments,
    subscription_row,
)
from simulators.stripe.state import stripe_of
from simulators.world import world_of

Row = dict[str, Any]

KEY = "rk_test_demo"
RIGHTS = {
    "rak_invoice_read",
    "rak_event_read",
    "rak_payment_intent_read",
    "rak_customer_read",
    "rak_subscription_read",
    "rak_credit_note_read",
    "rak_charge_read",
    "rak_dispute_read",
    "rak_payout_read",
    "rak_balance_transaction_read",
    "rak_price_read",
    "rak_coupon_read",
}
KEYS = {
    KEY: RIGHTS,
    "sk_test_demo": RIGHTS,
    "rk_test_invoices_only": {"rak_invoice_read"},
    "rk_test_events_only": {"rak_event_read"},
}
EXPIRED = "rk_test_expired"
RANGE = ("gt", "gte", "lt", "lte")
LARGEST_PAGE, PAGE = 100, 10
PAGING = {"limit", "starting_after", "ending_before", "expand"}
KEPT_SECONDS = 30 * 24 * 3600
INVOICE_PARTS = ("payments", "payments.data.payment.payment_intent")
OTHER_MODE = "in_live_"


def refused(
    status: int, message: str, code: str | None = None, param: str | None = None, type: str | None = None
) -> Refusal:
    error = {"message": message, "type": type or "invalid_request_error"}
    more = {"code": code, "param": param}
    error |= {name: value for name, value in more.items() if value}
    return Refusal(status, {"error": error}, {"Request-Id": "req_demo"})


async def signed_in(request: Request) -> None:
    key = _key(request.headers.get("authorization", ""))
    if not key:
        raise refused(401, "You did not provide an API key. You need to provide your API key.")
    if key == EXPIRED:
        raise refused(401, f"Expired API Key provided: {_masked(key)}", "api_key_expired")
    if key not in KEYS:
        raise refused(401, f"Invalid API Key provided: {_masked(key)}")
    version = request.headers.get("stripe-version", "2026-10-28")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(\.[a-z]+)?", version):
        raise refused(400, f"Invalid Stripe API version: {version}")
    request.state.key = key


router = APIRouter(prefix="/stripe/v1", dependencies=[Depends(signed_in)])


@router.get("/invoices/{id}")
async def invoice(request: Request, id: str) -> Row:
    _needs(request, "rak_invoice_read")
    _check_names(request, {"expand"})
    parts = [value for name, value in request.query_params.items() if _name(name) == "expand"]
    if unknown := [each for each in parts if each not in INVOICE_PARTS]:
        raise refused(400, f"This property cannot be expanded ({unknown[0]}).", param="expand")
    if id.startswith(OTHER_MODE):
        detail = "a similar object exists in live mode, but a test mode key was used to make this request."
        raise refused(404, f"No such invoice: '{id}'; {detail}", "resource_missing", "invoice")
    bill = stripe_of(request).bills.find(id)
    if bill is None:
        raise refused(404, f"No such invoice: '{id}'", "resource_missing", "invoice")
    row = invoice_row(bill, stripe_of(request).url)
    if not parts:
        return row
    if intents := INVOICE_PARTS[1] in parts:
        _needs(request, "rak_payment_intent_read")
    return row | {"payments": payments(bill, intents=intents)}


@router.get("/invoices")
async def invoices(request: Request) -> Row:
    _needs(request, "rak_invoice_read")
    _check_names(request, PAGING | {"created", "customer", "status", "subscription"})
    stripe, query = stripe_of(request), request.query_params
    found: Iterable[Bill] = (
        stripe.bills.of(query["customer"]) if "customer" in query else stripe.bills.newest_first()
    )
    rows: Iterable[Row] = (invoice_row(bill, stripe.url) for bill in found)
    truth = world_of(request).truth
    told = (books.invoice_row(each, stripe.url) for each in books.invoices(truth))
    rows = _newest_first(truth.is_alone, told, rows)
    chosen = (row for row in rows if query.get("status") in (None, row["status"]))
    return _page(request, (row for row in chosen if _in_range(request, row["created"])))


@router.get("/payment_intents")
async def payment_intents(request: Request) -> Row:
    _needs(request, "rak_payment_intent_read")
    _check_names(request, PAGING | {"created", "customer"})
    rows = (intent_row(bill) for bill in stripe_of(request).bills.newest_first())
    return _page(request, (row for row in rows if _in_range(request, row["created"])))


@router.get("/customers/{id}")
async def customer(request: Request, id: str) -> Row:
    _needs(request, "rak_customer_read")
    found = stripe_of(request).seed.find_external_id(id)
    if found is None:
        raise refused(404, f"No such customer: '{id}'", "resource_missing", "id")
    return customer_row(found)


@router.get("/subscriptions/{id}")
async def subscription(request: Request, id: str) -> Row:
    _needs(request, "rak_subscription_read")
    found = stripe_of(request).subscriptions.find(id)
    if found is None:
        raise refused(404, f"No such subscription: '{id}'", "resource_missing", "id")
    return subscription_row(found)


@router.get("/subscriptions")
async def subscriptions(request: Request) -> Row:
    """Those that ended are told where they are asked for."""
    _needs(request, "rak_subscription_read")
    _check_names(request, PAGING | {"created", "customer", "price", "status"})
    query = request.query_params
    truth, expand = world_of(request).truth, _expanded(request)
    told = (
        books.subscription_row(each, expand)
        for each in truth.of("stripe")
        if _in_range(request, int(each.started_at.timestamp()))  # a row costs more than the question
    )
    seeded = (subscription_row(each) for each in stripe_of(request).subscriptions.all())
    wanted = query.get("status")
    rows = _newest_first(truth.is_alone, told, seeded)
    chosen = (row for row in rows if wanted in ("all", row["status"]) or (not wanted and not row["ended_at"]))
    of_whom = (row for row in chosen if query.get("customer") in (None, row["customer"]))
    page = _page(
        request, islice((row for row in of_whom if _in_range(request, row["created"])), truth.books.cap)
    )
    truth.go_on(datetime.now(UTC))
    return page


@router.get("/customers")
async def customers(request: Request) -> Row:
    _needs(request, "rak_customer_read")
    _check_names(request, PAGING | {"created", "email"})
    stripe = stripe_of(request)
    return _page(request, (customer_row(stripe.seed.customer(number)) for number in stripe.seed.numbers()))


@router.get("/credit_notes")
async def credit_notes(request: Request) -> Row:
    return _told(request, "rak_credit_note_read", books.credit_note_rows(world_of(request).truth))


@router.get("/charges")
async def charges(request: Request) -> Row:
    """Those of the seed's invoices, and of the book of truth."""
    truth, whole = world_of(request).truth, "data.balance_transaction" in _expanded(request)
    seeded = (
        charge_row(bill, each) for bill in stripe_of(request).bills.newest_first() for each in bill.attempts
    )
    rows = _newest_first(truth.is_alone, books.charge_rows(truth, whole=whole), seeded)
    return _told(request, "rak_charge_read", rows)


@router.get("/refunds")
async def refunds(request: Request) -> Row:
    return _told(request, "rak_charge_read", books.refund_rows(world_of(request).truth))


@router.get("/disputes")
async def disputes(request: Request) -> Row:
    return _told(request, "rak_dispute_read", books.dispute_rows(world_of(request).truth))


@router.get("/payouts")
async def payouts(request: Request) -> Row:
    return _told(request, "rak_payout_read", books.payout_rows(world_of(request).truth))


@router.get("/balance_transactions")
async def balance_transactions(request: Request) -> Row:
    rows = books.balance_rows(world_of(request).truth, request.query_params.get("payout"))
    return _told(request, "rak_balance_transaction_read", rows, "payout")


@router.get("/invoice_payments")
async def invoice_payments(request: Request) -> Row:
    return _told(request, "rak_invoice_read", books.payment_rows(world_of(request).truth), "invoice")


@router.get("/prices/{id}")
async def price(request: Request, id: str) -> Row:
    return _found(request, "price", id, books.find_price(world_of(request).truth, id))


@router.get("/coupons/{id}")
async def coupon(request: Request, id: str) -> Row:
    return _found(request, "coupon", id, books.find_coupon(world_of(request).truth, id))


@router.get("/events")
async def events(request: Request) -> Row:
    """Newest first; of two of one second the later one."""
    _needs(request, "rak_event_read")
    _check_names(request, PAGING | {"created", "type", "types", "delivery_success"})
    types = [value for name, value in request.query_params.items() if _name(name) in ("type", "types")]
    kept_from = time.time() - KEPT_SECONDS
    rows = [*stripe_of(request).events, *books.event_rows(world_of(request).truth)]
    found = sorted(rows, key=lambda row: (row["created"], row["id"]), reverse=True)
    chosen = (row for row in found if row["created"] >= kept_from and (not types or row["type"] in types))
    return _page(request, (row for row in chosen if _in_range(request, row["created"])))


@router.get("/{path:path}")
async def nothing(path: str) -> Row:
    raise refused(404, f"Unrecognized request URL (GET: /v1/{path}).")


def _told(request: Request, right: str, rows: Iterable[Row], *more: str) -> Row:
    """A list of which only the time of creation, and perhaps one field more, can be asked for."""
    _needs(request, right)
    _check_names(request, PAGING | {"created", *more})
    found = sorted(rows, key=lambda row: row["created"], reverse=True)
    return _page(request, (row for row in found if _in_range(request, row["created"])))


def _found(request: Request, kind: str, id: str, row: Row | None) -> Row:
    _needs(request, f"rak_{kind}_read")
    _check_names(request, {"expand"})
    if row is None:
        raise refused(404, f"No such {kind}: '{id}'", "resource_missing", kind)
    return row


def _newest_first(alone: bool, told: Iterable[Row], seeded: Iterable[Row]) -> Iterable[Row]:
    """As Stripe lists; the seed's in its own order, which is no other."""
    return told if alone else chain(told, seeded)


def _expanded(request: Request) -> set[str]:
    """Four levels at most."""
    parts = {value for name, value in request.query_params.items() if _name(name) == "expand"}
    if deep := [each for each in parts if each.count(".") > 3]:
        raise refused(400, f"You cannot expand more than 4 levels of a property. Property: {deep[0]}")
    return parts


def _page(request: Request, rows: Iterable[Row]) -> Row:
    query = request.query_params
    size = query.get("limit", str(PAGE))
    if not size.isdecimal() or not 1 <= int(size) <= LARGEST_PAGE:
        raise refused(400, "This value must be between 1 and 100.", "parameter_invalid_integer", "limit")
    if after := query.get("starting_after"):
        rows = islice(dropwhile(lambda row: row["id"] != after, rows), 1, None)
    found = list(islice(rows, int(size) + 1))
    path = request.url.path.removeprefix("/stripe")
    return list_of(path, found[: int(size)], more=len(found) > int(size))


def _in_range(request: Request, created: int) -> bool:
    query = request.query_params
    limits = {name: int(query[f"created[{name}]"]) for name in RANGE if f"created[{name}]" in query}
    return (
        created > limits.get("gt", created - 1)
        and created >= limits.get("gte", created)
        and created < limits.get("lt", created + 1)
        and created <= limits.get("lte", created)
    )


def _check_names(request: Request, known: set[str]) -> None:
    for name in request.query_params:
        if _name(name) not in known:
            raise refused(400, f"Received unknown parameter: {name}", "parameter_unknown", name)


def _name(name: str) -> str:
    """`types` of `types[0]`."""
    return name.partition("[")[0]


def _needs(request: Request, right: str) -> None:
    if right not in KEYS[request.state.key]:
        raise refused(
            403,
            f"The provided key '{_masked(request.state.key)}' does not have the required permissions for this"
            f" endpoint on account 'acct_demo'. Having the '{right}' permission would allow this request to"
            f" continue.",
        )


def _key(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value
    return (basic(header) or ("", ""))[0]


def _masked(key: str) -> str:
    return f"{key[:8]}{'*' * 8}{key[-4:]}"
