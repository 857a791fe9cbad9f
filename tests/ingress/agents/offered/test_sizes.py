"""What the tools take of an agent's room, and the words by which it chooses them."""

import hashlib
import json
from datetime import date
from typing import Any

from ingress.agents.declaration import Caller
from ingress.agents.tools import TOOLS
from ingress.agents.tools.get_churn import get_churn
from ingress.agents.tools.get_customer import get_customer
from ingress.agents.tools.get_mrr_movements import get_mrr_movements
from ingress.agents.tools.get_subscription_metrics import get_subscription_metrics
from ingress.agents.tools.list_subscriptions import list_subscriptions
from ingress.agents.tools.undo_run import SCOPES
from simulators.kit.control import Control

MOST_OF_ANSWER = 40_000

DESCRIPTIONS = "38eb194e067f57fd"
"""They are constants: who changes one changes this, and somebody reads it."""


def test_descriptions_are_as_they_were_read() -> None:
    said = json.dumps([[each.name, each.description] for each in TOOLS])
    assert len(TOOLS) == 14
    assert hashlib.sha256(said.encode()).hexdigest()[:16] == DESCRIPTIONS


def test_each_write_has_the_scope_that_its_undo_needs() -> None:
    writes = {each.name: each.scope for each in TOOLS if not each.hints.read_only and each.scope}
    assert writes == SCOPES


async def test_no_answer_is_long_of_the_largest_customer(caller: Caller, simulators: Control) -> None:
    simulators.reset(customers=40, seed=5, movements=200, invoices=100)
    row = simulators.customers(limit=1)[0]
    for _ in range(60):
        simulators.subscribe(row.uuid, 100, send=False)
    for number in range(60):
        simulators.set_attribute(row.uuid, f"key_{number}", "ö" * 250)
    year: dict[str, Any] = {"start_date": date(2024, 1, 1), "end_date": date(2024, 6, 30)}
    told = [
        await get_customer(
            caller, customer=row.uuid, include=["subscriptions", "movements", "invoices", "attributes"]
        ),
        await get_mrr_movements(caller, group_by="none", limit=100, **year),
        await get_mrr_movements(caller, group_by="customer", limit=100, **year),
        await get_churn(caller, limit=100, **year),
        await list_subscriptions(caller, customer=row.uuid, status="all", limit=100),
        await list_subscriptions(caller, status="all", limit=100),
        await get_subscription_metrics(
            caller, metrics=["mrr"], interval="day", start_date=date(2024, 1, 1), end_date=date(2024, 12, 31)
        ),
        await get_subscription_metrics(
            caller,
            metrics=[
                "mrr",
                "arr",
                "arpa",
                "asp",
                "customer_count",
                "customer_churn_rate",
                "mrr_churn_rate",
                "ltv",
            ],
            interval="week",
            start_date=date(2022, 1, 1),
            end_date=date(2024, 5, 1),
        ),
    ]
    sizes = {
        f"{number} {type(each).__name__}": len(each.model_dump_json().encode())
        for number, each in enumerate(told)
    }
    assert max(sizes.values()) <= MOST_OF_ANSWER, sizes
