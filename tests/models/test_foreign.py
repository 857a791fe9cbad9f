"""Text that strangers wrote is cut and on one line; what is no text stays what it is, on the wire, too."""

import json
from typing import Any

import pytest

from models.base import Record
from models.foreign import Foreign, untrusted_fields


class Told(Record):
    value: Foreign | bool | int | float | None = None
    values: dict[Foreign, Foreign | bool | int | float | None] = {}


@pytest.mark.parametrize("value", ["vip", True, False, 3, 2.5, None])
def test_a_value_is_sent_as_what_it_is(value: Any) -> None:
    told = Told.model_validate({"value": value, "values": {"seats": value}})
    for sent in (told.model_dump(mode="json"), json.loads(told.model_dump_json())):
        assert [sent["value"], sent["values"]["seats"]] == [value] * 2
        assert type(sent["value"]) is type(value)


def test_text_is_plain_and_named() -> None:
    told = Told(value=Foreign.of("two\nlines \u202e" + "x" * 300))
    sent = told.model_dump(mode="json")["value"]
    assert (sent[:10], len(sent)) == ("two lines ", 200)
    assert untrusted_fields(told) == ["value"]
