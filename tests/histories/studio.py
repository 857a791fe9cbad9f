"""Where a history is recorded, and what a case of one is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client, WorkflowHandle

from models.runs import Outcome
from simulators.kit.control import Control

Run = WorkflowHandle[Any, Any]


@dataclass(frozen=True)
class Studio:
    client: Client
    simulators: Control


@dataclass(frozen=True)
class Case:
    """`begin` brings a run about that comes to `outcome`, or of whose result `outcome` is true; its name
    is the history's."""

    begin: Callable[[Studio], Awaitable[Run]]
    outcome: Outcome | Callable[[Any], bool]

    def is_met_by(self, result: Any) -> bool:
        if isinstance(self.outcome, Outcome):
            return bool(result.outcome is self.outcome)
        return self.outcome(result)

    @property
    def name(self) -> str:
        return self.begin.__name__
