"""Xero's Accounting API: what we read of it. There is no way to write."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from simulators.accounting.book import HOME
from simulators.kit.refusal import Refusal
from simulators.xero.filters import BadFilter, chosen
from simulators.xero.rows import LISTS, Row, rows, written
from simulators.xero.state import TENANT, Xero, xero_of

PAGE = 100
QUERIES = {"where", "order", "page", "pageSize", "unitdp", "summaryOnly", "includeArchived"}
WORDS = ("Type", "Status", "InvoiceNumber", "CreditNoteNumber", "PaymentType", "Reference")


def refused(status: int, title: str, detail: str = "AuthenticationUnsuccessful") -> Refusal:
    return Refusal(status, {"Type": None, "Title": title, "Status": status, "Detail": detail})


def invalid(kind: str, number: int, message: str, status: int = 400) -> Refusal:
    return Refusal(status, {"ErrorNumber": number, "Type": kind, "Message": message})


def limited(limit: str, wait: int, left: int) -> Refusal:
    headers = {"X-Rate-Limit-Problem": limit, "Retry-After": str(wait), "X-DayLimit-Remaining": str(left)}
    return Refusal(429, "The limit was reached", headers)


async def signed_in(request: Request, response: Response) -> None:
    xero = xero_of(request)
    if not xero.knows(request.headers.get("authorization", "")):
        raise refused(401, "Unauthorized")
    if request.headers.get("xero-tenant-id", TENANT) != TENANT:
        raise refused(403, "Forbidden")
    if limit := xero.exceeded():
        raise limited(limit, 3_600 if limit == "day" else 30, xero.left_today)
    response.headers["X-DayLimit-Remaining"] = str(xero.left_today)
    response.headers["X-MinLimit-Remaining"] = "59"


router = APIRouter(prefix="/xero/api.xro/2.0", dependencies=[Depends(signed_in)])


@router.get("/Organisation")
async def organisation(request: Request) -> Row:
    found = {
        "OrganisationID": TENANT,
        "Name": "Mogulflow Demo",
        "BaseCurrency": HOME,
        "Timezone": "EASTERNSTANDARDTIME",
        "CountryCode": "US",
    }
    return _answer({"Organisations": [found]})


@router.get("/{list}")
async def listed(request: Request, list: str) -> Row:
    if list not in LISTS:
        raise Refusal(404, "The resource you're looking for cannot be found")
    return _answer(_listed(xero_of(request), list, dict(request.query_params)))


def _listed(xero: Xero, list: str, query: dict[str, str]) -> Row:
    """Lines and totals come with pages alone."""
    if unknown := query.keys() - QUERIES:
        raise invalid("ValidationException", 10, f"Unknown parameter {min(unknown)}")
    try:
        fits = chosen(query.get("where", ""), ("Date",), WORDS)
    except BadFilter as error:
        raise invalid("QueryParseException", 16, str(error)) from None
    found = [row for row, day in rows(xero.book, list, xero.rules.rate_is) if fits(row, day)]
    found = _ordered(found, query.get("order", ""))
    if "page" not in query:
        lines = ("LineItems", "Payments", "CreditNotes")
        return {list: [{n: v for n, v in row.items() if n not in lines} for row in found[:PAGE]]}
    page, size = _number(query["page"]), _number(query.get("pageSize", str(PAGE)))
    size = min(size, xero.rules.largest_page)
    pages = -(-len(found) // size)
    pagination = {"page": page, "pageSize": size, "pageCount": pages, "itemCount": len(found)}
    return {"pagination": pagination, list: found[(page - 1) * size : page * size]}


def _ordered(found: list[Row], order: str) -> list[Row]:
    if not order:
        return found
    name, _, direction = order.partition(" ")
    if direction not in ("", "ASC", "DESC") or not all(name in row for row in found):
        raise invalid("QueryParseException", 16, f"No field {name}")
    return sorted(found, key=lambda row: str(row[name]), reverse=direction == "DESC")


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise invalid("ValidationException", 10, f"{text} is no number of a page")
    return int(text)


def _answer(content: dict[str, Any]) -> Row:
    head = {"Id": "00000000-0000-4000-a000-000000000000", "Status": "OK", "ProviderName": "Mogulflow"}
    return {**head, "DateTimeUTC": written(datetime.now(UTC), ""), **content}
