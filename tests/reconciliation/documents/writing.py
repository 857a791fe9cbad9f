"""Both sides of a sale, as billing and as the books would write it. Nothing here is the product's."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from models.reconciliation.books import (
    CashEntry,
    CashKind,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentStatus,
    MonthCut,
)
from models.reconciliation.rules import BillingSource, Books, ReconciliationRules

MONTH = "2026-10"
SOURCE = BillingSource(system="stripe", data_source="ds_1")
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "KWD")


def cut(zone: str = "UTC", period: str = MONTH) -> MonthCut:
    year, month = (int(each) for each in period.split("-"))
    start = datetime(year, month, 1, tzinfo=ZoneInfo(zone))
    end = (start + timedelta(days=monthrange(year, month)[1] + 1)).replace(day=1)
    return MonthCut(
        period=period, time_zone=zone, start=start.astimezone(UTC), end=end.replace(hour=0).astimezone(UTC)
    )


def rules(zone: str = "UTC", **books: Any) -> ReconciliationRules:
    return ReconciliationRules(
        sources=[SOURCE], accounting=Books(system="quickbooks", time_zone=zone, prefixes=["INV-"], **books)
    )


ALONE = ReconciliationRules(sources=[SOURCE])
"""No accounting system."""


def at(day: int, hour: int = 12, minute: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def in_billing(serial: int, total: int = 0, /, **more: Any) -> Document:
    given = {
        "side": "billing",
        "system": "stripe",
        "site": "default",
        "id": f"in_{serial}",
        "kind": DocumentKind.INVOICE,
        "number": f"INV-{serial:05}",
        "status": DocumentStatus.PAID,
        "at": at(10),
        "currency": "EUR",
        "customer_id": f"cus_{serial:06}",
        "total": total,
    }
    return Document(**(given | more))


def in_books(serial: int, total: int = 0, /, **more: Any) -> Document:
    """QuickBooks numbers in its own way only what it makes itself."""
    given = {
        "side": "accounting",
        "system": "quickbooks",
        "site": "default",
        "id": str(serial),
        "kind": DocumentKind.INVOICE,
        "number": f"INV-{serial:05}",
        "status": DocumentStatus.OPEN,
        "dated": date(2026, 10, 10),
        "currency": "EUR",
        "customer_id": str(serial % 97),
        "total": total,
    }
    return Document(**(given | more))


def in_mogul(serial: int, total: int = 0, /, **more: Any) -> Document:
    given = {
        "side": "chartmogul",
        "system": "chartmogul",
        "site": "ds_1",
        "id": f"inv_{serial}",
        "kind": DocumentKind.INVOICE,
        "status": DocumentStatus.PAID,
        "at": at(10),
        "currency": "EUR",
        "number": f"in_{serial}",
        "references": ["ds_1"],
        "total": total,
    }
    return Document(**(given | more))


def cash(side: str, name: str, amount: int, kind: CashKind = CashKind.PAYMENT, **more: Any) -> CashEntry:
    system = {"billing": "stripe", "accounting": "quickbooks", "chartmogul": "chartmogul"}[side]
    given = {"side": side, "system": system, "site": "default", "id": name, "kind": kind}
    when = {"dated": date(2026, 10, 10)} if side == "accounting" else {"at": at(10)}
    return CashEntry(**(given | when | {"currency": "EUR", "amount": amount} | more))


def whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def lines(nets: list[int], percent: Decimal) -> list[DocumentLine]:
    return [DocumentLine(net=Decimal(net), tax_percent=percent) for net in nets]


def tax_once(nets: list[int], percent: Decimal) -> int:
    return whole(Decimal(sum(nets)) * percent / 100)


def tax_line_by_line(nets: list[int], percent: Decimal) -> int:
    return sum(whole(Decimal(net) * percent / 100) for net in nets)


def uneven(random: Random) -> tuple[list[int], Decimal]:
    """Lines whose tax is not the same by line and once."""
    while True:
        percent = random.choice([Decimal("7.7"), Decimal(19), Decimal("20"), Decimal("8.1"), Decimal("5.5")])
        nets = [random.randint(100, 9_999)] * random.randint(2, 9)
        if tax_once(nets, percent) != tax_line_by_line(nets, percent):
            return nets, percent
