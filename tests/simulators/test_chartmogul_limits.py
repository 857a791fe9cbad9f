"""ChartMogul's limits, where they are switched on: calls per second, and calls at once."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from simulators.control import Control


def test_calls_above_the_rate_are_refused(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.chartmogul(requests_per_second=3)
    answers = [chartmogul.get("/ping") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    refused = answers[-1]
    assert refused.json() == {"code": 429, "message": "Request rate exceeded", "param": None}
    assert "retry-after" not in refused.headers
    assert [call.status for call in simulators.calls("chartmogul")] == [200, 200, 200, 429, 429]
    time.sleep(1.05)
    assert chartmogul.get("/ping").status_code == 200


def test_calls_above_the_number_at_once_are_refused(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.chartmogul(connections=2)
    simulators.fault("chartmogul", "slow", times=None, delay_seconds=0.5)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: chartmogul.get("/ping"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503]
    assert {answer.text for answer in answers if answer.is_error} == {"503 Service Unavailable"}
    assert sorted(call.status or 0 for call in simulators.calls("chartmogul")) == [200, 200, 503, 503]
    assert chartmogul.get("/ping").status_code == 200
    assert simulators.faults()[0].hits == 3


def test_limits_are_off_unless_they_are_asked_for(simulators: Control, chartmogul: httpx.Client) -> None:
    assert {chartmogul.get("/ping").status_code for _ in range(60)} == {200}
