"""QuickBooks' Accounting API: what we read of it. There is no way to write."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from simulators.accounting.book import HOME
from simulators.kit.refusal import Refusal
from simulators.quickbooks.query import BadQuery, Query, parsed
from simulators.quickbooks.rows import ENTITIES, FIELDS, Row, rows
from simulators.quickbooks.state import COMPANY, QuickBooks, quickbooks_of

TIME = "2026-11-01T00:10:00.000-07:00"
OLDEST_MINOR_VERSION = 75


def fault(status: int, kind: str, code: int, message: str, detail: str = "") -> Refusal:
    error = {"Message": message, "Detail": detail or message, "code": str(code)}
    return Refusal(status, {"Fault": {"Error": [error], "type": kind}, "time": TIME})


def not_signed_in() -> Refusal:
    """The gateway's own form, in lower case."""
    text = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    error = {"message": text, "detail": "Token expired", "code": "3200"}
    return Refusal(401, {"fault": {"error": [error], "type": "AUTHENTICATION"}})


def throttled() -> Refusal:
    text = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    return fault(429, "SERVICE", 3001, text, "The request limit was reached.")


async def signed_in(request: Request, company: str) -> None:
    quickbooks = quickbooks_of(request)
    if not quickbooks.knows(request.headers.get("authorization", "")):
        raise not_signed_in()
    if company != COMPANY:
        text = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
        raise fault(403, "AUTHORIZATION", 3100, text)
    if quickbooks.exceeded():
        raise throttled()


router = APIRouter(prefix="/quickbooks/api/v3/company/{company}", dependencies=[Depends(signed_in)])


@router.get("/companyinfo/{id}")
async def company_info(request: Request, id: str) -> Row:
    if id != COMPANY:
        raise fault(400, "ValidationFault", 610, "Object Not Found")
    return {"CompanyInfo": {"Id": "1", "CompanyName": "Mogulflow Demo", "Country": "US"}, "time": TIME}


@router.get("/preferences")
async def preferences(request: Request) -> Row:
    currency = {
        "MultiCurrencyEnabled": quickbooks_of(request).rules.several_currencies,
        "HomeCurrency": {"value": HOME},
    }
    return {"Preferences": {"Id": "1", "CurrencyPrefs": currency}, "time": TIME}


@router.get("/query")
async def query(request: Request) -> Row:
    version = request.query_params.get("minorversion", str(OLDEST_MINOR_VERSION))
    if not version.isdecimal():
        raise fault(400, "ValidationFault", 2100, "Invalid minorversion")
    try:
        asked = parsed(request.query_params.get("query", ""))
        return {"QueryResponse": _answer(quickbooks_of(request), asked), "time": TIME}
    except BadQuery as error:
        message = "Error parsing query" if error.code == 4000 else "Invalid query"
        raise fault(400, "ValidationFault", error.code, message, str(error)) from None


def _answer(quickbooks: QuickBooks, asked: Query) -> Row:
    """Raises BadQuery."""
    if asked.entity not in ENTITIES:
        raise BadQuery(4001, f"Metadata not found for Entity: {asked.entity}")
    for name in (*(each.name for each in asked.conditions), *(name for name, _ in asked.order)):
        if name not in FIELDS:
            raise BadQuery(4001, f"Property {name} not found for Entity {asked.entity}")
    several = quickbooks.rules.several_currencies
    found = [
        row
        for row in rows(quickbooks.book, asked.entity, several_currencies=several)
        if all(each.holds(row, FIELDS) for each in asked.conditions)
    ]
    if asked.counts:
        return {"totalCount": len(found)}
    for name, descending in reversed(asked.order):
        found.sort(key=lambda row: _key(FIELDS[name](row)), reverse=descending)
    page = found[asked.start - 1 : asked.start - 1 + asked.most]
    if not page:
        return {}
    return {asked.entity: page, "startPosition": asked.start, "maxResults": len(page)}


def _key(value: Any) -> tuple[bool, Any]:
    return value is not None, value


@router.get("/{path:path}")
async def nothing(path: str) -> Row:
    raise fault(400, "ValidationFault", 500, "Unsupported Operation", f"Operation {path} is not supported.")
