"""Where a history is recorded, and what a case of one is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client, WorkflowHandle

from models.runs import Outcome
from simulators.control import Control

Run = WorkflowHandle[Any, Any]


@dataclass(frozen=True)
class Studio:
    client: Client
    simulators: Control


@dataclass(frozen=True)
class Case:
    """`begin` brings a run about that comes to the outcome; its name is the history's."""

    begin: Callable[[Studio], Awaitable[Run]]
    outcome: Outcome

    @property
    def name(self) -> str:
        return self.begin.__name__
