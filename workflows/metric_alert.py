"""Metric alert: look at a metric, and tell Slack once when it crosses its threshold."""

from datetime import timedelta

from temporalio import workflow

from activities.metric_alert import MetricAlertActivities
from models.metric_alert import AlertInput, AlertState, MetricRead, MetricReading, Threshold
from models.metrics import unit_of
from models.money import Money
from models.wording import long_day
from workflows.engine.ops import run_failure, tell_ops
from workflows.engine.steps import StepFailed, step

PATIENCE = timedelta(minutes=30)
"""For ChartMogul: the next look is due in an hour at the earliest."""


@workflow.defn(name="metric_alert")
class MetricAlertRun:
    """The last look's result says on which side of the threshold it was: state of the schedule, kept by
    Temporal. A first look that finds it crossed tells, too."""

    @workflow.run
    async def run(self, given: AlertInput) -> AlertState:
        rule = given.alert.rule
        reading = await _read(given)
        last = _of_the_same_rule(workflow.get_last_completion_result(AlertState), rule)
        if reading.value is None:
            return last or AlertState(rule=rule, holds=False)
        holds = rule.holds(reading.value)
        crosses = holds and not (last and last.holds)
        crossed_at = workflow.now() if crosses else last.crossed_at if last and holds else None
        untold = crosses or bool(holds and last and last.untold)
        if untold and crossed_at:
            key = f"alert:{given.account}:{given.name}:{crossed_at:%Y-%m-%dT%H:%M:%S}"
            untold = not await tell_ops(given.alert.channel, key, text_of(given, reading))
        workflow.set_current_details(text_of(given, reading) if holds else "Not crossed.")
        return AlertState(rule=rule, holds=holds, value=reading.value, crossed_at=crossed_at, untold=untold)


async def _read(given: AlertInput) -> MetricReading:
    rule, zone = given.alert.rule, given.alert.time_zone
    wanted = MetricRead(account=given.account, metric=rule.metric, interval=rule.interval, time_zone=zone)
    try:
        return await step(
            MetricAlertActivities.read_metric, wanted, summary=f"Read {rule.metric}", patience=PATIENCE
        )
    except StepFailed as failure:
        raise run_failure(failure) from None


def _of_the_same_rule(last: AlertState | None, rule: Threshold) -> AlertState | None:
    return last if last and last.rule == rule else None


def text_of(given: AlertInput, reading: MetricReading) -> str:
    """Numbers and names of ours alone."""
    rule = given.alert.rule
    metric = rule.metric.replace("_", " ")
    now, limit = _told(rule, reading.value or 0, reading), _told(rule, rule.value, reading)
    return (
        f"{metric} of account {given.account} is {now}, {rule.condition} {limit}"
        f" ({rule.interval} up to {long_day(reading.date)}). Alert {given.name}."
    )


def _told(rule: Threshold, value: float, reading: MetricReading) -> str:
    match unit_of(rule.metric):
        case "cents":
            return str(Money(cents=round(value), currency=reading.currency))
        case "percent":
            return f"{value:g} %"
        case _:
            return f"{value:,.0f}"
