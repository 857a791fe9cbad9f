"""ChartMogul's JSON of metrics."""

from collections.abc import Callable, Sequence
from typing import Any

from simulators.chartmogul.metrics import Interval

Row = dict[str, Any]
Number = int | float


def _arpa(it: Interval) -> int:
    return round(it.mrr / it.customers) if it.customers else 0


def _asp(it: Interval) -> int:
    return round(it.sums.cents.get("new_biz", 0) / it.sums.new) if it.sums.new else 0


def _customer_churn(it: Interval) -> float:
    return round(100 * it.sums.left / it.customers_before, 2) if it.customers_before else 0.0


def _mrr_churn(it: Interval) -> float:
    """Net: what grew is taken off, so it may be below zero."""
    lost = -sum(it.sums.cents.get(kind, 0) for kind in PARTS if kind != "new_biz")
    return round(100 * lost / it.mrr_before, 2) if it.mrr_before else 0.0


def _ltv(it: Interval) -> float:
    churn = _customer_churn(it)
    return round(_arpa(it) * 100 / churn, 1) if churn else 0.0


METRICS: dict[str, Callable[[Interval], Number]] = {
    "mrr": lambda it: it.mrr,
    "arr": lambda it: it.mrr * 12,
    "arpa": _arpa,
    "asp": _asp,
    "customer-count": lambda it: it.customers,
    "customer-churn-rate": _customer_churn,
    "mrr-churn-rate": _mrr_churn,
    "ltv": _ltv,
}
PARTS = {
    "new_biz": "mrr-new-business",
    "expansion": "mrr-expansion",
    "contraction": "mrr-contraction",
    "churn": "mrr-churn",
    "reactivation": "mrr-reactivation",
}


def metric_rows(intervals: Sequence[Interval], name: str) -> Row:
    """`name` is one of METRICS, or `all`."""
    if name == "all":
        return {"entries": _all(intervals), "summary": _summary_of_all(intervals)}
    values = [METRICS[name](it) for it in intervals]
    entries = [
        {"date": it.last_day.isoformat(), _field(name): value}
        | (_parts(it) if name == "mrr" else {})
        | {"percentage-change": _change(values, index)}
        for index, (it, value) in enumerate(zip(intervals, values, strict=True))
    ]
    return {"entries": entries, "summary": _summary(values)}


def _field(name: str) -> str:
    return "customers" if name == "customer-count" else name


def _parts(it: Interval) -> Row:
    return {field: it.sums.cents.get(kind, 0) for kind, field in PARTS.items()}


def _all(intervals: Sequence[Interval]) -> list[Row]:
    rows: list[Row] = [{"date": it.last_day.isoformat()} for it in intervals]
    for name, measure in METRICS.items():
        values = [measure(it) for it in intervals]
        for index, row in enumerate(rows):
            row[_field(name)] = values[index]
            row[f"{_field(name)}-percentage-change"] = _change(values, index)
    return rows


def _summary(values: Sequence[Number]) -> Row:
    now, before = (values[-1] if values else 0), (values[-2] if len(values) > 1 else 0)
    return {
        "current": now,
        "previous": before,
        "percentage-change": _change(values, len(values) - 1) if values else 0.0,
    }


def _summary_of_all(intervals: Sequence[Interval]) -> Row:
    row: Row = {}
    for name, measure in METRICS.items():
        summary, field = _summary([measure(it) for it in intervals]), _field(name)
        row[f"current-{field}"], row[f"previous-{field}"] = summary["current"], summary["previous"]
        row[f"{field}-percentage-change"] = summary["percentage-change"]
    return row


def _change(values: Sequence[Number], index: int) -> float:
    before = values[index - 1] if index else 0
    return round(100 * (values[index] - before) / before, 2) if before else 0.0
