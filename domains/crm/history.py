"""The little that is kept of a customer's movements and payments while all of them are read."""

from collections.abc import Mapping
from sys import intern
from typing import Any

from models.chartmogul_values import text, whole_cents

_CYCLES = {"day": "daily", "month": "monthly", "year": "yearly"}


def cycle_name(unit: object, count: object) -> str:
    """`monthly`, `every 3 months`; empty where ChartMogul does not say."""
    if not isinstance(unit, str) or not unit:
        return ""
    if not isinstance(count, int) or count <= 1:
        return _CYCLES.get(unit, unit)
    return f"every {count} {unit}s"


class Line:
    """One subscription, or a chain of them that counts as one."""

    __slots__ = ("at", "cents", "plan", "source")

    def __init__(self) -> None:
        self.cents = 0
        self.at = float("-inf")
        self.plan = ""
        self.source = ""


class History:
    __slots__ = ("churned_at", "last_at", "last_cents", "last_type", "lines", "paid", "subscribed")

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.last_at = float("-inf")
        self.last_type: str | None = None
        self.last_cents = 0
        self.churned_at: float | None = None
        self.paid: dict[str, int] = {}
        """Cents by currency, refunds taken off."""
        self.subscribed: list[tuple[str, str]] = []

    def move(self, row: Mapping[str, Any], at: float) -> None:
        """Of several in one second the row that comes later counts as later."""
        cents, kind = whole_cents(row.get("activity-mrr-movement")), intern(row["type"])
        line = self._line(row)
        line.cents += cents
        if at >= line.at:
            line.at = at
            line.plan = intern(text(row.get("plan-external-id")) or line.plan)
            line.source = intern(text(row.get("billing-connector-uuid")) or line.source)
        if at >= self.last_at:
            self.last_at, self.last_type, self.last_cents = at, kind, cents
        if kind == "churn" and (self.churned_at is None or at > self.churned_at):
            self.churned_at = at

    def pay(self, cents: int, currency: str) -> None:
        self.paid[currency] = self.paid.get(currency, 0) + cents

    def subscribe(self, plan: str, cycle: str) -> None:
        self.subscribed.append((intern(plan), intern(cycle)))

    def _line(self, row: Mapping[str, Any]) -> Line:
        """By the set, where there is one: after a change of subscription only the difference moves."""
        key = text(row.get("subscription-set-external-id")) or text(row.get("subscription-external-id")) or ""
        line = self.lines.get(key)
        if line is None:
            line = self.lines[key] = Line()
        return line
