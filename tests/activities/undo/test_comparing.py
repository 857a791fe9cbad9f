"""Which fields are still as an effect left them, however the system writes them."""

from typing import Any

import pytest

from activities.undoing import before_newer, same, standing, touched
from models.effects import Action, Effect
from models.undo import Undoing

LONG = "a" * 1_999


def effect(before: dict[str, Any] | None, after: dict[str, Any], **more: Any) -> Effect:
    given = {"system": "salesforce", "object_type": "Task", "object_id": "1", "key": "k:1"}
    return Effect.model_validate(given | {"action": Action.UPDATED, "before": before, "after": after} | more)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, ""),
        (49, 49.0),
        ("49.00", 49),
        ("1e2", 100),
        (True, "true"),
        ("one\r\ntwo ", "one\ntwo"),
        ("2026-12-01T12:00:00Z", "2026-12-01T12:00:00.000+0000"),
        ("2026-12-01T12:00:00+01:00", "2026-12-01T11:00:00Z"),
    ],
)
def test_the_same_in_another_way(one: Any, other: Any) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, 0),
        (None, False),
        ("", "0"),
        (49, 49.01),
        ("007", "7"),
        (True, 1.5),
        ("NaN", "nan"),
        ("a", "A"),
        ("2026-12-01", "2026-12-02"),
        ("2026-13-01T12:00:00Z", "2026-13-01T12:00:00.0Z"),
    ],
)
def test_another_value(one: Any, other: Any) -> None:
    assert not same(one, other)


@pytest.mark.parametrize(
    ("before", "after", "found", "what"),
    [
        ({"A": 1}, {"A": 2}, {"A": 2}, ("ours", {"A": 1})),
        ({"A": None}, {"A": 2}, {"A": 2.0}, ("ours", {"A": None})),
        ({"A": 1}, {"A": 2}, {"A": 1}, ("back", {"A": 1})),
        ({"A": 1}, {"A": 2}, {"A": 3}, ("left", ["A"])),
        ({"A": 1}, {"A": 2}, {}, ("left", ["A"])),
        ({"A": f"{LONG}…"}, {"A": 2}, {"A": 2}, ("unknown", ["A"])),
        ({}, {"A": 2}, {"A": 2}, ("unknown", ["A"])),
        ({"A": 1}, {"A": f"{LONG}…"}, {"A": f"{LONG} and more"}, ("ours", {"A": 1})),
        ({"A": 1}, {"A": f"{LONG}…"}, {"A": "another text"}, ("left", ["A"])),
        ({"A": 1}, {"A": 1}, {"A": 5}, ("ours", {})),
    ],
)
def test_how_a_field_stands(
    before: dict[str, Any], after: dict[str, Any], found: dict[str, Any], what: tuple[str, Any]
) -> None:
    it = standing(effect(before, after), found)
    assert getattr(it, what[0]) == what[1]
    assert sum(map(len, (it.ours, it.back, it.left, it.unknown))) == len(what[1])


def test_what_is_made_is_touched_where_one_of_its_fields_is_another() -> None:
    made = effect(None, {"A": 1, "B": "x", "Gone": 1})
    assert touched(made, {"A": 1.0, "B": "x"}) == []
    assert touched(made, {"A": 1, "B": "y"}) == ["B"]


def test_a_newer_effect_of_the_run_is_seen_past() -> None:
    newest, newer = effect({"A": 2}, {"A": 3}), effect({"A": 1, "B": None}, {"A": 2, "B": "x"})
    others = [effect({"A": 9}, {"A": 3}, object_id="2"), effect(None, {"A": 3})]
    undoing = Undoing(key="u:1", effect=effect(None, {"A": 1}), newer=[*others, newest, newer])
    assert before_newer(undoing, {"A": 3, "B": "x"}) == {"A": 1, "B": None}
    assert before_newer(undoing, {"A": 5, "B": "x"}) == {"A": 5, "B": None}
    assert before_newer(undoing, {"A": 1, "B": None}) == {"A": 1, "B": None}
