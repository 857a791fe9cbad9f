"""Chargebee's API, version 2: what we read of it. Objects are wrapped by their kind."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from fastapi import APIRouter, Depends, Request

from simulators.billing.books import Bill
from simulators.chargebee import books
from simulators.chargebee.rows import customer_row, invoice_row, subscription_row, transaction_row
from simulators.chargebee.state import Chargebee, chargebee_of
from simulators.kit.refusal import Refusal
from simulators.kit.sign_in import key_in
from simulators.world import world_of

Row = dict[str, Any]

KEY = "test_cb_demo"
ALL = {
    "invoices", "events", "transactions", "customers", "subscriptions", "credit_notes", "item_prices",
    "items", "coupons",
}  # fmt: skip
KEYS = {
    KEY: ALL,
    "test_cb_invoices_only": {"invoices", "events"},
    "test_cb_publishable": set[str](),
}
LARGEST_PAGE, PAGE = 100, 10
FILTERS = {
    "invoices": {"customer_id", "status", "date", "updated_at", "id"},
    "events": {"event_type", "occurred_at", "id", "source", "webhook_status"},
    "transactions": {"customer_id", "status", "type", "date", "id"},
    "customers": {"email", "id", "created_at"},
    "subscriptions": {"customer_id", "id", "status", "updated_at", "created_at"},
    "credit_notes": {"customer_id", "status", "date", "updated_at", "id"},
}
SORTED_BY = {
    "events": {"occurred_at"},
    "subscriptions": {"created_at", "updated_at"},
    "invoices": {"date", "updated_at"},
    "credit_notes": {"date"},
    "transactions": {"date", "updated_at"},
    "customers": {"created_at", "updated_at"},
}


def refused(status: int, code: str, message: str, param: str | None = None) -> Refusal:
    body = {"message": message, "type": "invalid_request", "api_error_code": code}
    old = {"error_code": code, "error_msg": message, "http_status_code": status}
    return Refusal(status, body | old | ({"param": param} if param else {}))


async def signed_in(request: Request) -> None:
    key = key_in(request.headers.get("authorization", ""))
    if key not in KEYS:
        raise refused(401, "api_authentication_failed", "Sorry, authentication failed. Invalid api key")
    kind = request.url.path.removeprefix("/chargebee/api/v2/").partition("/")[0]
    if kind in ALL and kind not in KEYS[key]:
        raise refused(403, "api_authorization_failed", "Sorry, you are not authorized to perform this action")


router = APIRouter(prefix="/chargebee/api/v2", dependencies=[Depends(signed_in)])


@router.get("/invoices/{id}")
async def invoice(request: Request, id: str) -> Row:
    bill = chargebee_of(request).bills.find(id)
    if bill is None:
        raise _missing(id)
    return {"invoice": invoice_row(bill)}


@router.get("/customers/{id}")
async def customer(request: Request, id: str) -> Row:
    found = chargebee_of(request).seed.find_external_id(id)
    if found is None:
        raise _missing(id)
    return {"customer": customer_row(found)}


@router.get("/transactions/{id}")
async def transaction(request: Request, id: str) -> Row:
    bill = _bill_of(chargebee_of(request), id)
    attempt = next((each for each in bill.attempts if each.id == id), None) if bill else None
    if bill is None or attempt is None:
        raise _missing(id)
    return {"transaction": transaction_row(bill, attempt)}


@router.get("/subscriptions/{id}")
async def subscription(request: Request, id: str) -> Row:
    found = chargebee_of(request).subscriptions.find(id)
    if found is None:
        raise _missing(id)
    return {"subscription": subscription_row(found), "customer": customer_row(found.customer)}


@router.get("/subscriptions")
async def subscriptions(request: Request) -> Row:
    """Each with its customer."""
    truth = world_of(request).truth
    seeded = (
        (subscription_row(each), customer_row(each.customer))
        for each in chargebee_of(request).subscriptions.all()
    )
    told = ((books.subscription_row(truth, each), books.customer_row(each)) for each in truth.of("chargebee"))
    found = told if truth.is_alone else chain(told, seeded)
    buyers: dict[str, Row] = {}

    def rows() -> Iterator[Row]:
        for row, buyer in found:
            buyers[row["id"]] = buyer
            yield row

    page = _page(request, "subscription", rows(), truth.books.cap)
    for each in page["list"]:
        each["customer"] = buyers[each["subscription"]["id"]]
    truth.go_on(datetime.now(UTC))
    return page


@router.get("/subscriptions/{id}/retrieve_with_scheduled_changes")
async def scheduled_changes(request: Request, id: str) -> Row:
    truth = world_of(request).truth
    said = truth.find("chargebee", id)
    if said is None or said.pending_unit is None:
        raise refused(400, "invalid_state_for_request", f"{id} has no scheduled changes")
    return {"subscription": books.with_changes(truth, said), "customer": books.customer_row(said)}


@router.get("/item_prices/{id}")
async def item_price(id: str) -> Row:
    return {"item_price": books.price_row(id)}


@router.get("/items/{id}")
async def item(id: str) -> Row:
    return {"item": books.item_row(id)}


@router.get("/coupons/{id}")
async def coupon(request: Request, id: str) -> Row:
    found = books.coupon_row(world_of(request).truth, id)
    if found is None:
        raise _missing(id)
    return {"coupon": found}


@router.get("/credit_notes")
async def credit_notes(request: Request) -> Row:
    return _page(request, "credit_note", books.credit_note_rows(world_of(request).truth))


@router.get("/events/{id}")
async def event(request: Request, id: str) -> Row:
    found = next((each for each in chargebee_of(request).events if each["id"] == id), None)
    if found is None:
        raise _missing(id)
    return {"event": found}


@router.get("/invoices")
async def invoices(request: Request) -> Row:
    truth = world_of(request).truth
    seeded = (invoice_row(bill) for bill in chargebee_of(request).bills.newest_first())
    told = (books.invoice_row(each) for each in books.invoices(truth))
    return _page(request, "invoice", told if truth.is_alone else chain(told, seeded))


@router.get("/transactions")
async def transactions(request: Request) -> Row:
    bills = chargebee_of(request).bills.newest_first()
    seeded = (transaction_row(bill, each) for bill in bills for each in reversed(bill.attempts))
    truth = world_of(request).truth
    told = books.transaction_rows(truth)
    return _page(request, "transaction", told if truth.is_alone else chain(told, seeded))


@router.get("/customers")
async def customers(request: Request) -> Row:
    seed = chargebee_of(request).seed
    return _page(request, "customer", (customer_row(seed.customer(number)) for number in seed.numbers()))


@router.get("/events")
async def events(request: Request) -> Row:
    """Newest first, unless it is sorted."""
    rows = [*chargebee_of(request).events, *books.event_rows(world_of(request).truth)]
    found = sorted(rows, key=lambda row: (row["occurred_at"], row["id"]), reverse=True)
    return _page(request, "event", found)


@router.get("/{path:path}")
async def nothing(path: str) -> Row:
    raise refused(404, "resource_not_found", "Sorry, we could not find what you are looking for")


def _page(request: Request, kind: str, rows: Iterable[Row], cap: int | None = None) -> Row:
    query = request.query_params
    _check_names(request, FILTERS[f"{kind}s"])
    size = query.get("limit", str(PAGE))
    if not size.isdecimal() or not 1 <= int(size) <= LARGEST_PAGE:
        raise refused(400, "param_wrong_value", "limit : should be between 1 and 100", "limit")
    start = _start(query.get("offset"))
    chosen = islice(_sorted(request, kind, (row for row in rows if _is_meant(request, row))), cap)
    found = list(islice(chosen, start, start + int(size) + 1))
    answer: Row = {"list": [{kind: row} for row in found[: int(size)]]}
    if len(found) > int(size):
        answer["next_offset"] = json.dumps(["0", str(start + int(size))])
    return answer


def _sorted(request: Request, kind: str, rows: Iterable[Row]) -> Iterable[Row]:
    """As they come, unless it is asked for. What has not the field comes first."""
    for order in ("asc", "desc"):
        if field := request.query_params.get(f"sort_by[{order}]"):
            if field not in SORTED_BY[f"{kind}s"]:
                raise refused(400, "param_wrong_value", "sort_by : invalid value", f"sort_by[{order}]")
            by = sorted(rows, key=lambda row: (row.get(field) or 0, row["id"]))
            return by[::-1] if order == "desc" else by
    return rows


def _start(offset: str | None) -> int:
    if offset is None:
        return 0
    try:
        return int(json.loads(offset)[1])
    except (ValueError, TypeError, LookupError):
        raise refused(400, "param_wrong_value", "offset : invalid value", "offset") from None


def _is_meant(request: Request, row: Row) -> bool:
    for name, wanted in request.query_params.items():
        field, operator = _parts(name)
        value = row.get(field)
        if operator == "is" and str(value) != wanted:
            return False
        if operator == "in" and value not in json.loads(wanted):
            return False
        if operator == "after" and not (isinstance(value, int) and value > int(wanted)):
            return False
        if operator == "before" and not (isinstance(value, int) and value < int(wanted)):
            return False
    return True


def _check_names(request: Request, known: set[str]) -> None:
    for name in request.query_params:
        field, operator = _parts(name)
        paging = name in ("limit", "offset", "include_deleted") or (
            field == "sort_by" and operator in ("asc", "desc")
        )
        if not paging and (field not in known or operator not in ("is", "in", "after", "before")):
            raise refused(400, "invalid_request", f"{name} : unknown parameter", name)


def _parts(name: str) -> tuple[str, str]:
    """`occurred_at` and `after` of `occurred_at[after]`."""
    match = re.fullmatch(r"(\w+)\[(\w+)\]", name)
    return (match[1], match[2]) if match else (name, "")


def _bill_of(chargebee: Chargebee, transaction: str) -> Bill | None:
    return chargebee.bills.find(f"in_{transaction.removeprefix('ch_').rpartition('_')[0]}")


def _missing(id: str) -> Refusal:
    return refused(404, "resource_not_found", f"{id} not found")
