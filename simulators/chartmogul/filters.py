"""Whom metrics are asked for: plans, countries, and conditions in ChartMogul's filter language."""

import re
from collections.abc import Callable
from typing import Any

from simulators.chartmogul.book import Book
from simulators.chartmogul.requests import refused
from simulators.kit.seed import Customer

Holds = Callable[[Book, Customer], bool]
NAMES = ("plans", "geo", "filters")


def chosen(query: Any) -> Holds | None:
    """None where everybody counts. Of plans it is the one that the customer began with."""
    conditions: list[Holds] = []
    if plans := _listed(query.get("plans")):
        conditions.append(lambda _, customer: bool({customer.plan.name, customer.plan.external_id} & plans))
    if countries := _listed(query.get("geo")):
        if unknown := [each for each in countries if not re.fullmatch("[A-Z]{2}", each)]:
            raise refused(400, f'Parameter "geo" has an unknown value {unknown[0]}', "geo")
        conditions.append(lambda _, customer: customer.place[0] in countries)
    if text := query.get("filters"):
        conditions += [_condition(part) for part in text.split("~AND~")]
    if not conditions:
        return None
    return lambda book, customer: all(holds(book, customer) for holds in conditions)


def _listed(text: str | None) -> set[str]:
    return set(text.split(",")) if text else set()


def _condition(text: str) -> Holds:
    match = re.fullmatch(r"([a-z_]+|custom\.\w+)~(ANY|EQ|GTE|LTE)~(.+)", text)
    if match is None:
        raise refused(400, 'Parameter "filters" is invalid', "filters")
    field, operator, value = match.groups()
    if operator in ("GTE", "LTE") and field == "active_quantity" and value.isdecimal():
        least = operator == "GTE"
        return lambda _, of: of.quantity >= int(value) if least else of.quantity <= int(value)
    values = set(re.findall(r"'([^']*)'", value))
    if not values or ",".join(f"'{each}'" for each in re.findall(r"'([^']*)'", value)) != value:
        raise refused(400, 'Parameter "filters" is invalid', "filters")
    return _among(field, operator, values)


def _among(field: str, operator: str, values: set[str]) -> Holds:
    if operator == "ANY" and field in _OF:
        read = _OF[field]
        return lambda book, customer: bool(read(book, customer) & values)
    if operator == "EQ" and field.startswith("custom."):
        name = field.removeprefix("custom.")
        return lambda book, customer: str(book.custom_attributes(customer).get(name)) in values
    raise refused(400, f'Parameter "filters" has an unknown field {field}', "filters")


_OF: dict[str, Callable[[Book, Customer], set[str]]] = {
    "tags": lambda book, customer: set(book.tags(customer)),
    "customer_status": lambda book, customer: {book.status(customer).replace(" ", "_")},
    "currency": lambda book, customer: {"USD"},
    "region": lambda book, customer: {customer.place[1]},
    "plan_group": lambda book, customer: {customer.plan.cycle},
}
