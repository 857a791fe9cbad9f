"""All that ChartMogul's lists say of one customer, as rows; for the CRM sync."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

from clients.chartmogul.dates import ADVICE, Get, Row, id_of, rows_in
from clients.chartmogul.streams import read_pages
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call, refused


@dataclass(frozen=True)
class CustomerRows:
    customer: Row
    movements: list[Row]
    """As the customer's own list has them, which names neither customer nor plan."""
    subscriptions: list[Row]
    invoices: list[Row]


async def read_customer(get: Get, uuid: str, page_size: int) -> CustomerRows:
    """Four lists side by side. Raises NotFound where there is no such customer."""
    path = f"customers/{quote(uuid, safe='')}"
    found = await asyncio.gather(
        _one(get, uuid, path),
        _all(read_pages(get, f"{path}/activities", "entries", page_size, what=f"movements of {uuid}")),
        _all(read_pages(get, f"{path}/subscriptions", "entries", page_size, what=f"subscriptions of {uuid}")),
        _all(
            read_pages(
                get,
                "invoices",
                "invoices",
                page_size,
                what=f"invoices of {uuid}",
                customer_uuid=uuid,
                validation_type="all",
                with_disabled="true",
            )
        ),
        return_exceptions=True,
    )
    customer, movements, subscriptions, invoices = found
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return CustomerRows(customer, movements, subscriptions, invoices)  # type: ignore[arg-type]  # none is an error


async def count_with_email(get: Get, email: str) -> int:
    """Customers that have the address, at most a page of them."""
    call = Call("chartmogul", "count the customers with an e-mail")
    try:
        page = await get(call, "customers/search", email=email)
    except NotFound:
        return 0
    entries = rows_in(page.get("entries")) if isinstance(page, dict) else None
    if not isinstance(entries, list):
        raise refused(call, Rejected, "the answer has no list in entries", ADVICE)
    return len({id_of(row) for row in entries} - {None})


async def _one(get: Get, uuid: str, path: str) -> Row:
    call = Call("chartmogul", f"read customer {uuid}")
    row = await get(call, path)
    if not isinstance(row, dict) or row.get("uuid") != uuid:
        raise refused(call, Rejected, "the answer is no customer, or another one", ADVICE)
    return row


async def _all(pages: AsyncIterator[list[Row]]) -> list[Row]:
    return [row async for page in pages for row in page]
