"""Recurly's API, version v2021-02-25: what we read of it. Without its Accept header nothing is answered."""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from simulators.billing.books import Bill
from simulators.kit.refusal import Refusal
from simulators.kit.seed import PLANS, Customer
from simulators.kit.sign_in import key_in
from simulators.recurly import books
from simulators.recurly.rows import (
    account_id,
    account_row,
    invoice_mini,
    invoice_row,
    plan_row,
    subscription_row,
    transaction_row,
)
from simulators.recurly.state import SITE_ID, Recurly, recurly_of
from simulators.world import world_of

Row = dict[str, Any]

KEY = "recurly-demo"
ALL = {"invoices", "transactions", "accounts", "sites", "subscriptions", "plans", "coupons"}
KEYS = {
    KEY: ALL,
    "recurly-no-accounts": ALL - {"accounts", "sites"},
    "recurly-accounts-only": {"accounts", "sites"},
}
ACCEPT = "application/vnd.recurly.v2021-02-25+json"
LARGEST_PAGE, PAGE = 200, 20
LONGEST_ATTEMPTS = timedelta(days=30)
"""No attempt of the seed's comes later after its invoice."""

OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
PAGING = {"limit", "order", "sort", "begin_time", "end_time", "cursor", "ids"}


def refused(status: int, type: str, message: str, headers: dict[str, str] | None = None) -> Refusal:
    return Refusal(status, {"error": {"type": type, "message": message, "params": []}}, headers)


async def signed_in(request: Request, response: Response) -> None:
    if request.headers.get("accept") != ACCEPT:
        raise refused(406, "unknown_api_version", "Set the version in the Accept header.")
    key = key_in(request.headers.get("authorization", ""))
    if key not in KEYS:
        raise refused(401, "unauthorized", "Your API key is not valid.")
    kind = request.url.path.removeprefix("/recurly/v3/").partition("/")[0]
    if kind in ALL and kind not in KEYS[key]:
        raise refused(403, "invalid_permissions", "Your API key does not have this permission.")
    response.headers["Recurly-Version"] = "recurly.v2021-02-25"
    response.headers["X-RateLimit-Limit"] = "1000"
    response.headers["X-RateLimit-Remaining"] = "999"
    response.headers["X-RateLimit-Reset"] = str(int(time.time()) + 60)


router = APIRouter(prefix="/recurly/v3", dependencies=[Depends(signed_in)])


@router.get("/sites")
async def sites(request: Request) -> Row:
    site = {"id": SITE_ID, "object": "site", "subdomain": "acme", "mode": "sandbox"}
    return _page(request, [site])


@router.get("/invoices/{id}")
async def invoice(request: Request, id: str) -> Row:
    bills = recurly_of(request).bills
    if id.startswith("number-"):
        bill = bills.find(id.removeprefix("number-"))
    else:
        bill = next((each for each in bills.newest_first() if invoice_mini(each)["id"] == id), None)
    if bill is None:
        raise _missing("Invoice", id)
    return invoice_row(bill)


@router.get("/invoices")
@router.head("/invoices")
async def invoices(request: Request) -> Row:
    _check_names(request, PAGING | {"state", "type"})
    truth, query = world_of(request).truth, request.query_params
    seeded = (invoice_row(bill) for bill in recurly_of(request).bills.newest_first())
    rows = books.invoice_rows(truth) if truth.is_alone else chain(books.invoice_rows(truth), seeded)
    fields = [name for name in ("state", "type") if name in query]
    chosen = (row for row in rows if all(row[name] == query[name] for name in fields))
    return _keyed_page(request, chosen)


@router.get("/transactions/{id}")
async def transaction(request: Request, id: str) -> Row:
    uuid = id.removeprefix("uuid-")
    bill = recurly_of(request).bills.find(f"in_{uuid.removeprefix('ch_').rpartition('_')[0]}")
    attempt = next((each for each in bill.attempts if each.id == uuid), None) if bill else None
    if not id.startswith("uuid-") or bill is None or attempt is None:
        raise _missing("Transaction", id)
    return transaction_row(bill, attempt)


@router.get("/transactions")
@router.head("/transactions")
async def transactions(request: Request) -> Row:
    """`success` takes no other value than true."""
    _check_names(request, PAGING | {"type", "success"})
    query = request.query_params
    if query.get("success", "true") != "true":
        raise refused(400, "bad_request", "success is not included in the list")
    sort, oldest_first = query.get("sort", "created_at"), query.get("order") == "asc"
    if sort not in ("created_at", "updated_at") or query.get("order", "desc") not in ("asc", "desc"):
        raise refused(400, "bad_request", "sort or order is not included in the list")
    truth = world_of(request).truth
    told = (row for _, _, row in _in_order(request, books.transaction_rows(truth)))
    seeded = _within(recurly_of(request), query.get("begin_time"), query.get("end_time"))
    rows: Iterable[Row] = told if truth.is_alone else chain(told, seeded)
    chosen = (row for row in rows if "success" not in query or row["success"])
    found = sorted(chosen, key=lambda row: (row[sort], row["id"]), reverse=not oldest_first)
    return _page(request, found)


@router.get("/accounts")
async def accounts(request: Request) -> Row:
    seed = recurly_of(request).seed
    return _page(request, (account_row(seed.customer(number)) for number in seed.numbers()))


@router.get("/accounts/{id}")
async def account(request: Request, id: str) -> Row:
    customer = _customer(recurly_of(request), id)
    if customer is None:
        raise _missing("Account", id)
    return account_row(customer)


@router.get("/subscriptions/{id}")
async def subscription(request: Request, id: str) -> Row:
    found = recurly_of(request).subscriptions.find(id.removeprefix("uuid-"))
    if found is None or not id.startswith("uuid-"):
        raise _missing("Subscription", id)
    return subscription_row(found)


@router.get("/subscriptions")
@router.head("/subscriptions")
async def subscriptions(request: Request) -> Row:
    _check_names(request, PAGING | {"state"})
    truth, wanted = world_of(request).truth, request.query_params.get("state")
    told = [books.subscription_row(truth, each) for each in truth.of("recurly")]
    seeded = [subscription_row(each) for each in recurly_of(request).subscriptions.all()]
    rows = told if truth.is_alone else told + seeded
    chosen = (row for row in rows if wanted in (None, row["state"]))
    if request.method == "HEAD":
        return _keyed_page(request, chosen)
    page = _keyed_page(request, islice(chosen, truth.books.cap))
    truth.go_on(datetime.now(UTC))
    return page


@router.get("/plans")
@router.head("/plans")
async def plans(request: Request) -> Row:
    _check_names(request, PAGING | {"state"})
    truth = world_of(request).truth
    seeded = [] if truth.is_alone else [plan_row(each) for each in PLANS]
    return _keyed_page(request, [*books.plan_rows(truth), *seeded])


@router.get("/coupons/{id}")
async def coupon(request: Request, id: str) -> Row:
    found = books.find_coupon(world_of(request).truth, id)
    if found is None:
        raise _missing("Coupon", id)
    return found


@router.get("/{path:path}")
async def nothing(path: str) -> Row:
    raise _missing("Route", path)


def _within(recurly: Recurly, begin: str | None, end: str | None) -> Iterator[Row]:
    """Both instants included; of seeded invoices those whose attempts can be so late."""
    start = _instant(begin)
    kept = recurly.bills.kept()
    ids = {bill.id for bill in kept}
    seeded = (bill for bill in _since(recurly, start) if bill.id not in ids)
    stop = _instant(end)
    for bill in chain(kept, seeded):
        for attempt in bill.attempts:
            if (start is None or attempt.at >= start) and (stop is None or attempt.at <= stop):
                yield transaction_row(bill, attempt)


def _since(recurly: Recurly, start: datetime | None) -> Iterator[Bill]:
    for bill in recurly.bills.newest_first():
        if start and bill.created < start - LONGEST_ATTEMPTS:
            return
        yield bill


def _instant(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise refused(400, "bad_request", "The time is not valid ISO 8601.") from None


def _in_order(request: Request, rows: Iterable[Row]) -> list[tuple[datetime, str, Row]]:
    """Newest first unless it is asked for otherwise; within the times that are asked for, by the same field.
    What the seed does not date is as old as can be."""
    query = request.query_params
    sort, oldest_first = query.get("sort", "created_at"), query.get("order") == "asc"
    if sort not in ("created_at", "updated_at") or query.get("order", "desc") not in ("asc", "desc"):
        raise refused(400, "bad_request", "sort or order is not included in the list")
    start, stop = _instant(query.get("begin_time")), _instant(query.get("end_time"))
    dated = [(_instant(row.get(sort)) or OLDEST, str(row["id"]), row) for row in rows]
    inside = [each for each in dated if (not start or each[0] >= start) and (not stop or each[0] <= stop)]
    return sorted(inside, key=lambda each: each[:2], reverse=not oldest_first)


def _keyed_page(request: Request, rows: Iterable[Row]) -> Row:
    """It goes on after its last row, by the field that it is sorted by: what changes meanwhile moves to the
    end of the oldest first, and none is left out."""
    query, found = dict(request.query_params), _in_order(request, rows)
    at, _, id = query.pop("cursor", "").partition("~")
    if at:
        last = (_instant(at) or OLDEST, id)
        newer = query.get("order") == "asc"
        found = [each for each in found if (each[:2] > last if newer else each[:2] < last)]
    if request.method == "HEAD":
        raise Refusal(200, {}, {"Recurly-Total-Records": str(len(found))})
    size = _size(query)
    more, page = len(found) > size, found[:size]
    after = urlencode({"cursor": f"{page[-1][0].isoformat()}~{page[-1][1]}", **query}) if more else ""
    path = request.url.path.removeprefix("/recurly/v3")
    return {
        "object": "list",
        "has_more": more,
        "next": f"{path}?{after}" if more else None,
        "data": [row for _, _, row in page],
    }


def _size(query: dict[str, str]) -> int:
    size = query.get("limit", str(PAGE))
    if not size.isdecimal() or not 1 <= int(size) <= LARGEST_PAGE:
        raise refused(400, "bad_request", "limit must be between 1 and 200")
    return int(size)


def _page(request: Request, rows: Iterable[Row]) -> Row:
    query = dict(request.query_params)
    size, start = _size(query), query.pop("cursor", "0")
    if not start.isdecimal():
        raise refused(400, "bad_request", "the cursor is none")
    if request.method == "HEAD":
        raise Refusal(200, {}, {"Recurly-Total-Records": str(sum(1 for _ in rows))})
    found = list(islice(rows, int(start), int(start) + size + 1))
    more = len(found) > size
    path = request.url.path.removeprefix("/recurly/v3")
    after = urlencode({"cursor": int(start) + size, **query})
    return {
        "object": "list",
        "has_more": more,
        "next": f"{path}?{after}" if more else None,
        "data": found[:size],
    }


def _check_names(request: Request, known: set[str]) -> None:
    if unknown := request.query_params.keys() - known:
        raise refused(400, "bad_request", f"Unpermitted parameter: {min(unknown)}")


def _customer(recurly: Recurly, id: str) -> Customer | None:
    if id.startswith("code-"):
        return recurly.seed.find_external_id(id.removeprefix("code-"))
    number = id.removeprefix("acc")
    known = number.isdecimal() and 1 <= int(number) <= recurly.seed.count
    customer = recurly.seed.customer(int(number)) if known else None
    return customer if customer and account_id(customer) == id else None


def _missing(kind: str, id: str) -> Refusal:
    return refused(404, "not_found", f"Couldn't find {kind} with id = {id}")
