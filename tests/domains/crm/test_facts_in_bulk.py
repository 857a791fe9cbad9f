"""Facts from lists read in bulk say what a single customer's own pages say."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx

from simulators.kit.control import Control
from tests.domains.crm.bulk import all_facts, everything


def plans_of(chartmogul: httpx.Client, uuid: str) -> tuple[tuple[str, ...], str | None]:
    rows = [row for row in everything(chartmogul, f"/customers/{uuid}/subscriptions") if row["mrr"]]
    cycles = {"month": "monthly", "year": "yearly"}
    named = ", ".join(sorted({cycles[row["billing-cycle"]] for row in rows}))
    return tuple(sorted({row["plan"] for row in rows})), named or None


def test_plans_are_those_of_the_subscriptions(simulators: Control, chartmogul: httpx.Client) -> None:
    paying = [row.uuid for row in simulators.customers(limit=200) if row.mrr][:40]
    for number, uuid in enumerate(paying[:12]):
        (simulators.cancel, simulators.expand, simulators.contract)[number % 3](uuid, send=False)
    simulators.reactivate(paying[0], send=False)
    found = all_facts(chartmogul)
    assert len(found) == 200
    for uuid in paying:
        facts = found[uuid]
        assert (facts.plans, facts.billing_cycle) == plans_of(chartmogul, uuid), uuid


def test_who_left_and_who_came_back(simulators: Control, chartmogul: httpx.Client) -> None:
    left, back = [row.uuid for row in simulators.customers(limit=200) if row.status == "Active"][:2]
    for uuid in (left, back):
        simulators.cancel(uuid, send=False)
    simulators.reactivate(back, send=False)
    found = all_facts(chartmogul)
    today = datetime.now(UTC).date()
    assert (found[left].status, found[left].churned_on, found[left].mrr) == ("Cancelled", today, Decimal(0))
    assert found[left].last_movement_type == "churn"
    assert (found[back].status, found[back].churned_on) == ("Active", None)
    assert found[back].last_movement_type == "reactivation"
    assert found[back].last_movement_amount == found[back].mrr
