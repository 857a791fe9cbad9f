"""Customers who leave, and what becomes of their runs meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle

from models.chartmogul import MovementWebhook
from models.events import MrrMovement, movement_from_webhook
from models.runs import RunResult
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests.waiting import until, until_listed
from tests.workflows.conftest import SECOND, Start, until_effects

LONG_ENOUGH = 8 * SECOND
"""In days: what a test does between the effects and the look that follows is done by then, on a busy machine,
too."""

Run = WorkflowHandle[Any, RunResult]


def then() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


def payers(simulators: Control) -> list[CustomerRow]:
    return [each for each in simulators.customers(case="account") if each.mrr > 20_000]


def left(simulators: Control, **wish: Any) -> dict[str, Any]:
    """The webhook's body of somebody who left five minutes ago."""
    return simulators.cancel(payers(simulators)[0].uuid, send=False, **{"at": then()} | wish)


def uuid_of(body: dict[str, Any]) -> str:
    return str(body["customer"]["uuid"])


async def acted_on(start: Start, body: dict[str, Any], *days: float, **wish: Any) -> Run:
    handle = await start(body, check_back_days=list(days) or [LONG_ENOUGH], **wish)
    await until_effects(handle, 2)
    return handle


def said(simulators: Control) -> str:
    """All that people can read."""
    texts = [each["text"] for each in simulators.messages()]
    return "\n".join([*texts, *(each["Description"] for each in simulators.records("Task"))])


async def until_open(client: Client, body: dict[str, Any]) -> None:
    """Their run is listed so."""
    await until_listed(client, f"Customer = '{uuid_of(body)}' AND ExecutionStatus = 'Running'")


def event_of(body: dict[str, Any]) -> MrrMovement:
    return movement_from_webhook(MovementWebhook.model_validate(body), "default")


async def back_and_read_again(simulators: Control, body: dict[str, Any], times: int = 1) -> None:
    """The customer returns while something is held up, and what is held up is read again."""
    simulators.reactivate(uuid_of(body), send=False)
    await until_read(simulators, body, readings(simulators, body) + times)


def readings(simulators: Control, body: dict[str, Any]) -> int:
    return len([call for call in simulators.calls("chartmogul") if call.path.endswith(uuid_of(body))])


def tried(simulators: Control, system: Any, path: str, times: int = 1) -> bool:
    calls = simulators.calls(system)
    return len([each for each in calls if path in each.path and each.method in ("PATCH", "POST")]) >= times


async def until_read(simulators: Control, body: dict[str, Any], times: int) -> None:
    await until(lambda: readings(simulators, body) >= times)
