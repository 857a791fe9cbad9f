"""What customers buy, and where it is billed: data sources, their plans, groups of plans."""

from dataclasses import dataclass, field
from typing import Any

from simulators.kit.seed import PLANS, Customer, Plan


@dataclass(frozen=True, slots=True)
class Source:
    uuid: str
    name: str
    system: str
    created_at: str


SOURCES = (
    Source("ds_7b0c4e5e-5a0e-11ee-8f0c-0b6d2f1a9c44", "Billing", "Custom", "2021-11-02T10:00:00.000Z"),
    Source("ds_1f2e3d4c-74b5-11ee-8820-478291cce06f", "Web shop", "Stripe", "2021-12-09T10:00:00.000Z"),
)
GROUPS = (
    ("plg_b53fdbfc-c5eb-4a61-a589-85146cf8d0ab", "Monthly plans", "month"),
    ("plg_5c6b3a1e-9d3d-4f5e-8a34-1f2d7f9c2b10", "Annual plans", "year"),
)


def source_of(customer: Customer | int) -> Source:
    number = customer if isinstance(customer, int) else customer.number
    return SOURCES[1] if number % 8 == 3 else SOURCES[0]


def plan_uuid(source: Source, plan: Plan) -> str:
    return f"pl_e205d990-56e3-013c-{SOURCES.index(source) + 1}{PLANS.index(plan):03x}-0aa13c1ddd04"


@dataclass
class Catalog:
    """The same plans in each data source. Newest first: so ChartMogul lists them."""

    renamed: dict[str, str] = field(default_factory=dict)
    """Names by uuid of plan."""

    def plans(self) -> list[dict[str, Any]]:
        return [self._row(source, plan) for source in reversed(SOURCES) for plan in reversed(PLANS)]

    def name(self, source: Source, plan: Plan) -> str:
        return self.renamed.get(plan_uuid(source, plan), plan.name)

    def groups(self) -> list[dict[str, Any]]:
        return [
            {"uuid": uuid, "name": name, "plans_count": len(self.members(uuid))} for uuid, name, _ in GROUPS
        ]

    def members(self, group: str) -> list[dict[str, Any]]:
        cycles = [cycle for uuid, _, cycle in GROUPS if uuid == group]
        return [row for row in self.plans() if row["interval_unit"] in cycles]

    def _row(self, source: Source, plan: Plan) -> dict[str, Any]:
        return {
            "uuid": plan_uuid(source, plan),
            "name": self.name(source, plan),
            "interval_count": 1,
            "interval_unit": plan.cycle,
            "data_source_uuid": source.uuid,
            "external_id": plan.external_id,
        }


def source_row(source: Source) -> dict[str, Any]:
    return {
        "uuid": source.uuid,
        "name": source.name,
        "system": source.system,
        "created_at": source.created_at,
        "status": "idle",
    }
