"""What a route may say of churn save."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.templates.churn_save import ChurnSaveOptions


@pytest.mark.parametrize(
    "options",
    [
        {"task": {"subject": "Call {customer} about {plan}, {mrr:>12}"}},
        {"task": {"subject": "Braces {{}} are fine"}},
        {"task": {"holidays": "DE"}},
        {"an_option_of_a_newer_version": True},
    ],
)
def test_what_a_run_can_work_with_is_taken(options: dict[str, Any]) -> None:
    ChurnSaveOptions.model_validate({"channel": "#saves"} | options)


@pytest.mark.parametrize(
    "options",
    [
        {"task": {"subject": "{name}"}},
        {"task": {"subject": "{"}},
        {"task": {"subject": "{0}"}},
        {"task": {"subject": "{customer!x}"}},
        {"task": {"subject": "{customer:d}"}},
        {"task": {"subject": "{customer:{foo}}"}},
        {"task": {"subject": "{customer.name}"}},
        {"task": {"holidays": "ZZ"}},
        {"alert_waits_seconds": 1e300},
        {"alert_waits_seconds": float("inf")},
        {"settling_seconds": -1},
        {"check_back_days": [0]},
        {"check_back_days": [400]},
        {"channel": ""},
    ],
)
def test_what_would_stop_a_run_is_refused_when_it_is_read(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChurnSaveOptions.model_validate({"channel": "#saves"} | options)
