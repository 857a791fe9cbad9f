"""Every pattern of the product ends in linear time, whatever it is given, or is given only what is short."""

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.product import ROOT, files
from tests.steps_of_patterns import adversaries, is_linear

METHODS = {"compile", "match", "fullmatch", "search", "sub", "findall", "finditer", "split"}
ANCHORED = {"match", "fullmatch"}
SHORT = {
    "configuration.syntax: ^(?P<lead>": "LOOKED_AT",
    r"configuration.syntax: [\[{].*?\s#": "LOOKED_AT",
    "models.headlines: (?:New business|": "_SUMMARYS",
}
"""Begins of patterns that may take longer, and the name of the bound that their text is cut by before."""

PARTS: dict[str, Any] = {"location": ["a_name"], "letters": "API_?KEY", "label": "Owner"}
"""What stands for the names of a function in a pattern that it puts together."""


@dataclass(frozen=True)
class Pattern:
    place: str
    text: str
    flags: int
    methods: frozenset[str]

    @property
    def linear(self) -> bool:
        anchored, whole = self.methods <= ANCHORED, "fullmatch" in self.methods
        return is_linear(self.text, self.flags, anchored=anchored, whole=whole)


@functools.cache
def _texts() -> dict[Path, str]:
    return {path: path.read_text() for path in files()}


@functools.cache
def _all() -> str:
    return "\n".join(_texts().values())


def _patterns() -> Iterator[Pattern]:
    for path, text in _texts().items():
        if "re." not in text:
            continue
        names = {"re": re, **PARTS}
        tree = ast.parse(text)
        places = {id(node.value): node for node in ast.walk(tree) if isinstance(node, ast.Assign)}
        for node in ast.walk(tree):
            if _is_of_re(node):
                assigned = places.get(id(node))
                module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                yield _pattern(module, node, assigned, names)


def _is_of_re(node: ast.AST) -> bool:
    call = node.func if isinstance(node, ast.Call) else None
    named = isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == "re"
    return named and isinstance(call, ast.Attribute) and call.attr in METHODS


def _pattern(module: str, node: Any, assigned: ast.Assign | None, names: dict[str, Any]) -> Pattern:
    known = names | vars(importlib.import_module(module))
    text = _value(node.args[0], known)
    flags = [each for each in [*node.args, *(one.value for one in node.keywords)] if _is_flag(each)]
    method = node.func.attr
    methods = {method}
    if method == "compile":
        [target] = assigned.targets if assigned else [None]
        assert isinstance(target, ast.Name), f"{module}:{node.lineno}: give the pattern a name"
        methods = METHODS & set(re.findall(rf"\b{target.id}\.(\w+)\(", _all())) or {"search"}
    total = re.RegexFlag(0)
    for each in flags:
        total |= _value(each, known)
    return Pattern(f"{module}: {text}", text, int(total), frozenset(methods))


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "<pattern>", "eval"), known)  # our own source


def _is_flag(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "re"


@pytest.fixture(scope="module")
def found() -> list[Pattern]:
    """Looked for where it is asked for: each process of the tests collects this module."""
    return list({each.place: each for each in _patterns()}.values())


def _bounds(pattern: Pattern) -> list[str]:
    return [bound for begin, bound in SHORT.items() if pattern.place.startswith(begin)]


def test_a_pattern_ends_in_linear_time_or_is_given_what_is_short(found: list[Pattern]) -> None:
    assert len(found) > 50
    slow = [each.place for each in found if not each.linear and not _bounds(each)]
    assert slow == []


def test_what_is_given_to_a_slow_pattern_is_short(found: list[Pattern]) -> None:
    slow = [each for each in found if not each.linear]
    assert {bound for each in slow for bound in _bounds(each)} == set(SHORT.values())
    for each in slow:
        module = importlib.import_module(each.place.partition(":")[0])
        assert all(vars(module)[bound] <= 1_000 for bound in _bounds(each))


def test_no_bound_is_kept_for_a_pattern_that_needs_none(found: list[Pattern]) -> None:
    assert [each.place for each in found if each.linear and _bounds(each)] == []


def test_patterns_of_settings_and_mappings_are_read_by_an_engine_without_backtracking() -> None:
    """pydantic's own, unless a model asks for Python's."""
    assert "python-re" not in _all()


@pytest.mark.parametrize("pattern", list(adversaries()))
def test_what_backtracks_is_seen(pattern: str) -> None:
    assert not is_linear(pattern)


PIECES = st.sampled_from(["a", "b", "[ab]", "_", r"\w"])
REPEATS = st.sampled_from(["+", "*", "+?", "*?"])


@given(PIECES, REPEATS, REPEATS)
def test_nested_repeats_are_seen(piece: str, inner: str, outer: str) -> None:
    assert not is_linear(f"({piece}{inner}){outer}$", anchored=True)


@given(st.sampled_from(["a", "[ab]", r"\w"]), st.sampled_from(["a", "[ab]", r"\w"]), REPEATS, REPEATS)
def test_repeats_side_by_side_of_the_same_letters_are_seen(a: str, b: str, one: str, other: str) -> None:
    assert not is_linear(f"{a}{one}{b}{other}$", anchored=True)
    assert is_linear(f"{a}{one}-{b}{other}$", anchored=True)
