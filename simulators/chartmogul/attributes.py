"""ChartMogul's enrichment of a customer: tags and custom attributes."""

import re
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from simulators.chartmogul.book import Book
from simulators.chartmogul.profiles import zulu
from simulators.chartmogul.requests import as_json, invalid, known_customer, object_of, refused, signed_in
from simulators.chartmogul.rows import attributes_row
from simulators.chartmogul.state import chartmogul_of
from simulators.kit.refusal import Refusal

LONGEST = 255
_KEY = re.compile(r"\w+", re.ASCII)

router = APIRouter(prefix="/chartmogul/v1/customers/{uuid}/attributes", dependencies=[Depends(signed_in)])


@router.get("")
async def attributes(request: Request, uuid: str) -> Response:
    chartmogul = chartmogul_of(request)
    return as_json(attributes_row(chartmogul.book, known_customer(chartmogul, uuid)))


@router.post("/tags")
async def add_tags(request: Request, uuid: str) -> Response:
    return await _tagged(request, uuid, kept=True)


@router.delete("/tags")
async def remove_tags(request: Request, uuid: str) -> Response:
    return await _tagged(request, uuid, kept=False)


@router.post("/custom")
async def set_custom(request: Request, uuid: str) -> Response:
    """A list of {type, key, value}: creates or overwrites."""
    given = await _named(request, "custom", list)
    return _set(request, uuid, check_list(chartmogul_of(request).book, given))


@router.put("/custom")
async def change_custom(request: Request, uuid: str) -> Response:
    """A map. An attribute that nobody has yet is refused: it has no type."""
    given = await _named(request, "custom", dict)
    book = chartmogul_of(request).book
    known = {*book.types, *(key for each in book.custom.values() for key in each)}
    if unknown := given.keys() - known:
        raise refused(422, f"Custom attribute {min(unknown)} does not exist", "custom")
    typed = {key: _kept(book.types[key], each) for key, each in given.items() if key in book.types}
    return _set(request, uuid, given | typed)


@router.delete("/custom")
async def remove_custom(request: Request, uuid: str) -> Response:
    _set(request, uuid, dict.fromkeys(await _named(request, "custom", list)))
    return Response(status_code=204)


def check_list(book: Book, given: list[Any]) -> dict[str, Any]:
    """Values by key, as they are kept. A list of anything but objects makes ChartMogul fail, without a word:
    so it was reported."""
    if not all(isinstance(each, dict) for each in given):
        raise Refusal(500, "")
    for each in given:
        if not each.get("key") or each.get("type") not in KEPT or "value" not in each:
            raise refused(422, "A custom attribute needs type, key and value", "custom")
        if not _KEY.fullmatch(str(each["key"])):
            raise invalid("custom", "key may hold letters, digits and underscores alone")
        if book.rules.keeps_types and book.types.get(each["key"], each["type"]) != each["type"]:
            raise invalid("custom", f"{each['key']} is of type {book.types[each['key']]}")
    kept = {each["key"]: _kept(each["type"], each["value"]) for each in given}
    book.types.update({each["key"]: each["type"] for each in given if each["key"] not in book.types})
    return kept


def _kept(type: str, value: Any) -> Any:
    try:
        return KEPT[type](value)
    except (TypeError, ValueError):
        raise invalid("custom", f"value is no {type}") from None


def _string(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    if len(text) > LONGEST:
        raise ValueError("too long")
    return text


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError("no integer")
    return int(value)


def _decimal(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("no decimal")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


KEPT: dict[str, Callable[[Any], Any]] = {
    "String": _string,
    "Integer": _integer,
    "Decimal": _decimal,
    "Timestamp": zulu,
    "Boolean": _boolean,
}


async def _tagged(request: Request, uuid: str, *, kept: bool) -> Response:
    tags = await _named(request, "tags", list)
    chartmogul = chartmogul_of(request)
    customer = known_customer(chartmogul, uuid)
    chartmogul.book.tagged.setdefault(customer.number, {}).update(dict.fromkeys(map(str, tags), kept))
    return as_json({"tags": chartmogul.book.tags(customer)})


def _set(request: Request, uuid: str, values: dict[str, Any]) -> Response:
    chartmogul = chartmogul_of(request)
    customer = known_customer(chartmogul, uuid)
    chartmogul.book.custom.setdefault(customer.number, {}).update(values)
    return as_json({"custom": chartmogul.book.custom_attributes(customer)})


async def _named(request: Request, name: str, kind: type) -> Any:
    body = await object_of(request)
    if not isinstance(body.get(name), kind):
        raise refused(400, f'Parameter "{name}" is missing', name)
    return body[name]
