"""ChartMogul's lists that are the same for the whole account: invoices, plans, data sources, metrics."""

from collections.abc import Iterable
from datetime import date
from itertools import chain
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from simulators.chartmogul import books, filters
from simulators.chartmogul.catalog import SOURCES, source_of, source_row
from simulators.chartmogul.invoice_rows import invoice_row, is_invalid
from simulators.chartmogul.invoices import Invoice
from simulators.chartmogul.metric_rows import METRICS, metric_rows
from simulators.chartmogul.metrics import INTERVALS, ends
from simulators.chartmogul.requests import (
    answer,
    as_json,
    cursor_text,
    decode,
    encode,
    known_customer,
    page_of,
    refused,
    signed_in,
)
from simulators.chartmogul.rows import imported_subscription_row
from simulators.chartmogul.state import ChartMogul, chartmogul_of
from simulators.kit.refusal import Refusal
from simulators.world import world_of

Told = tuple[tuple[float, int], dict[str, Any]]
"""A row of the book of truth, after its key."""

IMPORTED_LAST = 10**11
"""Seconds; what has such a time is of the book of truth."""

EDITABLE = {"type", "amount_in_cents", "tax_amount_in_cents", "prorated", "proration_type"}

router = APIRouter(prefix="/chartmogul/v1", dependencies=[Depends(signed_in)])


@router.get("/data_sources")
async def data_sources(request: Request) -> Response:
    query = request.query_params
    truth = world_of(request).truth
    told = books.source_rows(truth, {name for name, value in query.items() if value == "true"})
    rows = chain(() if truth.is_alone else map(source_row, SOURCES), told)
    fields = [name for name in ("name", "system") if name in query]
    return as_json({"data_sources": [row for row in rows if all(row[f] == query[f] for f in fields)]})


@router.get("/plans")
async def plans(request: Request) -> Response:
    rows = chartmogul_of(request).book.catalog.plans()
    systems = {source.uuid: source.system for source in SOURCES}
    query = request.query_params
    for name in query.keys() & {"data_source_uuid", "external_id"}:
        rows = [row for row in rows if row[name] == query[name]]
    if "system" in query:
        rows = [row for row in rows if systems[row["data_source_uuid"]] == query["system"]]
    return _by_position(request, rows, "plans")


@router.patch("/plans/{uuid}")
async def edit_plan(request: Request, uuid: str) -> Response:
    """Accepted and done later, says ChartMogul; here it is done at once."""
    catalog, body = chartmogul_of(request).book.catalog, await request.json()
    if uuid not in {row["uuid"] for row in catalog.plans()}:
        raise refused(404, "Plan not found", "plan_uuid")
    if not isinstance(body.get("name"), str):
        raise refused(400, 'Parameter "name" is missing', "name")
    catalog.renamed[uuid] = body["name"]
    return as_json(next(row for row in catalog.plans() if row["uuid"] == uuid), 202)


@router.get("/plan_groups")
async def plan_groups(request: Request) -> Response:
    return _by_position(request, chartmogul_of(request).book.catalog.groups(), "plan_groups")


@router.get("/plan_groups/{uuid}/plans")
async def plans_of_group(request: Request, uuid: str) -> Response:
    catalog = chartmogul_of(request).book.catalog
    if uuid not in {group["uuid"] for group in catalog.groups()}:
        raise refused(404, "Plan group not found", "plan_group_uuid")
    return _by_position(request, catalog.members(uuid), "plans")


@router.get("/import/customers/{uuid}/subscriptions")
async def imported_subscriptions(request: Request, uuid: str) -> Response:
    chartmogul = chartmogul_of(request)
    book, customer = chartmogul.book, known_customer(chartmogul, uuid)
    states = book.subscriptions(customer, known_by=book.shown)
    rows = [imported_subscription_row(book.seed, state) for state in reversed(states)]
    return _by_position(request, rows, "subscriptions", customer_uuid=uuid)


@router.get("/invoices")
async def invoices(request: Request) -> Response:
    chartmogul, query = chartmogul_of(request), request.query_params
    validity = query.get("validation_type", "valid")
    if validity not in ("valid", "invalid", "all"):
        raise refused(400, 'Parameter "validation_type" is invalid', "validation_type")
    with_disabled, all_invoices = query.get("with_disabled") == "true", chartmogul.invoices
    found = (
        invoice
        for invoice in _chosen_invoices(chartmogul, request)
        if (validity == "all" or is_invalid(invoice) == (validity == "invalid"))
        and (with_disabled or not all_invoices.is_disabled(invoice))
    )
    seeded: Iterable[Invoice] = () if world_of(request).truth.is_alone else found
    both: Iterable[Invoice | Told] = chain(_told_invoices(request), seeded)
    page, more = page_of(both, request)
    entries = [
        each[1] if isinstance(each, tuple) else invoice_row(all_invoices, each, with_disabled=with_disabled)
        for each in page
    ]
    last = page[-1] if page else None
    key = last[0] if isinstance(last, tuple) else last.key if last else None
    return answer(request, entries, encode("{}&{}".format(*key)) if key else None, more, "invoices")


@router.get("/invoices/{uuid}")
async def invoice(request: Request, uuid: str) -> Response:
    chartmogul = chartmogul_of(request)
    if told := books.find_invoice(world_of(request).truth, uuid):
        return as_json(told[1])
    return as_json(invoice_row(chartmogul.invoices, _known_invoice(chartmogul, uuid), with_disabled=True))


@router.patch("/invoices/{uuid}/disabled_state")
async def disable_invoice(request: Request, uuid: str) -> Response:
    chartmogul, body = chartmogul_of(request), await request.json()
    if not isinstance(body.get("disabled"), bool):
        raise refused(400, 'Parameter "disabled" is missing', "disabled")
    truth = world_of(request).truth
    if told := books.find_invoice(truth, uuid):
        _needs_a_hand(request)
        books.switch_invoice(truth, told[0], uuid, disabled=body["disabled"])
        return await invoice(request, uuid)
    found = _known_invoice(chartmogul, uuid)
    chartmogul.invoices.switch(found, disabled=body["disabled"])
    return as_json(invoice_row(chartmogul.invoices, found, with_disabled=True))


@router.get("/line_items/{uuid}")
async def line_item(request: Request, uuid: str) -> Response:
    """Of the book of truth alone."""
    return as_json(_known_line(request, uuid)[2])


@router.patch("/line_items/{uuid}")
async def correct_line_item(request: Request, uuid: str) -> Response:
    id, kind, _ = _known_line(request, uuid)
    _needs_a_hand(request)
    body = await request.json()
    if unknown := set(body) - EDITABLE:
        raise refused(422, f"{min(unknown)} can't be changed", min(unknown))
    books.edit_line(world_of(request).truth, id, kind, body)
    return await line_item(request, uuid)


@router.get("/metrics/{name}")
async def metrics(request: Request, name: str) -> Response:
    query, chartmogul = request.query_params, chartmogul_of(request)
    if name != "all" and name not in METRICS:
        raise refused(404, "The requested resource does not exist")
    if query.get("interval", "month") not in INTERVALS:
        raise refused(400, 'Parameter "interval" is invalid', "interval")
    if unknown := query.keys() - {"start-date", "end-date", "interval", *filters.NAMES}:
        raise refused(400, f"Parameter {min(unknown)} is not simulated", min(unknown))
    days = ends(_day(request, "start-date"), _day(request, "end-date"), query.get("interval", "month"))
    if world_of(request).truth.is_alone:
        return _metrics_of_truth(request, name)
    only = filters.chosen(query)
    counted = await chartmogul.totals.of(chartmogul.book, only) if only else None
    return as_json(metric_rows(await chartmogul.totals.over(days, counted), name))


def _told_invoices(request: Request) -> list[Told]:
    """Of the book of truth: imported last, and so the first ones."""
    query, before = request.query_params, _invoice_cursor(request)
    if before is not None and before[0] < IMPORTED_LAST:
        return []
    histories = query.get("include_edit_histories") == "true"
    rows = [*books.invoice_rows(world_of(request).truth, histories=histories)]
    keyed = [((IMPORTED_LAST + number, 0), row) for number, row in enumerate(reversed(rows))]
    fields = [name for name in ("customer_uuid", "data_source_uuid", "external_id") if name in query]
    validity = query.get("validation_type", "valid")
    return [
        (key, row)
        for key, row in reversed(keyed)
        if (before is None or key < before)
        and all(row[name] == query[name] for name in fields)
        and (query.get("with_disabled") == "true" or not row["disabled"])
        and (validity == "all" or bool(row["errors"]) == (validity == "invalid"))
    ]


def _known_line(request: Request, uuid: str) -> tuple[str, str, dict[str, Any]]:
    if (found := books.find_line(world_of(request).truth, uuid)) is None:
        raise refused(404, "Line item not found", "line_item_uuid")
    return found


def _needs_a_hand(request: Request) -> None:
    """What an automatic source brought is changed as a user's edit alone. UNVERIFIED: with which words
    ChartMogul refuses it else."""
    if request.query_params.get("handle_as_user_edit") != "true":
        said = "Records of an automatic source are changed as user edits alone"
        raise refused(422, said, "handle_as_user_edit")


def _metrics_of_truth(request: Request, name: str) -> Response:
    """Of the book alone: MRR at the ends of intervals, without its parts."""
    if name != "mrr":
        raise refused(400, f"Metric {name} is not simulated of the book of truth", "name")
    query, truth = request.query_params, world_of(request).truth
    zone = chartmogul_of(request).book.rules.metrics_zone
    days = ends(_day(request, "start-date"), _day(request, "end-date"), query.get("interval", "month"))
    rows = [{"date": day.isoformat(), "mrr": books.mrr_on(truth, day, zone)} for day in days[1:]]
    return as_json({"entries": rows, "summary": {}})


def _day(request: Request, name: str) -> date:
    text = request.query_params.get(name)
    if text is None:
        raise refused(400, f'Parameter "{name}" is missing', name)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refused(400, f'Parameter "{name}" is invalid', name) from None


def _chosen_invoices(chartmogul: ChartMogul, request: Request) -> Iterable[Invoice]:
    query, all_invoices = request.query_params, chartmogul.invoices
    before = _invoice_cursor(request)
    if before is not None and before[0] >= IMPORTED_LAST:
        before = None
    if "customer_uuid" in query:
        customer = chartmogul.book.customers.find(query["customer_uuid"])
        own = all_invoices.of(customer) if customer else []
        chosen: Iterable[Invoice] = (i for i in own if before is None or i.key < before)
    elif "external_id" in query:
        one = all_invoices.find_external_id(query["external_id"])
        chosen = [one] if one else []
    else:
        chosen = all_invoices.newest_first(before)
    if "data_source_uuid" in query:
        chosen = (i for i in chosen if source_of(i.customer).uuid == query["data_source_uuid"])
    return chosen


def _invoice_cursor(request: Request) -> tuple[float, int] | None:
    cursor = request.query_params.get("cursor")
    if not cursor:
        return None
    try:
        at, id = cursor_text(cursor).split("&")
        return float(at), int(id)
    except ValueError:
        raise refused(400, 'Parameter "cursor" is invalid', "cursor") from None


def _known_invoice(chartmogul: ChartMogul, uuid: str) -> Invoice:
    found = chartmogul.invoices.find(uuid)
    if found is None:
        raise Refusal(404, {"error": "Invoice not found"})
    return found


def _by_position(request: Request, rows: list[dict[str, Any]], key: str, **rest: Any) -> Response:
    """Short lists: the cursor is how many came before."""
    start = int(decode(request, "after=") or 0)
    page, more = page_of(rows[start:], request)
    return answer(request, page, encode(f"after={start + len(page)}") if page else None, more, key, **rest)


@router.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def unknown(request: Request, rest: str) -> Response:
    raise refused(404, "The requested resource does not exist")
