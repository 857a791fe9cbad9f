"""A6: alerts on metrics."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ingress.agents.declaration import Caller, Tool, ToolFailed
from ingress.agents.tools.answering import change, source_of, tool
from ingress.agents.tools.arguments import OR_NONE, Account, DryRun, Key
from ingress.agents.tools.hints import OVERWRITES
from models.changes import LONGEST_REASON, SHORTEST_REASON, MetricWatch
from models.metrics import Interval, MetricName
from models.reads.run import Alerts, RunAnswer
from operations import alerts

NAME = "watch_metric"


@tool
async def watch_metric(
    caller: Caller,
    action: Literal["create", "change", "pause", "resume", "delete", "list"],
    name: Annotated[str, Field(pattern="^[a-z0-9_-]{0,60}$", description="Of the alert")] = "",
    metric: Annotated[MetricName | None, OR_NONE] = None,
    condition: Annotated[Literal["above", "below"] | None, OR_NONE] = None,
    value: Annotated[float | None, Field(description="Cents, or percent of rates"), OR_NONE] = None,
    interval: Annotated[
        Interval | None, Field(description="Whose running value is looked at"), OR_NONE
    ] = None,
    every: Annotated[Literal["hour", "day"] | None, OR_NONE] = None,
    channel: Annotated[str, Field(pattern="^[#A-Za-z0-9_.-]{0,80}$", description="Of Slack")] = "",
    reason: Annotated[str, Field(description="Of a change", max_length=LONGEST_REASON)] = "",
    dry_run: DryRun = False,
    idempotency_key: Key = "",
    account: Account = "",
) -> RunAnswer | Alerts:
    source = source_of(caller, account)
    about = await source.about_if_it_answers()
    if action == "list":
        found = await alerts.alerts(caller.temporal, source.account)
        return Alerts.model_validate(about.envelope | {"alerts": found})
    if not name or len(reason) < SHORTEST_REASON:
        raise ToolFailed("invalid_arguments", f"It needs name, and a reason of {SHORTEST_REASON} letters.")
    given = _given(metric, condition, value, interval, every, channel) | {"time_zone": about.time_zone}
    alert = await alerts.wanted(caller.temporal, source.account, action, name, given)
    return await change(
        caller, source, NAME, MetricWatch(name=name, alert=alert), reason,
        action=action, dry_run=dry_run, idempotency_key=idempotency_key,
    )  # fmt: skip


def _given(
    metric: str | None,
    condition: str | None,
    value: float | None,
    interval: str | None,
    every: str | None,
    channel: str,
) -> dict[str, Any]:
    """Those that were said."""
    said = {"metric": metric, "condition": condition, "value": value, "interval": interval, "every": every}
    return {name: each for name, each in (said | {"channel": channel or None}).items() if each is not None}


TOOL = Tool(
    name=NAME,
    description="Alerts: Slack is told once when a metric crosses a value. create, change, pause, resume,"
    " delete are runs; list tells which there are.",
    scope="alerts.write",
    hints=OVERWRITES,
    call=watch_metric,
)
