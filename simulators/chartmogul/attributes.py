"""ChartMogul's enrichment of a customer: tags and custom attributes."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from simulators.chartmogul.requests import as_json, known_customer, refused, signed_in
from simulators.chartmogul.rows import attributes_row
from simulators.chartmogul.state import chartmogul_of

TYPES = ("String", "Integer", "Decimal", "Timestamp", "Boolean")

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
    for each in given:
        if not isinstance(each, dict) or not each.get("key") or each.get("type") not in TYPES:
            raise refused(422, "A custom attribute needs type, key and value", "custom")
    return _set(request, uuid, {each["key"]: each.get("value") for each in given})


@router.put("/custom")
async def change_custom(request: Request, uuid: str) -> Response:
    """A map. An attribute that nobody has yet is refused: it has no type."""
    given = await _named(request, "custom", dict)
    chartmogul = chartmogul_of(request)
    known = set(chartmogul.book.custom_attributes(known_customer(chartmogul, uuid)))
    known |= {key for each in chartmogul.book.custom.values() for key in each}
    if unknown := given.keys() - known:
        raise refused(422, f"Custom attribute {min(unknown)} does not exist", "custom")
    return _set(request, uuid, given)


@router.delete("/custom")
async def remove_custom(request: Request, uuid: str) -> Response:
    _set(request, uuid, dict.fromkeys(await _named(request, "custom", list)))
    return Response(status_code=204)


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
    body = await request.json()
    if not isinstance(body, dict) or not isinstance(body.get(name), kind):
        raise refused(400, f'Parameter "{name}" is missing', name)
    return body[name]
