"""Facts from lists read in bulk say what a single customer's own pages say."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from domains.crm.facts import FactsBuilder
from models.crm import CrmMapping
from models.crm_facts import CustomerFacts
from simulators.kit.control import Control
from simulators.kit.seed import PLANS


def everything(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {}
    while True:
        page = http.get(path, params=query).json()
        rows += page["entries"]
        if not page["has_more"]:
            return rows
        query["cursor"] = page["cursor"]


def all_facts(chartmogul: httpx.Client) -> dict[str, CustomerFacts]:
    builder = FactsBuilder(CrmMapping(), as_of=datetime.now(UTC), invoices=False)
    builder.add_plans(
        {"name": p.name, "external_id": p.external_id, "interval_unit": p.cycle, "interval_count": 1}
        for p in PLANS
    )
    builder.add_movements(everything(chartmogul, "/activities"))
    return {facts.uuid: facts for facts in builder.facts(everything(chartmogul, "/customers"))}


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
