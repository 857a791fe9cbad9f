"""ChartMogul's writes of customers: making, changing, deleting, merging and unmerging them."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from simulators.chartmogul.attributes import check_list
from simulators.chartmogul.catalog import SOURCES, Source
from simulators.chartmogul.ledger import now
from simulators.chartmogul.profiles import IDENTITY, taken
from simulators.chartmogul.requests import as_json, invalid, known_customer, object_of, refused, signed_in
from simulators.chartmogul.rows import customer_row, zulu_time
from simulators.chartmogul.state import ChartMogul, chartmogul_of
from simulators.kit.refusal import Refusal
from simulators.kit.seed import Customer

DUPLICATE = "The external ID for this {} already exists in our system."
MOVED = ("tasks", "opportunities", "notes")
EMPTY = dict.fromkeys(("name", "email", "company", "country", "state", "city", "zip", "owner", "website_url"))

router = APIRouter(prefix="/chartmogul/v1", dependencies=[Depends(signed_in)])


@router.post("/customers")
async def create(request: Request) -> Response:
    chartmogul, body = chartmogul_of(request), await object_of(request)
    source, external_id = _identity(body)
    if chartmogul.book.customers.part(source.uuid, external_id):
        raise invalid("external_id", DUPLICATE.format("customer"))
    fields = taken(body, None, chartmogul.members, IDENTITY)
    attributes = body.get("attributes") or {}
    customs = check_list(chartmogul.book, attributes.get("custom") or [])
    made = chartmogul.book.customers.newcomers.add(source, external_id, now())
    since = {"lead_created_at": zulu_time(made.since), "free_trial_started_at": None, "status": "New Lead"}
    chartmogul.book.profiles[made.number] = EMPTY | since | fields
    chartmogul.book.custom[made.number] = customs
    chartmogul.book.tagged[made.number] = dict.fromkeys(map(str, attributes.get("tags") or []), True)
    return as_json(customer_row(chartmogul.book, made, chartmogul.url), 201)


@router.patch("/customers/{uuid}")
async def change(request: Request, uuid: str) -> Response:
    """`attributes.custom` is a map here. UNVERIFIED: whether `attributes.tags` replace those that are there;
    here they do."""
    chartmogul, body = chartmogul_of(request), await object_of(request)
    customer, book = known_customer(chartmogul, uuid), chartmogul.book
    row = customer_row(book, customer, chartmogul.url)
    fields, attributes = taken(body, row["country"], chartmogul.members), body.get("attributes") or {}
    if "tags" in attributes:
        kept = dict.fromkeys(book.tags(customer), False) | dict.fromkeys(map(str, attributes["tags"]), True)
        book.tagged.setdefault(customer.number, {}).update(kept)
    book.custom.setdefault(customer.number, {}).update(attributes.get("custom") or {})
    book.profiles.setdefault(customer.number, {}).update(fields)
    return as_json(customer_row(book, customer, chartmogul.url))


@router.delete("/customers/{uuid}")
async def delete(request: Request, uuid: str) -> Response:
    chartmogul = chartmogul_of(request)
    chartmogul.book.customers.delete(known_customer(chartmogul, uuid))
    return Response(status_code=204)


@router.post("/customers/merges")
async def merge(request: Request) -> Response:
    chartmogul, body = chartmogul_of(request), await object_of(request)
    gone, into = (_side(chartmogul, body, name) for name in ("from", "into"))
    if gone == into:
        raise invalid("into", "can't be the same customer")
    chartmogul.later.add(lambda: _merge(chartmogul, gone.uuid, into.uuid))
    return as_json({}, 202)


@router.post("/customers/unmerges")
async def unmerge(request: Request) -> Response:
    """UNVERIFIED: what comes of attributes and tags. Here each has those that it had."""
    chartmogul, body = chartmogul_of(request), await object_of(request)
    into = known_customer(chartmogul, _text(body, "customer_uuid"))
    part = chartmogul.book.customers.part(_text(body, "data_source_uuid"), _text(body, "external_id"))
    parts = [each.number for each in chartmogul.book.customers.parts(into)]
    if part is None or part.number not in parts or len(parts) == 1:
        raise refused(404, "Customer not found", "external_id")
    if part == into:
        raise invalid("external_id", "can't be unmerged from itself")
    if unknown := set(body.get("move_to_new_customer") or []) - set(MOVED):
        raise refused(400, f'Parameter "move_to_new_customer" has an unknown value {min(unknown)}',
                      "move_to_new_customer")  # fmt: skip
    chartmogul.later.add(lambda: chartmogul.book.unmerge(part))
    return as_json({}, 202)


def _merge(chartmogul: ChartMogul, gone: str, into: str) -> None:
    """Where both are still there when its turn comes."""
    customers = chartmogul.book.customers
    one, other = customers.find(gone), customers.find(into)
    if one and other:
        chartmogul.book.merge(one, other)


def _identity(body: Mapping[str, Any]) -> tuple[Source, str]:
    source, external_id = _text(body, "data_source_uuid"), _text(body, "external_id")
    found = next((each for each in SOURCES if each.uuid == source), None)
    if found is None:
        raise Refusal(404, {"error": "Data source not found"})
    return found, external_id


def _side(chartmogul: ChartMogul, body: Mapping[str, Any], name: str) -> Customer:
    side = body.get(name)
    if not isinstance(side, dict):
        raise refused(400, f'Parameter "{name}" is missing', name)
    if "customer_uuid" in side:
        return known_customer(chartmogul, str(side["customer_uuid"]))
    customers = chartmogul.book.customers
    found = customers.part(_text(side, "data_source_uuid"), _text(side, "external_id"))
    if found is None:
        raise refused(404, "Customer not found", "external_id")
    return customers.holder(found)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise refused(400, f'Parameter "{name}" is missing', name)
    return value
