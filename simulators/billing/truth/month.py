"""A month for demo and tests: most subscriptions agree, and each of the others differs for one reason."""

from datetime import datetime, timedelta
from typing import Any, get_args

from dateutil.relativedelta import relativedelta

from simulators.billing.truth.shapes import System

DAY, MONTH = timedelta(days=1), relativedelta(months=1)
SYSTEMS: tuple[System, ...] = get_args(System)
Wish = dict[str, Any]


def month(end: datetime, agreeing: int = 30) -> list[Wish]:
    """Subscriptions as `PUT /control/books` takes them, for a month that ends then. Ids name the reason; the
    `agree` ones agree."""
    plain = [_said(f"agree-{n}", SYSTEMS[n % 3], end, unit=4_900 + 100 * n) for n in range(agreeing)]
    return [*plain, *differing(end)]


def differing(end: datetime) -> list[Wish]:
    begin = end - 10 * DAY
    coupon = {"id": "welcome", "percent": "20", "duration": "once", "start": begin.isoformat()}
    return [
        _said("discount-rule", "stripe", end, coupon=coupon),
        _said("tax-included", "stripe", end, unit=11_900, tax_percent="19", tax_included=True,
              deviation="tax_not_imported"),
        _said("one-time-as-recurring", "stripe", end, unit=4_900, set_up_fee=50_000,
              deviation="fee_as_subscription"),
        _said("cancel-timing", "stripe", end, cancel_asked_at=begin + DAY, ends_at=begin + MONTH),
        _said("unpaid-counted", "stripe", end, unit=5_900, standing="unpaid", owed_since=begin),
        _said("duplicate-source", "stripe", end, unit=9_900, deviation="second_source"),
        _said("proration-flag", "stripe", end, upgraded_at=begin + 4 * DAY, upgraded_unit=16_000,
              deviation="proration_without_flag"),
        _said("paused-counted", "chargebee", end, unit=8_000, standing="paused", paused_at=begin + DAY),
        _said("unbilled-change", "chargebee", end, unit=1_200, quantity=10, quantity_agreed=14),
        _said("user-edit", "chargebee", end, unit=6_000, deviation="edited", deviates_to=9_000),
        _said("metered-counted", "recurly", end, unit=5_000, usage=3_740, deviation="usage_with_period"),
        _said("import-error", "recurly", end, unit=3_900, deviation="import_error"),
        _said("fx-rate-date", "recurly", end, currency="EUR", rate="1.08", rate_first="1.08"),
        _said("unexplained", "recurly", end, unit=7_000, deviation="odd_amount", deviates_to=7_711),
    ]  # fmt: skip


def _said(id: str, system: System, end: datetime, **more: Any) -> Wish:
    begin = end - 10 * DAY
    row = {
        "id": id,
        "system": system,
        "customer": f"customer-{id}",
        "company": id.replace("-", " ").capitalize(),
        "email": f"billing@{id}.example",
        "unit": 10_000,
        "started_at": begin - 180 * DAY,
        "period_start": begin,
        "period_end": begin + MONTH,
    }
    return {name: _text(value) for name, value in (row | more).items()}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
