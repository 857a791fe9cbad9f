"""ChartMogul's metrics by date."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from models.chartmogul_details import MetricSheet
from models.metrics import FIELDS, MetricFilter, MetricName, MetricQuery, unit_of
from models.reads.metrics import MetricSummary, SubscriptionMetrics
from operations.reads.account import NotAnswered, Source

MOST_NUMBERS = 1_000
"""Of one answer."""

PARTS = {
    "mrr-new-business": "new_business_cents",
    "mrr-expansion": "expansion_cents",
    "mrr-contraction": "contraction_cents",
    "mrr-churn": "churn_cents",
    "mrr-reactivation": "reactivation_cents",
}
THEIRS = {name: name.replace("_", "-") for name in FIELDS} | {"customer_count": "customers"}
"""Fields of ChartMogul's rows."""

ONLY_WITHIN_ALL = ("asp", "customer_churn_rate", "mrr_churn_rate", "ltv")
"""Of a day or a week they are in `/metrics/all` alone. UNVERIFIED: that their own addresses refuse it."""

SHORT = ("day", "week")


async def metrics(
    source: Source, wanted: Sequence[MetricName], query: MetricQuery, end: date
) -> SubscriptionMetrics:
    """`end` is the query's last day. Raises NotAnswered, IntegrationError."""
    names = list(dict.fromkeys(wanted))
    about = await source.about()
    sheet = await source.reads.metric(_path(names, query.interval), query)
    _refuse_too_many(len(sheet.entries) * len(names))
    parts = PARTS if names == ["mrr"] and len(sheet.entries) * (1 + len(PARTS)) <= MOST_NUMBERS else {}
    return SubscriptionMetrics.model_validate(
        about.envelope
        | {
            "interval": query.interval,
            "units": {FIELDS[name]: unit_of(name) for name in names},
            "points": [_point(row, names, parts) for row in sheet.entries],
            "summary": {FIELDS[name]: _summary(sheet, name) for name in names},
            "last_is_partial": end >= about.now().date(),
            "until": end,
        }
    )


def _path(names: Sequence[str], interval: str) -> str:
    if len(names) > 1 or (names[0] in ONLY_WITHIN_ALL and interval in SHORT):
        return "all"
    return names[0].replace("_", "-")


def _refuse_too_many(numbers: int) -> None:
    if numbers > MOST_NUMBERS:
        raise NotAnswered(
            "too_large", f"{numbers} numbers.", "Take a longer interval, a shorter range or fewer metrics."
        )


def _point(row: dict[str, Any], names: Sequence[str], parts: dict[str, str]) -> dict[str, Any]:
    found = {FIELDS[name]: _number(row.get(THEIRS[name])) for name in names}
    found |= {ours: _number(row.get(theirs)) for theirs, ours in parts.items()}
    return {"date": _day(row.get("date"))} | found


def _day(value: Any) -> str:
    return value[:10] if isinstance(value, str) else ""


def _number(value: Any) -> int | float | None:
    """Nothing else is told: text in its place may be anybody's."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _summary(sheet: MetricSheet, name: str) -> MetricSummary:
    """`/metrics/all` names the metric in each field."""
    said, theirs = sheet.summary, THEIRS[name]
    of_all = f"current-{theirs}" in said
    current, previous, change = (
        (f"current-{theirs}", f"previous-{theirs}", f"{theirs}-percentage-change")
        if of_all
        else ("current", "previous", "percentage-change")
    )
    return MetricSummary(
        current=_number(said.get(current)),
        previous=_number(said.get(previous)),
        change_percent=_number(said.get(change)),
    )


def query_of(
    start: date,
    end: date,
    interval: Any,
    plans: Sequence[str] = (),
    countries: Sequence[str] = (),
    filter: MetricFilter | None = None,
) -> MetricQuery:
    """Raises NotAnswered where the days are in the wrong order."""
    if start > end:
        raise NotAnswered("invalid_arguments", "start_date is after end_date.")
    return MetricQuery(
        start_date=start.isoformat(),
        end_date=end.isoformat(),
        interval=interval,
        plans=list(plans),
        countries=list(countries),
        filter=filter or MetricFilter(),
    )
