"""ChartMogul's filter language, written from conditions of ours and never from anybody's text.

`field~OP~value~AND~field~OP~value`, texts in single quotes, several by comma. UNVERIFIED: how a quote within
a text is written, so that none is let through (`models.metrics.Value`).
"""

from collections.abc import Iterable, Iterator

from models.metrics import MetricFilter


def cfl(wanted: MetricFilter) -> str:
    """Empty where nothing is asked for."""
    return "~AND~".join(_conditions(wanted))


def _conditions(wanted: MetricFilter) -> Iterator[str]:
    lists: dict[str, Iterable[str]] = {
        "tags": wanted.tags,
        "plan_group": wanted.plan_groups,
        "customer_status": wanted.customer_statuses,
        "currency": wanted.currencies,
        "region": wanted.regions,
    }
    for field, values in lists.items():
        if values:
            yield f"{field}~ANY~{_quoted(values)}"
    if wanted.least_quantity:
        yield f"active_quantity~GTE~{wanted.least_quantity}"
    if wanted.most_quantity:
        yield f"active_quantity~LTE~{wanted.most_quantity}"
    for each in wanted.custom:
        yield f"custom.{each.key}~EQ~{_quoted([each.value])}"


def _quoted(values: Iterable[str]) -> str:
    return ",".join(f"'{value}'" for value in values)
