"""Alerts on metrics: which there are, and what one is to be after a wish."""

from collections.abc import Mapping
from typing import Any, Literal

from temporalio.client import Client, ScheduleActionStartWorkflow
from temporalio.service import RPCError, RPCStatusCode

from activities.runs.watching import PREFIX, alert_of, schedule_id
from models.metric_alert import MetricAlert, Threshold
from models.reads.run import NamedAlert
from operations.reads.account import NotAnswered

Action = Literal["create", "change", "pause", "resume", "delete"]

MOST_ALERTS = 50
"""Of an account."""


async def alerts(client: Client, account: str) -> list[NamedAlert]:
    """By name."""
    prefix = f"{PREFIX}{account}/"
    ids = [each.id async for each in await client.list_schedules() if each.id.startswith(prefix)]
    found = [(id, await alert(client, account, id.removeprefix(prefix))) for id in sorted(ids)[:MOST_ALERTS]]
    return [NamedAlert(name=id.removeprefix(prefix), alert=each) for id, each in found if each]


async def alert(client: Client, account: str, name: str) -> MetricAlert | None:
    try:
        described = await client.get_schedule_handle(schedule_id(account, name)).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    assert isinstance(described.schedule.action, ScheduleActionStartWorkflow)  # Temporal has no other
    return await alert_of(client, described.schedule)


async def wanted(
    client: Client, account: str, action: Action, name: str, given: Mapping[str, Any]
) -> MetricAlert | None:
    """What the alert is to be: None where it is to be none. `given` has those fields alone that were said.
    Raises NotAnswered."""
    there = await alert(client, account, name)
    if action == "create":
        made = _made({}, given)
        if there and there != made:
            raise NotAnswered("invalid_arguments", "There is such an alert.", "Use action change.")
        await _refuse_too_many(client, account)
        return made
    if action == "delete":
        return None
    if there is None:
        raise NotAnswered("invalid_arguments", "There is no such alert.", "Use action list, or create.")
    if action in ("pause", "resume"):
        return there.model_copy(update={"paused": action == "pause"})
    return _made(there.model_dump(), given)


def _made(before: Mapping[str, Any], given: Mapping[str, Any]) -> MetricAlert:
    rule = {name: given[name] for name in Threshold.model_fields if name in given}
    rest = {name: given[name] for name in MetricAlert.model_fields if name in given and name != "rule"}
    whole = {**before, **rest, "rule": {**before.get("rule", {}), **rule}}
    lacking = [name for name in ("metric", "condition", "value") if name not in whole["rule"]]
    if lacking or "channel" not in whole:
        said = ", ".join([*lacking, *([] if "channel" in whole else ["channel"])])
        raise NotAnswered("invalid_arguments", f"A new alert needs {said}.")
    return MetricAlert.model_validate(whole)


async def _refuse_too_many(client: Client, account: str) -> None:
    if len(await alerts(client, account)) >= MOST_ALERTS:
        raise NotAnswered("too_large", f"There are {MOST_ALERTS} alerts.", "Delete one first.")
