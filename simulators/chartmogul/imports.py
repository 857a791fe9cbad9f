"""ChartMogul's calls for subscription events: list, import, change, disable, delete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from simulators.chartmogul.book import Book
from simulators.chartmogul.catalog import SOURCES
from simulators.chartmogul.editing import DUPLICATE
from simulators.chartmogul.ledger import now
from simulators.chartmogul.requests import (
    answer,
    as_json,
    decode,
    encode,
    invalid,
    object_of,
    page_of,
    refused,
    signed_in,
)
from simulators.chartmogul.rows import zulu_time
from simulators.chartmogul.state import chartmogul_of
from simulators.chartmogul.subscription_events import FILTERS, OPTIONAL, REQUIRED, TYPES, Event
from simulators.kit.refusal import Refusal

AUTHOR = "ana@mogulflow.example"
HIDDEN = ("disabled", "disabled_at", "disabled_by", "user_created")

router = APIRouter(prefix="/chartmogul/v1/subscription_events", dependencies=[Depends(signed_in)])


@router.get("")
async def events(request: Request) -> Response:
    book, query = chartmogul_of(request).book, request.query_params
    with_disabled = query.get("with_disabled") == "true"
    found = book.events.all(**{name: query[name] for name in FILTERS if name in query})
    if "customer_uuid" in query:
        customer = book.customers.find(query["customer_uuid"])
        ids = [part.external_id for part in book.customers.parts(customer)] if customer else []
        found = [each for each in found if each["customer_external_id"] in ids]
    shown = [_row(each, with_disabled) for each in found if with_disabled or not each["disabled"]]
    if last := decode(request, "event="):
        shown = [each for each in shown if each["id"] < int(last)]
    page, more = page_of(shown, request)
    return answer(
        request, page, encode(f"event={page[-1]['id']}") if page else None, more, "subscription_events"
    )


@router.post("")
async def create(request: Request) -> Response:
    book, given = chartmogul_of(request).book, await _event_in(request)
    _check(book, given)
    made = book.events.add(given, _errors(book, given), zulu_time(now()).replace(".000", ""))
    return as_json(_row(made, with_disabled=False), 201)


@router.patch("")
async def change(request: Request) -> Response:
    book, given = chartmogul_of(request).book, await _event_in(request)
    event = _named(book, given)
    values = {name: value for name, value in given.items() if name != "id"}
    _check_fields(event | values)
    changed = book.events.change(event, **values, errors=_errors(book, event | values))
    return as_json(_row(changed, with_disabled=False))


@router.delete("")
async def delete(request: Request) -> Response:
    """Named in the query, or in a body."""
    book = chartmogul_of(request).book
    names = ("id", "data_source_uuid", "external_id")
    query = {name: request.query_params.get(f"subscription_event[{name}]") for name in names}
    given: Mapping[str, Any] = query if any(query.values()) else await _event_in(request)
    book.events.remove(_named(book, given))
    return Response(status_code=204)


@router.patch("/disabled_state")
async def disable_named(request: Request) -> Response:
    book, body = chartmogul_of(request).book, await object_of(request)
    return _disabled(book, _named(book, body.get("subscription_event") or {}), body)


@router.patch("/{id}/disabled_state")
async def disable(request: Request, id: str) -> Response:
    book, body = chartmogul_of(request).book, await object_of(request)
    return _disabled(book, _named(book, {"id": id}), body)


def _disabled(book: Book, event: Event, body: Mapping[str, Any]) -> Response:
    disabled = body.get("disabled")
    if not isinstance(disabled, bool):
        raise refused(400, 'Parameter "disabled" is missing', "disabled")
    at, by = (zulu_time(now()), AUTHOR) if disabled else (None, None)
    changed = book.events.change(event, disabled=disabled, disabled_at=at, disabled_by=by)
    return as_json(_row(changed, with_disabled=True))


async def _event_in(request: Request) -> dict[str, Any]:
    given = (await object_of(request)).get("subscription_event")
    if not isinstance(given, dict):
        raise refused(400, 'Parameter "subscription_event" is missing', "subscription_event")
    return given


def _check(book: Book, given: Mapping[str, Any]) -> None:
    _check_fields(given)
    source = given["data_source_uuid"]
    if source not in {each.uuid for each in SOURCES}:
        raise Refusal(404, {"error": "Data source not found"})
    if book.events.named(source, str(given.get("external_id") or "")):
        raise invalid("external_id", DUPLICATE.format("subscription event"))


def _check_fields(given: Mapping[str, Any]) -> None:
    needed = [*REQUIRED, *TYPES.get(str(given.get("event_type")), ())]
    if missing := [name for name in needed if given.get(name) in (None, "")]:
        raise invalid(missing[0], "can't be blank")
    if given["event_type"] not in TYPES:
        raise invalid("event_type", "is not included in the list")
    for name in ("event_date", "effective_date"):
        try:
            datetime.fromisoformat(given[name])
        except (TypeError, ValueError):
            raise invalid(name, "is invalid") from None
    own = {"id", "errors", "created_at", "updated_at", *HIDDEN}
    if unknown := given.keys() - {*REQUIRED, *OPTIONAL} - own:
        raise refused(400, f'Parameter "{min(unknown)}" is unknown', min(unknown))


def _errors(book: Book, given: Mapping[str, Any]) -> dict[str, list[str]]:
    """Of one that is taken, and does not count. UNVERIFIED: which these are, and the words."""
    source = given["data_source_uuid"]
    plans = {row["external_id"] for row in book.catalog.plans() if row["data_source_uuid"] == source}
    errors = {}
    if book.customers.part(source, str(given["customer_external_id"])) is None:
        errors["customer_external_id"] = ["no customer has it"]
    if given.get("plan_external_id") and given["plan_external_id"] not in plans:
        errors["plan_external_id"] = ["no plan has it"]
    return errors


def _named(book: Book, given: Mapping[str, Any]) -> Event:
    id, source, external_id = (given.get(name) for name in ("id", "data_source_uuid", "external_id"))
    if id is not None:
        found = book.events.find(int(id)) if str(id).isdecimal() else None
    else:
        found = book.events.named(str(source), str(external_id or ""))
    if found is None:
        raise Refusal(404, {"error": "Subscription event not found"})
    return found


def _row(event: Event, with_disabled: bool) -> Event:
    return {name: value for name, value in event.items() if with_disabled or name not in HIDDEN}
