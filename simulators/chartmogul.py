"""ChartMogul's REST API v1, the part that is read by its clients, and notes."""

import base64
import binascii
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar, get_args
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from simulators import chartmogul_rows as rows
from simulators.chartmogul_book import now
from simulators.chartmogul_movements import Key, MrrMovement
from simulators.chartmogul_notes import Note
from simulators.refusal import Refusal
from simulators.seed import Customer
from simulators.shapes import CHARTMOGUL_KEY, MovementType
from simulators.world import World, world_of

MOVEMENT_TYPES = get_args(MovementType)
PAGE = 200
T = TypeVar("T")


def refused(status: int, message: str, param: str | None = None) -> Refusal:
    return Refusal(status, {"code": status, "message": message, "param": param})


async def signed_in(request: Request) -> None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        name = base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        name = ""
    right = secrets.compare_digest(name.encode(), CHARTMOGUL_KEY.encode())
    if scheme.lower() != "basic" or not right:
        raise refused(401, "No valid API key provided")
    if "page" in request.query_params:
        raise refused(400, 'Parameter "page" is deprecated', "page")


router = APIRouter(prefix="/chartmogul/v1", dependencies=[Depends(signed_in)])


@router.get("/ping")
async def ping(request: Request) -> Response:
    return JSONResponse({"data": "pong!"})


@router.get("/account")
async def account(request: Request) -> Response:
    wanted = [name for name in request.query_params.get("include", "").split(",") if name]
    if unknown := [name for name in wanted if name not in rows.ACCOUNT_EXTRAS]:
        raise refused(400, f'Parameter "include" has an unknown value {unknown[0]}', "include")
    return JSONResponse(rows.ACCOUNT | {name: rows.ACCOUNT_EXTRAS[name] for name in wanted})


@router.get("/customers")
async def customers(request: Request) -> Response:
    world, query = world_of(request), request.query_params
    book = world.chartmogul
    chosen: Iterable[Customer] = _from_cursor(world, query.get("cursor"))
    if "external_id" in query:
        one = book.customers.find_external_id(query["external_id"])
        chosen = [one] if one else []
    if "status" in query:
        wanted = query["status"].replace("_", " ")
        chosen = (c for c in chosen if book.status(c, known_by=book.shown) == wanted)
    if query.get("data_source_uuid", rows.DATA_SOURCE) != rows.DATA_SOURCE:
        chosen = []
    page, more = _page(chosen, request)
    entries = [rows.customer_row(book, customer, world.url) for customer in page]
    cursor = _encode(f"{page[-1].since.timestamp():.0f}&{page[-1].number}") if page else None
    return _answer(request, entries, cursor, more)


@router.get("/customers/search")
async def search(request: Request) -> Response:
    world = world_of(request)
    customer = world.chartmogul.customers.find_email(request.query_params.get("email", ""))
    if customer is None:
        raise refused(404, "No customers found with this email address", "email")
    entries = [rows.customer_row(world.chartmogul, customer, world.url)]
    return _answer(request, entries, _encode(str(customer.number)), more=False)


@router.get("/customers/{uuid}")
async def customer(request: Request, uuid: str) -> Response:
    world = world_of(request)
    return JSONResponse(rows.customer_row(world.chartmogul, _known(world, uuid), world.url))


@router.get("/customers/{uuid}/subscriptions")
async def subscriptions(request: Request, uuid: str) -> Response:
    world = world_of(request)
    customer, book = _known(world, uuid), world.chartmogul
    states = book.subscriptions(customer, known_by=book.shown)
    entries = [rows.subscription_row(customer, state, i) for i, state in enumerate(states)]
    # Alone among the lists, this cursor is a page number.
    number = int(_decode(request, "subscriptions_next_page=") or 1)
    size = _per_page(request)
    page = entries[(number - 1) * size : number * size]
    cursor = _encode(f"subscriptions_next_page={number + 1}")
    return _answer(request, page, cursor, more=len(entries) > number * size)


@router.get("/customers/{uuid}/activities")
async def customer_activities(request: Request, uuid: str) -> Response:
    world = world_of(request)
    entries = rows.customer_activity_rows(world.chartmogul, _known(world, uuid))
    if last := _decode(request, "activity="):
        entries = [entry for entry in entries if entry["id"] < int(last)]
    page, more = _page(entries, request)
    cursor = _encode(f"activity={page[-1]['id']}") if page else None
    return _answer(request, page, cursor, more)


@router.get("/customer_notes")
async def notes(request: Request) -> Response:
    world, query = world_of(request), request.query_params
    customer = world.chartmogul.customers.find(query.get("customer_uuid", ""))
    found = world.chartmogul.notes.of(customer) if customer else []
    entries = [rows.note_row(customer, note) for note in found] if customer else []
    if "type" in query:
        entries = [entry for entry in entries if entry["type"] == query["type"]]
    if last := _decode(request, "note="):
        uuids = [entry["uuid"] for entry in entries]
        entries = entries[uuids.index(last) + 1 :] if last in uuids else []
    page, more = _page(entries, request)
    cursor = _encode(f"note={page[-1]['uuid']}") if page else None
    return _answer(request, page, cursor, more)


@router.post("/customer_notes")
async def add_note(request: Request) -> Response:
    world, body = world_of(request), await request.json()
    customer = _known(world, str(body.get("customer_uuid", "")))
    if body.get("type") not in ("note", "call"):
        raise refused(400, 'Parameter "type" is missing or invalid', "type")
    author = str(body.get("author_email", "ana@mogulflow.example"))
    note = Note(f"note_{uuid4()}", body["type"], str(body.get("text", "")), author, now())
    world.chartmogul.notes.add(customer, note)
    return JSONResponse(rows.note_row(customer, note), 201)


@router.get("/activities")
async def activities(request: Request) -> Response:
    book, query = world_of(request).chartmogul, request.query_params
    kind, order = query.get("type"), query.get("order", "date")
    if kind is not None and kind not in MOVEMENT_TYPES:
        raise refused(400, 'Parameter "type" is invalid', "type")
    if order not in ("date", "-date"):
        raise refused(400, 'Parameter "order" is invalid', "order")
    start, end = _window(request, newest_first=order == "-date")
    chosen = book.between(start, end, newest_first=order == "-date")
    found = list(islice((m for m in chosen if kind in (None, m.type)), _per_page(request) + 1))
    page, more = _page(found, request)
    # Recorded once: the cursor named the row after the page, and the next page began after that.
    named = found if book.rules.cursor_skips else page
    return _answer(request, rows.activity_rows(book, page), _activity_cursor(named), more)


@router.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def unknown(request: Request, rest: str) -> Response:
    raise refused(404, "The requested resource does not exist")


def _known(world: World, uuid: str) -> Customer:
    customer = world.chartmogul.customers.find(uuid)
    if customer is None:
        raise refused(404, "Customer not found", "customer_uuid")
    return customer


def _from_cursor(world: World, cursor: str | None) -> Iterable[Customer]:
    """Customers by the day they became one, after the row that the cursor names."""
    customers = world.chartmogul.customers
    if not cursor:
        return customers.by_first_day()
    try:
        since, number = _text(cursor).split("&")
        return customers.by_first_day(customers.position_after(float(since), int(number)))
    except ValueError:
        raise refused(400, 'Parameter "cursor" is invalid', "cursor") from None


def _window(request: Request, *, newest_first: bool) -> tuple[Key, Key]:
    """Both dates count as inside. A date without an offset is taken for UTC."""
    first, last = _date(request, "start-date"), _date(request, "end-date")
    if last and not first:
        raise refused(400, 'Parameter "start-date" is missing', "start-date")
    start: Key = (first.timestamp() if first else float("-inf"), -1)
    end: Key = (last.timestamp() if last else float("inf"), 1 << 62)
    if cursor := _decode(request, "movement="):
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
    return _encode("movement={}&{}".format(*named[-1].key)) if named else None


def _page(found: Iterable[T], request: Request) -> tuple[list[T], bool]:
    size = _per_page(request)
    page = list(islice(found, size + 1))
    return page[:size], len(page) > size


def _per_page(request: Request) -> int:
    text = request.query_params.get("per_page", str(PAGE))
    if not text.isdecimal() or int(text) < 1:
        raise refused(400, 'Parameter "per_page" is invalid', "per_page")
    return min(int(text), PAGE)


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decode(request: Request, prefix: str) -> str | None:
    """What the cursor says after its prefix; cursors of another list are refused."""
    cursor = request.query_params.get("cursor")
    if not cursor:
        return None
    text = _text(cursor)
    if not text.startswith(prefix):
        raise refused(400, 'Parameter "cursor" is invalid', "cursor")
    return text.removeprefix(prefix)


def _text(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _answer(request: Request, entries: list[Any], cursor: str | None, more: bool) -> Response:
    body: dict[str, Any] = {"entries": entries, "has_more": more, "cursor": cursor}
    if "cursor" not in request.query_params:
        body["per_page"] = _per_page(request)
    return JSONResponse(body)
