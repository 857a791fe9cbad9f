"""What all answers have in common: whose account, its currency and zone, as of when, and whole cents."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo

import pytest

from ingress.agents.declaration import Tool
from ingress.agents.tools import TOOLS
from models.base import Record
from models.reads.answer import AccountAnswer
from settings import Settings
from tests.ingress.agents.offered.reading import answers, harmless

ZONE = ZoneInfo("Europe/Berlin")
"""Of the account; ChartMogul's list gives all instants in UTC."""

ENVELOPE = {"account", "currency", "time_zone", "as_of"}


def models_in(annotation: Any) -> Iterator[type[Record]]:
    """The model, those in it, and so on."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_in(field.annotation)
    for each in get_args(annotation):
        yield from models_in(each)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_each_answer_says_whose_it_is_and_has_money_in_whole_cents(tool: Tool) -> None:
    said = get_type_hints(tool.call)["return"]
    for each in get_args(said) or (said,):
        assert issubclass(each, AccountAnswer)
        assert all(each.model_fields[name].is_required() for name in ENVELOPE)
    for model in models_in(said):
        for name, field in model.model_fields.items():
            if name.endswith("cents") or "cents_by" in name:
                kinds = {*get_args(field.annotation)} or {field.annotation}
                assert kinds <= {int, str, type(None)}, (model, name)


def instants_in(value: Any) -> Iterator[datetime]:
    if isinstance(value, Record):
        for name in type(value).model_fields:
            yield from instants_in(getattr(value, name))
    elif isinstance(value, list):
        for each in value:
            yield from instants_in(each)
    elif isinstance(value, datetime):
        yield value


async def test_instants_are_in_the_accounts_zone(settings: Settings) -> None:
    told = [each async for each in answers(settings, harmless(3), 1)]
    found = [(type(each), instant) for each in told for instant in instants_in(each)]
    assert len(found) > 3 * len(told)
    for kind, instant in found:
        assert (kind, instant.utcoffset()) == (kind, instant.astimezone(ZONE).utcoffset())
    assert {(each.currency, each.time_zone) for each in told if isinstance(each, AccountAnswer)} == {
        ("USD", ZONE.key)
    }
