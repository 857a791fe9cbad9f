"""Churn save, from a cancellation in ChartMogul to what Salesforce and Slack show."""

from models.effects import Action, Effect, Mode
from models.runs import Outcome
from simulators.control import Control
from tests.workflows.conftest import SECOND, Start


def cancelled(simulators: Control, case: str = "account", number: int = 0, **wish: object) -> dict[str, object]:
    """The body of the webhook that says so, without sending it."""
    customer = simulators.customers(case=case)[number]  # type: ignore[arg-type]
    return simulators.cancel(customer.uuid, send=False, **wish)  # type: ignore[arg-type]


def by_object(effects: list[Effect]) -> dict[str, Effect]:
    return {effect.object_type: effect for effect in effects}


async def test_a_cancellation_becomes_a_task_and_an_alert(simulators: Control, start: Start) -> None:
    body = cancelled(simulators, reason="Too expensive")
    result = await (await start(body)).result()
    assert result.outcome is Outcome.ACTED
    assert [(each.action, each.tries) for each in result.effects] == [(Action.CREATED, 1)] * 2
    [task], [message] = simulators.records("Task"), simulators.messages()
    assert by_object(result.effects)["Task"].object_id == task["Id"]
    assert by_object(result.effects)["message"].object_id == message["ts"]
    assert "Too expensive" in task["Description"]
