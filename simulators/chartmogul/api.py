"""ChartMogul's REST API v1, the part that is read by its clients, and notes."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, get_args
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from simulators.chartmogul import books, rows
from simulators.chartmogul.book import Book
from simulators.chartmogul.catalog import source_of
from simulators.chartmogul.history import Key
from simulators.chartmogul.ledger import now
from simulators.chartmogul.movements import MrrMovement
from simulators.chartmogul.notes import Note
from simulators.chartmogul.requests import (
    answer,
    as_json,
    cursor_text,
    decode,
    encode,
    known_customer,
    page_of,
    per_page,
    refused,
    signed_in,
    with_odd_values,
)
from simulators.chartmogul.state import ChartMogul, chartmogul_of
from simulators.kit.seed import Customer
from simulators.kit.shapes import MovementType
from simulators.world import world_of

MOVEMENT_TYPES = get_args(MovementType)
TRUTH = "truth="

router = APIRouter(prefix="/chartmogul/v1", dependencies=[Depends(signed_in)])


@router.get("/ping")
async def ping(request: Request) -> Response:
    return as_json({"data": "pong!"})


@router.get("/account")
async def account(request: Request) -> Response:
    wanted = [name for name in request.query_params.get("include", "").split(",") if name]
    if unknown := [name for name in wanted if name not in rows.ACCOUNT_EXTRAS]:
        raise refused(400, f'Parameter "include" has an unknown value {unknown[0]}', "include")
    return as_json(rows.ACCOUNT | {name: rows.ACCOUNT_EXTRAS[name] for name in wanted})


@router.get("/customers")
async def customers(request: Request) -> Response:
    chartmogul, query = chartmogul_of(request), request.query_params
    book = chartmogul.book
    chosen: Iterable[Customer] = _from_cursor(chartmogul, query.get("cursor"))
    if "external_id" in query:
        chosen = book.customers.of_external_id(query["external_id"])
    if "status" in query:
        wanted = query["status"].replace("_", " ")
        chosen = (c for c in chosen if book.status(c, known_by=book.shown) == wanted)
    for name in query.keys() & {"data_source_uuid", "system"}:
        chosen = _of_source(book, chosen, name.removeprefix("data_source_"), query[name])
    truth = world_of(request).truth
    if truth.all():
        return _with_truth(request, chosen)
    page, more = page_of(chosen, request)
    entries = [rows.customer_row(book, customer, chartmogul.url) for customer in page]
    cursor = encode(f"{page[-1].since.timestamp():.0f}&{page[-1].number}") if page else None
    return answer(request, entries, cursor, more)


@router.get("/customers/search")
async def search(request: Request) -> Response:
    chartmogul = chartmogul_of(request)
    found = chartmogul.book.with_email(request.query_params.get("email", ""))
    if not found:
        raise refused(404, "No customers found with this email address", "email")
    entries = [rows.customer_row(chartmogul.book, customer, chartmogul.url) for customer in found]
    return answer(request, entries, encode(str(found[-1].number)), more=False)


@router.get("/customers/{uuid}")
async def customer(request: Request, uuid: str) -> Response:
    chartmogul = chartmogul_of(request)
    told = books.customer_rows(world_of(request).truth, chartmogul.url)
    if of_truth := next((row for row in told if row["uuid"] == uuid), None):
        return as_json(of_truth)
    book = chartmogul.book
    survives = book.rules.merged_answers == "survivor"
    found = book.customers.find_survivor(uuid) if survives else None
    row = rows.customer_row(book, found or known_customer(chartmogul, uuid), chartmogul.url)
    return Response(with_odd_values(row, book.odd), media_type="application/json")


@router.get("/customers/{uuid}/subscriptions")
async def subscriptions(request: Request, uuid: str) -> Response:
    if (told := books.subscription_rows(world_of(request).truth, uuid)) is not None:
        return answer(request, told, None, more=False)
    chartmogul = chartmogul_of(request)
    customer, book = known_customer(chartmogul, uuid), chartmogul.book
    states = book.subscriptions(customer, known_by=book.shown)
    entries = [rows.subscription_row(book, customer, state, i) for i, state in enumerate(states)]
    # Alone among the lists, this cursor is a page number.
    number = int(decode(request, "subscriptions_next_page=") or 1)
    size = per_page(request)
    page = entries[(number - 1) * size : number * size]
    cursor = encode(f"subscriptions_next_page={number + 1}")
    return answer(request, page, cursor, more=len(entries) > number * size)


@router.get("/customers/{uuid}/activities")
async def customer_activities(request: Request, uuid: str) -> Response:
    told = [each.row for each in books.movements(world_of(request).truth)]
    if of_whom := [row for row in reversed(told) if row["customer-uuid"] == uuid]:
        return answer(request, of_whom, None, more=False)
    chartmogul = chartmogul_of(request)
    entries = rows.customer_activity_rows(chartmogul.book, known_customer(chartmogul, uuid))
    if last := decode(request, "activity="):
        entries = [entry for entry in entries if entry["id"] < int(last)]
    page, more = page_of(entries, request)
    cursor = encode(f"activity={page[-1]['id']}") if page else None
    return answer(request, page, cursor, more)


@router.get("/customer_notes")
async def notes(request: Request) -> Response:
    chartmogul, query = chartmogul_of(request), request.query_params
    customer = chartmogul.book.customers.find(query.get("customer_uuid", ""))
    found = chartmogul.book.notes.of(customer) if customer else []
    entries = [rows.note_row(customer, note) for note in found] if customer else []
    if "type" in query:
        entries = [entry for entry in entries if entry["type"] == query["type"]]
    if last := decode(request, "note="):
        uuids = [entry["uuid"] for entry in entries]
        entries = entries[uuids.index(last) + 1 :] if last in uuids else []
    page, more = page_of(entries, request)
    cursor = encode(f"note={page[-1]['uuid']}") if page else None
    return answer(request, page, cursor, more)


@router.post("/customer_notes")
async def add_note(request: Request) -> Response:
    chartmogul, body = chartmogul_of(request), await request.json()
    customer = known_customer(chartmogul, str(body.get("customer_uuid", "")))
    if body.get("type") not in ("note", "call"):
        raise refused(400, 'Parameter "type" is missing or invalid', "type")
    author = str(body.get("author_email", "ana@mogulflow.example"))
    note = Note(f"note_{uuid4()}", body["type"], str(body.get("text", "")), author, now())
    chartmogul.book.notes.add(customer, note)
    return as_json(rows.note_row(customer, note), 201)


@router.get("/activities")
async def activities(request: Request) -> Response:
    book, query = chartmogul_of(request).book, request.query_params
    kind, order = query.get("type"), query.get("order", "date")
    if kind is not None and kind not in MOVEMENT_TYPES:
        raise refused(400, 'Parameter "type" is invalid', "type")
    if order not in ("date", "-date"):
        raise refused(400, 'Parameter "order" is invalid', "order")
    start, end = _window(request, newest_first=order == "-date")
    chosen = book.between(start, end, newest_first=order == "-date")
    truth = world_of(request).truth
    if truth.all():
        return _moved_with_truth(request, iter(()) if truth.is_alone else chosen, start, end, kind)
    found = list(islice((m for m in chosen if kind in (None, m.type)), per_page(request) + 1))
    page, more = page_of(found, request)
    # Recorded once: the cursor named the row after the page, and the next page began after that.
    named = found if book.rules.cursor_skips else page
    return answer(request, rows.activity_rows(book, page), _activity_cursor(named), more)


def _with_truth(request: Request, seeded: Iterable[Customer]) -> Response:
    """The seed's, and after them those of the book of truth; filters of its own it has none but these."""
    chartmogul, truth = chartmogul_of(request), world_of(request).truth
    told, query = books.customer_rows(truth, chartmogul.url), request.query_params
    if "external_id" in query:
        told = [row for row in told if query["external_id"] in row["external_ids"]]
    if "status" in query:
        told = [row for row in told if row["status"] == query["status"].replace("_", " ")]
    if "data_source_uuid" in query:
        told = [row for row in told if query["data_source_uuid"] in row["data_source_uuids"]]
    start = int(cursor_text(query.get("cursor") or "").removeprefix(TRUTH) or 0) if _in_truth(request) else 0
    numbered = [(number, row) for number, row in enumerate(told, 1) if number > start]
    before = () if truth.is_alone or _in_truth(request) else seeded
    both: Iterable[Customer | tuple[int, dict[str, Any]]] = chain(before, numbered)
    page, more = page_of(both, request)
    entries, cursor = list[dict[str, Any]](), None
    for each in page:
        if isinstance(each, tuple):
            entries.append(each[1])
            cursor = encode(f"{TRUTH}{each[0]}")
        else:
            entries.append(rows.customer_row(chartmogul.book, each, chartmogul.url))
            cursor = encode(f"{each.since.timestamp():.0f}&{each.number}")
    return answer(request, entries, cursor, more)


def _in_truth(request: Request) -> bool:
    return cursor_text(request.query_params.get("cursor") or "").startswith(TRUTH)


def _moved_with_truth(
    request: Request, seeded: Iterator[MrrMovement], start: Key, end: Key, kind: str | None
) -> Response:
    book, newest_first = chartmogul_of(request).book, request.query_params.get("order") == "-date"
    told = [each for each in books.movements(world_of(request).truth) if start < each.key < end]
    both: Iterable[MrrMovement | books.Moved] = heapq.merge(
        seeded, told[::-1] if newest_first else told, key=lambda each: each.key, reverse=newest_first
    )
    page, more = page_of((each for each in both if kind in (None, _kind(each))), request)
    entries = [
        each.row if isinstance(each, books.Moved) else rows.activity_rows(book, [each])[0] for each in page
    ]
    return answer(request, entries, encode("movement={}&{}".format(*page[-1].key)) if page else None, more)


def _kind(each: "MrrMovement | books.Moved") -> str:
    return str(each.row["type"]) if isinstance(each, books.Moved) else each.type


def _from_cursor(chartmogul: ChartMogul, cursor: str | None) -> Iterable[Customer]:
    """Customers by the day they became one, after the row that the cursor names."""
    customers = chartmogul.book.customers
    if not cursor or cursor_text(cursor).startswith(TRUTH):
        return customers.by_first_day()
    try:
        since, number = cursor_text(cursor).split("&")
        return customers.by_first_day(customers.position_after(float(since), int(number)))
    except ValueError:
        raise refused(400, 'Parameter "cursor" is invalid', "cursor") from None


def _of_source(book: Book, customers: Iterable[Customer], field: str, value: str) -> Iterator[Customer]:
    """Those with a part from that data source, or from one of that system."""
    for customer in customers:
        if any(getattr(source_of(part), field) == value for part in book.customers.parts(customer)):
            yield customer


def _window(request: Request, *, newest_first: bool) -> tuple[Key, Key]:
    """Both dates count as inside. A date without an offset is taken for UTC."""
    first, last = _date(request, "start-date"), _date(request, "end-date")
    if last and not first:
        raise refused(400, 'Parameter "start-date" is missing', "start-date")
    start: Key = (first.timestamp() if first else float("-inf"), -1)
    end: Key = (last.timestamp() if last else float("inf"), 1 << 62)
    if cursor := decode(request, "movement="):
        instant, id = cursor.split("&")
        after = (float(instant), int(id))
        return (start, after) if newest_first else (after, end)
    return start, end


def _date(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise refused(400, f'Parameter "{name}" is invalid', name) from None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _activity_cursor(named: list[MrrMovement]) -> str | None:
    return encode("movement={}&{}".format(*named[-1].key)) if named else None
