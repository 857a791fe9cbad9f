"""Text that strangers wrote: customers' names, tags, plans, reasons. It is told as a value, and marked."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

LONGEST = 200
MARK = "…"


def plain(text: str, longest: int = LONGEST) -> str:
    """On one line, cut, and without what does not show: control, direction and joining characters."""
    kept = "".join(_shown(each) for each in text[: longest * 20])
    words = " ".join(kept.split())
    return words if len(words) <= longest else words[: longest - 1] + MARK


def _shown(letter: str) -> str:
    return letter if letter.isprintable() else " " if letter.isspace() else ""


class Foreign(str):
    """A text that is `plain`, whatever it is made of. Answers name the fields that hold one."""

    __slots__ = ()

    @classmethod
    def of(cls, value: Any) -> Self:
        return cls(plain(value if isinstance(value, str) else str(value)))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls.of, core_schema.str_schema())


def foreign(value: Any) -> Any:
    """A value of any kind: text in it is Foreign."""
    if isinstance(value, bool | int | float) or value is None:
        return value
    return Foreign.of(value)


def untrusted_fields(record: BaseModel) -> list[str]:
    """`customer.name`, `movements[].description`: where there is some such text."""
    named = (path for name in type(record).model_fields for path in _paths(getattr(record, name), name))
    return list(dict.fromkeys(named))


def _paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Foreign):
        yield from [path] if value else []
    for each, below in _inside(value, path):
        yield from _paths(each, below)


def _inside(value: Any, path: str) -> Iterator[tuple[Any, str]]:
    if isinstance(value, BaseModel):
        yield from ((getattr(value, name), f"{path}.{name}") for name in type(value).model_fields)
    elif isinstance(value, Mapping):
        yield from ((each, path) for pair in value.items() for each in pair)
    elif isinstance(value, list):
        yield from ((each, f"{path}[]") for each in value)
