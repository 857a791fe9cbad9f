"""Rows as ChartMogul sends them, few and readable, and loads of them."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from configuration.files import load as load_config
from domains.warehouse.files import Extract
from local.stack import EXAMPLE_CONFIG
from models.warehouse import Mapping, StreamMapping
from models.warehouse_loads import Load, Window

MAPPING = load_config(EXAMPLE_CONFIG / "warehouse.yaml", Mapping, "It is part of the repository.")
USED = {"mrr_movements", "customers", "customer_identities", "customer_tags", "subscriptions"}
FEW = Mapping(streams=[each for each in MAPPING.streams if each.target in USED])
"""Those that the suite has rows for."""
MOVEMENTS = Mapping(streams=[each for each in MAPPING.streams if each.target == "mrr_movements"])

FIRST_NIGHT = datetime(2026, 3, 1, 4, 15, tzinfo=UTC)

Row = dict[str, Any]


def mapping_of(target: str) -> StreamMapping:
    found = MAPPING.target(target)
    assert found is not None
    return found


def movement(number: int, cents: int = 1000, **fields: Any) -> Row:
    """One a day since 2026-01-01, each of a customer of its own."""
    at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=number)
    row = {
        "uuid": f"mov-{number}",
        "date": at.isoformat(),
        "type": "new_biz",
        "activity-mrr-movement": cents,
        "activity-mrr": cents,
        "activity-arr": 12 * cents,
        "currency": "USD",
        "customer-uuid": f"cus_{number}",
        "customer-external-id": f"ext-{number}",
        "customer-name": f"Customer {number}",
        "subscription-external-id": f"sub-{number}",
        "subscription-set-external-id": None,
        "plan-external-id": "team",
        "billing-connector-uuid": "ds_1",
        "description": "purchased the Team plan",
    }
    return row | {name.replace("_", "-"): value for name, value in fields.items()}


def as_row(number: int, who: str, second: int, kind: str, cents: int) -> Row:
    """A movement that was invented elsewhere."""
    at = datetime.fromtimestamp(second, UTC).isoformat()
    return movement(number, cents, date=at, type=kind, customer_uuid=who)


def customer(number: int, **fields: Any) -> Row:
    row = {
        "uuid": f"cus_{number}",
        "id": number,
        "external_id": f"ext-{number}",
        "external_ids": [f"ext-{number}"],
        "data_source_uuid": "ds_1",
        "data_source_uuids": ["ds_1"],
        "name": f"Customer {number}",
        "email": f"c{number}@example.com",
        "status": "Active",
        "customer-since": "2026-01-01T12:00:00+00:00",
        "mrr": 1000,
        "arr": 12000,
        "currency": "USD",
        "attributes": {"tags": ["beta"], "stripe": {}, "custom": {"seats": 3}},
    }
    return row | fields


class Nights:
    """Loads night after night; each has its own folder, run and attempt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = itertools.count()

    def load(
        self,
        rows: Sequence[Row],
        target: str = "mrr_movements",
        *,
        mapping: StreamMapping | None = None,
        window: tuple[int, int] | None = None,
        parents: Sequence[str] | None = None,
        **fields: Any,
    ) -> Load:
        """`window` in days since the first movement. `fields` go into the Load."""
        night = next(self._count)
        extract = Extract(self._folder / str(night), mapping or mapping_of(target))
        extract.add(rows)
        if parents is not None:
            extract.add_parents(parents)
        found = extract.finish()
        start = datetime(2026, 1, 1, tzinfo=UTC)
        given: dict[str, Any] = {
            "run_id": f"warehouse-export/default/{night}",
            "run_seq": night + 1,
            "attempt": 1,
            "mapping": mapping or mapping_of(target),
            "files": found.files,
            "scope_files": found.scope_files,
            "rows": found.rows,
            "rejected": found.rejected,
            "rejects": found.rejects,
            "emptied": found.emptied,
            "complete": True,
            "window": window
            and Window(start=start + timedelta(days=window[0]), end=start + timedelta(days=window[1])),
            "read_at": FIRST_NIGHT + timedelta(days=night),
        }
        return Load.model_validate(given | fields)
