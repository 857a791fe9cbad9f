"""What ChartMogul's answers mean for a churn."""

from typing import Any

import pytest

from models.chartmogul import CustomerMovement, Note, Subscription
from tests.workflows.churn_facts import CHURNED, customer, facts
from workflows.churn_save.facts import NOT_GIVEN


def subscription(external_id: str, status: str) -> Subscription:
    return Subscription(external_id=external_id, status=status, plan="Team Monthly")


def movement(at: str, kind: str, cents: int, mrr: int) -> CustomerMovement:
    return CustomerMovement.model_validate(
        {"date": at, "type": kind, "activity-mrr-movement": cents, "activity-mrr": mrr}
    )


def test_lifetime_value_is_mrr_over_the_months_it_ran() -> None:
    history = [
        movement("2026-05-20T07:02:18+00:00", "churn", -20000, 0),
        movement("2025-05-20T07:02:18+00:00", "new_biz", 10000, 10000),
        movement("2025-11-20T07:02:18+00:00", "expansion", 10000, 20000),
        movement("2026-07-20T07:02:18+00:00", "reactivation", 30000, 30000),
    ]
    value = facts(movements=history).lifetime_value
    assert value is not None
    assert value.currency == "USD"
    assert value.cents / 100 == pytest.approx(6 * 100 + 6 * 200, rel=0.02)


@pytest.mark.parametrize(
    ("since", "tenure"),
    [
        ("2025-03-02T09:14:07+00:00", "1 year 2 months"),
        ("2024-05-20T07:02:18+00:00", "2 years"),
        ("2026-04-19T07:02:18+00:00", "1 month"),
        ("2026-05-17T07:02:18+00:00", "3 days"),
        ("2026-05-20T07:00:00+00:00", "less than a day"),
        (None, ""),
    ],
)
def test_tenure_reads_as_people_say_it(since: str | None, tenure: str) -> None:
    assert facts(customer=customer(**{"customer-since": since})).tenure == tenure


@pytest.mark.parametrize(
    ("custom", "note", "reason"),
    [
        ({"cancellation_reason": " Too expensive "}, "called", "Too expensive"),
        ({"churn_reason": "Missing SSO"}, None, "Missing SSO"),
        ({"cancellation_reason": "", "churn_reason": None}, "Asked for SSO", "Asked for SSO"),
        ({"seats": 8}, None, NOT_GIVEN),
        ({"cancellation_reason": 3}, None, "3"),
    ],
)
def test_the_first_reason_found_counts(custom: dict[str, Any], note: str | None, reason: str) -> None:
    seen = facts(
        customer=customer(attributes={"custom": custom}),
        note=Note(text=note, created_at=CHURNED) if note else None,
    )
    assert seen.reason(["cancellation_reason", "churn_reason"]) == reason
