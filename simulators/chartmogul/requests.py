"""What all of ChartMogul's endpoints share: signing in, pages, refusals."""

import base64
import binascii
import secrets
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import orjson
from fastapi import Request
from fastapi.responses import Response

from simulators.chartmogul.state import ChartMogul, chartmogul_of
from simulators.kit.refusal import Refusal
from simulators.kit.seed import Customer
from simulators.kit.shapes import CHARTMOGUL_KEY, CHARTMOGUL_READ_ONLY_KEY, OddValue
from simulators.kit.sign_in import basic

PAGE = 200
T = TypeVar("T")


def refused(status: int, message: str, param: str | None = None) -> Refusal:
    return Refusal(status, {"code": status, "message": message, "param": param})


def invalid(field: str, message: str) -> Refusal:
    return Refusal(422, {"errors": {field: message}})


async def signed_in(request: Request) -> None:
    """UNVERIFIED: that a read-only key is refused with 403, and the words."""
    name, _ = basic(request.headers.get("authorization", "")) or ("", "")
    may_read = secrets.compare_digest(name.encode(), CHARTMOGUL_READ_ONLY_KEY.encode())
    if not may_read and not secrets.compare_digest(name.encode(), CHARTMOGUL_KEY.encode()):
        raise refused(401, "No valid API key provided")
    if may_read and request.method != "GET":
        raise refused(403, "You do not have the rights to perform this action")
    if "page" in request.query_params:
        raise refused(400, 'Parameter "page" is deprecated', "page")


async def object_of(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refused(400, "The body is no JSON object")
    return body


def known_customer(chartmogul: ChartMogul, uuid: str) -> Customer:
    customer = chartmogul.book.customers.find(uuid)
    if customer is None:
        raise refused(404, "Customer not found", "customer_uuid")
    return customer


def page_of(found: Iterable[T], request: Request) -> tuple[list[T], bool]:
    size = per_page(request)
    page = list(islice(found, size + 1))
    return page[:size], len(page) > size


def per_page(request: Request) -> int:
    text = request.query_params.get("per_page", str(PAGE))
    if not text.isdecimal() or int(text) < 1:
        raise refused(400, 'Parameter "per_page" is invalid', "per_page")
    return min(int(text), PAGE)


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def decode(request: Request, prefix: str) -> str | None:
    """What the cursor says after its prefix; cursors of another list are refused."""
    cursor = request.query_params.get("cursor")
    if not cursor:
        return None
    text = cursor_text(cursor)
    if not text.startswith(prefix):
        raise refused(400, 'Parameter "cursor" is invalid', "cursor")
    return text.removeprefix(prefix)


def cursor_text(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def answer(
    request: Request, entries: list[Any], cursor: str | None, more: bool, key: str = "entries", **rest: Any
) -> Response:
    body: dict[str, Any] = {key: entries, "has_more": more, "cursor": cursor, **rest}
    if "cursor" not in request.query_params:
        body["per_page"] = per_page(request)
    return Response(with_odd_values(body, chartmogul_of(request).book.odd), media_type="application/json")


def with_odd_values(body: Any, odd: Sequence[OddValue]) -> bytes:
    """The body's JSON, or what is no more than nearly JSON."""
    places = {f"@odd-{number}@": each for number, each in enumerate(odd)}
    of: dict[Any, dict[str, OddValue]] = {}
    for place, each in places.items():
        of.setdefault(each.uuid, {})[place] = each
    _put(body, of)
    text = orjson.dumps(body)
    for place, each in places.items():
        text = text.replace(f'"{place}"'.encode(), each.raw.encode())
    return text


def _put(value: Any, of: Mapping[Any, Mapping[str, OddValue]]) -> None:
    """In every row with such a uuid, also in those inside others. In one walk: there may be hundreds."""
    if isinstance(value, dict):
        for inner in value.values():
            _put(inner, of)
        for place, odd in of.get(value.get("uuid"), {}).items():
            value[odd.field] = place
    elif isinstance(value, list):
        for inner in value:
            _put(inner, of)


def as_json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
