"""How the recorded looks at a metric come about."""

from models.metric_alert import AlertInput, AlertState, MetricAlert, Threshold
from tests.histories.studio import OPS, Case, Run, Studio, start


async def _look(studio: Studio, value: float) -> Run:
    alert = MetricAlert(rule=Threshold(metric="mrr", condition="above", value=value), channel=OPS)
    given = AlertInput(account="default", name="recorded", alert=alert)
    return await start(studio, "metric_alert", given, AlertState)


async def crossed(studio: Studio) -> Run:
    return await _look(studio, 0)


async def not_crossed(studio: Studio) -> Run:
    return await _look(studio, 1e15)


CASES = [
    Case(crossed, lambda state: state.holds and not state.untold),
    Case(not_crossed, lambda state: not state.holds),
]
