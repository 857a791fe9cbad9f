"""sqlglot's compiled core parses twenty templates for each generator of DuckDB's SQL that it makes: that takes
longer than to parse a statement and to write it. What was made is used again."""

from typing import Any

from sqlglot.dialects.dialect import Dialect
from sqlglot.helper import name_sequence

_idle: dict[tuple[type[Any], str], list[Any]] = {}


def use_again() -> None:
    Dialect.generate = _generate


def _generate(self: Any, expression: Any, copy: bool = True, **options: Any) -> str:
    """A generator may come to need another one while it writes: each is used by one at a time."""
    kind = (type(self), repr((self.normalization_strategy, self.settings, sorted(options.items()))))
    idle = _idle.setdefault(kind, [])
    try:
        generator = idle.pop()
    except IndexError:
        generator = self.generator(**options)
    generator._next_name = name_sequence("_t")
    try:
        return str(generator.generate(expression, copy=copy))
    finally:
        idle.append(generator)
