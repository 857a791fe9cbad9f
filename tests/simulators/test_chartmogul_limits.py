"""ChartMogul's limits, where they are switched on: calls per second, and calls at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from simulators.chartmogul.limits import Limits
from simulators.kit.control import Control
from simulators.kit.shapes import ChartMogulRules
from tests.waiting import until_blocking


def test_calls_above_the_rate_are_refused(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.chartmogul(requests_per_second=1)
    answers = [chartmogul.get("/ping")]
    while answers[-1].status_code != 429:
        answers.append(chartmogul.get("/ping"))
    refused = answers[-1]
    assert refused.json() == {"code": 429, "message": "Request rate exceeded", "param": None}
    assert "retry-after" not in refused.headers
    statuses = [answer.status_code for answer in answers]
    assert [call.status for call in simulators.calls("chartmogul")] == statuses
    until_blocking(lambda: chartmogul.get("/ping").status_code == 200, pause_seconds=1.1)


def test_rate_is_counted_over_the_last_second() -> None:
    clock = iter([0.0, 0.1, 0.2, 0.3, 1.15, 1.35])
    limits, rules = Limits(clock=lambda: next(clock)), ChartMogulRules(requests_per_second=3)
    statuses = []
    for _ in range(6):
        with limits.call(rules) as status:
            statuses.append(status)
    assert statuses == [None, None, None, 429, None, None]


@pytest.mark.slow
def test_calls_above_the_number_at_once_are_refused(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.chartmogul(connections=2)
    simulators.fault("chartmogul", "slow", times=2, delay_seconds=3)
    with ThreadPoolExecutor(2) as threads:
        taken = [threads.submit(chartmogul.get, "/ping") for _ in range(2)]
        until_blocking(lambda: simulators.faults()[0].hits == 2)
        refused = chartmogul.get("/ping")
    assert refused.status_code == 503
    assert refused.text == "503 Service Unavailable"
    assert [answer.result().status_code for answer in taken] == [200, 200]
    assert sorted(call.status or 0 for call in simulators.calls("chartmogul")) == [200, 200, 503]
    assert chartmogul.get("/ping").status_code == 200


def test_limits_are_off_unless_they_are_asked_for(simulators: Control, chartmogul: httpx.Client) -> None:
    assert {chartmogul.get("/ping").status_code for _ in range(60)} == {200}
