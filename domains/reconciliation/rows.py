"""A row's figures, and what is found of it."""

from dataclasses import dataclass, field

from domains.reconciliation.matching import Row
from models.reconciliation.findings import Explained, RuledOut


@dataclass(frozen=True)
class Figures:
    """Both sides of a row, in minor units of `currency`; None: it has no such record."""

    row: Row
    left: int | None
    right: int | None
    again: int
    currency: str
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> int:
        return (self.left or 0) + self.again - (self.right or 0)


@dataclass
class Differing:
    """A row, and what is found of it."""

    figures: Figures
    causes: list[Explained] = field(default_factory=list)
    unexplained: int = 0
    ruled_out: list[RuledOut] = field(default_factory=list)
