"""What ChartMogul knows of a customer, as values of a lead's fields."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from domains.crm.diff import Value as FactValue
from domains.crm.diff import as_text, value_of
from models.chartmogul_values import Unfit
from models.crm import FieldMapping, format_of
from models.crm_facts import CustomerFacts, FactName
from models.marketo import LeadWrite, Value


def values_of(write: LeadWrite) -> tuple[dict[str, Value], list[str]]:
    """By their field; and what was left out, each with the reason."""
    values, left_out = dict[str, Value](), list[str]()
    if write.facts is None:
        return values, left_out
    for fact, target in write.mapping.items():
        try:
            value = _value(write.facts, fact, target)
        except Unfit as why:
            left_out.append(f"{target.to} was left out: {fact}: {why}")
            continue
        if value is not None:
            values[target.to] = value
    return values, left_out


def peoples(mapping: Mapping[FactName, FieldMapping], before: Mapping[str, Any]) -> list[str]:
    """Fields of `owner: crm` with a value, which stays: nobody can tell who wrote it."""
    return [
        each.to for each in mapping.values() if each.owner == "crm" and before.get(each.to) not in (None, "")
    ]


def _value(facts: CustomerFacts, fact: FactName, target: FieldMapping) -> Value | None:
    """None where the field stays as it is, empty text where it is cleared. Raises Unfit."""
    if fact in facts.unknown:
        raise Unfit(facts.unknown[fact])
    value = value_of(facts, fact, target)
    if value is None:
        return None if target.when_empty == "keep" or format_of(fact, target) == "boolean" else ""
    return _plain(value)


def _plain(value: FactValue) -> Value:
    if isinstance(value, Decimal):
        return float(value)
    return as_text(value) if value is None or isinstance(value, date) else value
