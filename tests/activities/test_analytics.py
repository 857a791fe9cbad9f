"""Rows as ChartMogul sends them: what cannot be read is counted, and costs nothing else."""

from datetime import UTC, datetime
from typing import Any

from activities.analytics import Rows

AS_OF = datetime(2026, 4, 15, tzinfo=UTC)


def row(**fields: Any) -> dict[str, Any]:
    good = {
        "customer-uuid": "cus_1",
        "date": "2026-01-05T12:00:00+00:00",
        "type": "new_biz",
        "activity-mrr-movement": 1000,
    }
    return good | fields


def test_what_cannot_be_read_is_counted() -> None:
    odd: list[dict[str, Any]] = [
        {},
        row(date="yesterday"),
        row(type=None),
        row(**{"customer-uuid": 7}),
        row(**{"activity-mrr-movement": "much"}),
        row(**{"activity-mrr-movement": 10**18}),
    ]
    found = Rows()
    found.add(
        [row(), *odd, row(date="2026-02-05T12:00:00Z", type="expansion"), row(**{"customer-uuid": "b"})]
    )
    found.add([row(**{"activity-mrr-movement": 99.6, "customer-uuid": "c"})])
    assert (len(found.movements), found.movements.unreadable) == (4, len(odd))
    [cohort] = found.count("UTC", AS_OF).cohorts
    assert (cohort.customers, cohort.mrr_cents) == (3, [2_100, 3_100, 3_100, 3_100])
