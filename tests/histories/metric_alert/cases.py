"""How the recorded looks at a metric come about."""

from models.metric_alert import AlertInput, AlertState, MetricAlert, Threshold
from tests.histories.studio import Case, Run, Studio, start

CHANNEL = "#revops-alerts"


async def _look(studio: Studio, value: float) -> Run:
    rule = Threshold(metric="mrr", condition="above", value=value)
    alert = MetricAlert(rule=rule, channel=CHANNEL, time_zone="Europe/Berlin")
    return await start(
        studio, "metric_alert", AlertInput(account="default", name="mrr", alert=alert), AlertState
    )


async def not_crossed(studio: Studio) -> Run:
    return await _look(studio, 10.0**14)


async def crossed(studio: Studio) -> Run:
    return await _look(studio, 1)


async def crossed_while_slack_is_away(studio: Studio) -> Run:
    studio.simulators.fault("slack", "status", status=503, times=2)
    return await _look(studio, 2)


CASES = [
    Case(not_crossed, lambda state: not state.holds),
    Case(crossed, lambda state: state.holds and not state.untold),
    Case(crossed_while_slack_is_away, lambda state: state.holds and not state.untold),
]
