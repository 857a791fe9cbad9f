"""One value of a metric, as it is now."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from activities.definition import step_activity
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import Rejected
from models.metric_alert import MetricRead, MetricReading
from models.metrics import MetricQuery
from models.zones import day_in


class MetricAlertActivities:
    def __init__(self, clients: Mapping[str, ChartMogulClient]) -> None:
        self._clients = clients

    @step_activity("chartmogul.read_metric")
    async def read_metric(self, wanted: MetricRead) -> MetricReading:
        """Of the interval that runs, in the account's zone."""
        client = self._clients.get(wanted.account)
        if client is None:
            raise Rejected("chartmogul", f"There is no account {wanted.account} any more.")
        today = day_in(wanted.time_zone, datetime.now(UTC))
        query = MetricQuery(
            start_date=first_day(today, wanted.interval).isoformat(),
            end_date=today.isoformat(),
            interval=wanted.interval,
        )
        sheet = await client.reads.metric("all", query)
        name = {"customer_count": "customers"}.get(wanted.metric, wanted.metric.replace("_", "-"))
        row = sheet.entries[-1] if sheet.entries else {}
        account = await client.account()
        return MetricReading(value=_number(row.get(name)), date=today, currency=account.currency)


def first_day(day: date, interval: str) -> date:
    """Of the interval that the day is in; a week begins on Monday."""
    match interval:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case _:
            return day.replace(month=1, day=1)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
