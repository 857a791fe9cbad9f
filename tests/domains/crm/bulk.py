"""Facts of all customers, from ChartMogul's lists."""

from datetime import UTC, datetime
from typing import Any

import httpx

from domains.crm.facts import FactsBuilder
from models.crm import CrmMapping
from models.crm_facts import CustomerFacts
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
