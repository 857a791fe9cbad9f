"""Where a history is recorded, what a case of one is, and what several cases begin with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from temporalio.client import Client, WorkflowHandle

import temporal
from models.runs import Outcome
from simulators.kit.control import Control

Run = WorkflowHandle[Any, Any]

OPS = "#revops-alerts"


@dataclass(frozen=True)
class Studio:
    client: Client
    simulators: Control


@dataclass(frozen=True)
class Case:
    """`begin` brings a run about that comes to `outcome`, or of whose result `outcome` is true; its name
    is the history's. One that `begins_anew` has no result, and goes on as another run."""

    begin: Callable[[Studio], Awaitable[Run]]
    outcome: Outcome | Callable[[Any], bool]
    begins_anew: bool = False

    def is_met_by(self, result: Any) -> bool:
        if isinstance(self.outcome, Outcome):
            return bool(result.outcome is self.outcome)
        return self.outcome(result)

    @property
    def name(self) -> str:
        return self.begin.__name__


async def start(studio: Studio, workflow: str, given: BaseModel, result_type: type[Any], id: str = "") -> Run:
    return await studio.client.start_workflow(
        workflow,
        given,
        id=id or f"{workflow}/{datetime.now(UTC).timestamp()}",
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
        result_type=result_type,
    )


def days_ago(days: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)


def cancelled(studio: Studio, days: float) -> None:
    """Somebody cancelled so many days ago, and no webhook told."""
    customer = next(each for each in studio.simulators.customers(case="account") if each.mrr)
    studio.simulators.cancel(customer.uuid, at=days_ago(days), send=False)
