"""What a connector's file may compute, and what it may not."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from models.expressions import (
    LONGEST_RESULT,
    BadExpression,
    Missing,
    Place,
    Text,
    Texts,
    fill_in,
    fill_in_path,
    found,
)

VALUES: dict[str, Any] = {
    "event": {
        "uuid": "cus_1",
        "amount": 12.5,
        "name": "A/B c?#ü",
        "tags": ["x", "y"],
        "items": 3,
        "up": "..",
    },
    "facts": {"email": None, "plan": ""},
    "n": 3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("{{ event.uuid }}", "cus_1"),
        ("{{event.amount}}", 12.5),
        ("{{ event.tags }}", ["x", "y"]),
        ("{{ event.tags[1] }}", "y"),
        ("{{ event['name'] }}", "A/B c?#ü"),
        ("{{ event.items }}", 3),
        ("It is {{ event.amount }}.", "It is 12.5."),
        ("{{ n }}{{ n }}", "33"),
        ("{{ n + 1 }}", 4),
        ("{{ event.amount / 2 }}", 6.25),
        ("{{ event.tags | join(', ') }}", "x, y"),
        ("{{ event.nothing | default('none') }}", "none"),
        ("{{ facts.plan or 'no plan' }}", "no plan"),
        ("{{ 'much' if n > 2 else 'little' }}", "much"),
        ("{{ facts.email }}", None),
    ],
)
def test_a_text_is_filled_in(text: str, value: Any) -> None:
    assert fill_in(text, VALUES) == value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{{ nobody }}", "nobody"),
        ("{{ event.nothing }}", "nothing"),
        ("{{ event.nothing.below }}", "nothing"),
        ("{{ event.uuid.upper }}", "upper"),
        ("{{ event.values }}", "values"),
        ("{{ event.__class__ }}", "__class__"),
        ("{{ event.tags.append }}", "append"),
        ("x {{ event.nothing }} y", "nothing"),
    ],
)
def test_what_is_not_there_is_named(text: str, name: str) -> None:
    with pytest.raises(Missing, match=f"there is no {name}"):
        fill_in(text, VALUES)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{% for x in event %}{% endfor %}", "has a for"),
        ("{% set x = 1 %}", "has a assign"),
        ("{% include 'x' %}", "has a include"),
        ("{{ event.uuid() }}", "has a call"),
        ("{{ n * 9 }}", "has a mul"),
        ("{{ n ** 9 }}", "has a pow"),
        ("{{ [1, 2] }}", "has a list"),
        ("{{ n is defined }}", "has a test"),
        ("{{ event.uuid | replace('a', 'b') }}", "has the filter replace"),
        ("{{ event | attr('x') }}", "has the filter attr"),
        ("{{ event.uuid", "unexpected end"),
        ("x" * (LONGEST_RESULT + 1), "more than"),
    ],
)
def test_what_could_do_more_than_fill_in_is_refused_with_the_file(text: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        TypeAdapter(Text).validate_python(text)
    with pytest.raises(ValidationError, match=says):
        TypeAdapter(Texts).validate_python({"a": [{"b": text}]})


@pytest.mark.parametrize("text", ["{{ n / 0 }}", "{{ n + event.uuid }}", "{{ event.uuid < n }}"])
def test_what_cannot_be_computed_says_so(text: str) -> None:
    with pytest.raises(BadExpression, match="cannot be computed"):
        fill_in(text, VALUES)


def test_a_text_has_an_end() -> None:
    with pytest.raises(BadExpression, match="more than 65,536 characters"):
        fill_in("{{ a }}{{ a }}", {"a": "x" * LONGEST_RESULT})


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/a/{{ event.uuid }}", "/a/cus_1"),
        ("/a/{{ event.name }}/b?x=1", "/a/A%2FB%20c%3F%23%C3%BC/b?x=1"),
        ("/{{ event.amount }}", "/12.5"),
    ],
)
def test_a_value_is_one_part_of_an_address(text: str, path: str) -> None:
    assert fill_in_path(text, VALUES) == path


def test_no_value_leads_out_of_its_place() -> None:
    with pytest.raises(BadExpression, match="leads out of its place"):
        fill_in_path("/a/{{ event.up }}/b", VALUES)


@pytest.mark.parametrize(
    ("place", "answer", "value"),
    [
        ("data.id", {"data": {"id": 7}}, 7),
        ("items[0]", {"items": [1]}, 1),
        ("items[?a=='x'] | [0].b", {"items": [{"a": "x", "b": 2}]}, 2),
        ("data.id", "<html>", None),
        ("length(data)", {"data": 3}, None),
        ("id", None, None),
    ],
)
def test_a_place_in_an_answer(place: str, answer: Any, value: Any) -> None:
    assert found(TypeAdapter(Place).validate_python(place), answer) == value


@pytest.mark.parametrize("place", ["a..b", "a[", "", "(" * 3_000])
def test_a_place_that_is_none_is_refused_with_the_file(place: str) -> None:
    with pytest.raises(ValidationError, match="JMESPath"):
        TypeAdapter(Place).validate_python(place)
