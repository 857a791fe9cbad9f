"""A churn, and what ChartMogul answers about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.chartmogul import Customer, CustomerMovement
from models.event import EventSource
from models.events import MovementType, MrrMovement
from models.money import Money
from models.runs import Outcome
from models.templates.churn_save import ChurnSaveInput
from workflows.churn_save.facts import ChurnFacts
from workflows.churn_save.verdict import verdict

CHURNED = datetime(2026, 5, 20, 7, 2, 18, tzinfo=UTC)


def facts(**changes: Any) -> ChurnFacts:
    event = MrrMovement(
        account="default",
        movement_type=MovementType.CHURN,
        occurred_at=CHURNED,
        customer_uuid="cus_1",
        subscription_external_id="sub_1",
        amount=Money(cents=-4900, currency="USD"),
        source=EventSource.WEBHOOK,
    )
    return ChurnFacts(event=event, **{"customer": customer(mrr=0)} | changes)


def customer(**fields: Any) -> Customer:
    return Customer.model_validate({"uuid": "cus_1", "customer-since": "2025-03-02T09:14:07+00:00"} | fields)


NOW = CHURNED + timedelta(days=7)

LATER, SECOND, EARLIER = "2026-05-21T07:02:18+00:00", "2026-05-20T07:02:18+00:00", "2026-04-20T07:02:18+00:00"


def row(at: str, kind: str, change: int, mrr: int, subscription: str = "sub_1") -> CustomerMovement:
    return CustomerMovement.model_validate(
        {
            "date": at,
            "type": kind,
            "activity-mrr-movement": change,
            "activity-mrr": mrr,
            "subscription-external-id": subscription,
        }
    )


CHURN = row(SECOND, "churn", -212_500, 0)


def given(seen: ChurnFacts, received_at: datetime = CHURNED) -> ChurnSaveInput:
    return ChurnSaveInput.model_validate(
        {
            "event": seen.event,
            "route": "test",
            "options": {"channel": "#saves"},
            "received_at": received_at,
            "who_pays_decides": True,
        }
    )


def says(mrr: int, *rows: CustomerMovement, who: Customer | None = None, **more: Any) -> tuple[Outcome, str]:
    seen = facts(customer=who or customer(mrr=mrr), movements=list(rows), **more)
    found = verdict(given(seen), seen, 7, NOW)
    assert found is not None
    return found.outcome, f"{found.title} {found.words}"
