"""How far an operation is that takes long in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    READING = "reading"
    COMPARING = "comparing"


@dataclass(frozen=True)
class Doing:
    """`what` is a stream or an object, `rows` how many have been read of it."""

    stage: Stage
    what: str
    rows: int = 0


Told = Callable[[Doing], None]


def ignore(_: Doing) -> None:
    pass
