"""Records of both sides with as little said as can be, and one month of one account."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from domains.reconciliation.cut import month_cut
from domains.reconciliation.given import MrrBooks
from domains.reconciliation.judge import MrrJudgement, judge
from domains.reconciliation.rates import Rate, Rates
from models.reconciliation.books import (
    AccountSettings,
    BillingDiscount,
    BillingItem,
    BillingSubscription,
    CountedCustomer,
    CountedLine,
    CountedSubscription,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentStatus,
    SourceSettings,
    Standing,
)
from models.reconciliation.causes import Cause
from models.reconciliation.rules import BillingSource, ReconciliationRules

SOURCE = "ds_1"
CUT = month_cut("2026-10", "Europe/Berlin")
Named = list[tuple[Cause, int]]


def at(text: str) -> datetime:
    """`2026-10-05` or `2026-10-31T23:30`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def item(amount: int | Decimal, **fields: Any) -> BillingItem:
    return BillingItem(**{"id": "it_1", "plan": "basic", "amount": Decimal(amount), **fields})


def coupon(**fields: Any) -> BillingDiscount:
    return BillingDiscount(**{"id": "co_1", "duration": "once", "start": at("2026-10-01"), **fields})


def billing(*items: BillingItem, **fields: Any) -> BillingSubscription:
    usual = {
        "system": "stripe",
        "site": "default",
        "id": "sub_1",
        "customer_id": "cust_1",
        "currency": "EUR",
        "standing": Standing.ACTIVE,
        "items": list(items),
        "started_at": at("2024-03-01"),
        "period_start": at("2026-10-05"),
        "period_end": at("2026-11-05"),
    }
    return BillingSubscription(**{**usual, **fields})


def billed(*lines: DocumentLine, **fields: Any) -> Document:
    usual = {
        "side": "billing",
        "system": "stripe",
        "site": "default",
        "id": "in_1",
        "kind": DocumentKind.INVOICE,
        "status": DocumentStatus.PAID,
        "currency": "EUR",
        "total": int(sum(each.net for each in lines)),
        "lines": list(lines),
    }
    return Document(**{**usual, **fields})


def line(amount: int, **fields: Any) -> CountedLine:
    usual = {
        "line": "li_1",
        "invoice": "inv_1",
        "source": SOURCE,
        "customer": "cus_1",
        "customer_external_id": "cust_1",
        "subscription_external_id": "sub_1",
        "plan": "basic",
        "kind": "subscription",
        "currency": "EUR",
        "amount": amount,
        "starts_at": at("2026-10-05"),
        "ends_at": at("2026-11-05"),
        "invoice_at": at("2026-10-05"),
        "invoice_status": "paid",
    }
    return CountedLine(**{**usual, **fields})


def counted(mrr: int | None, **fields: Any) -> CountedSubscription:
    usual = {
        "source": SOURCE,
        "customer": "cus_1",
        "subscription_external_id": "sub_1",
        "plan": "basic",
        "currency": "EUR",
        "by_movements": mrr,
    }
    return CountedSubscription(**{**usual, **fields})


def customer(**fields: Any) -> CountedCustomer:
    return CountedCustomer(**{"uuid": "cus_1", "external_ids": ["cust_1"], "sources": [SOURCE], **fields})


@dataclass
class Month:
    """One source, unless told otherwise. `source` and `settings` change what it says of itself."""

    subscriptions: Sequence[BillingSubscription] = ()
    counted: Sequence[CountedSubscription] = ()
    lines: Sequence[CountedLine] = ()
    customers: Sequence[CountedCustomer] | None = None
    system: str = "stripe"
    currency: str = "EUR"
    rates: Mapping[tuple[date, str], Decimal] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    sources: Iterable[SourceSettings] = ()

    def books(self) -> MrrBooks:
        mine = SourceSettings(**{"uuid": SOURCE, "name": "Billing", "system": self.system, **self.settings})
        account = AccountSettings(
            **{
                "currency": self.currency,
                "time_zone": "Europe/Berlin",
                "sources": [mine, *self.sources],
                **self.account,
            }
        )
        return MrrBooks(
            **{
                "settings": account,
                "subscriptions": self.subscriptions,
                "counted": self.counted,
                "lines": self.lines,
                "customers": [customer()] if self.customers is None else self.customers,
                "rates": Rates(self.currency, {at: Rate(at[0], each, "") for at, each in self.rates.items()}),
                **self.more,
            }
        )

    def configured(self) -> ReconciliationRules:
        zone = {"system": self.system, "data_source": SOURCE, "time_zone": "Europe/Berlin"}
        return ReconciliationRules(**{"sources": [BillingSource(**{**zone, **self.source})], **self.rules})

    def judged(self) -> MrrJudgement:
        return judge(self.books(), self.configured(), CUT)


def named(judgement: MrrJudgement) -> Named:
    return sorted((each.cause, each.minor) for found in judgement.findings for each in found.causes)


def unexplained(judgement: MrrJudgement) -> int:
    return sum(each.unexplained for each in judgement.findings)


def closes(judgement: MrrJudgement) -> bool:
    """Every row and every total, exactly."""
    rows = all(
        found.difference == (found.left.minor or 0) - (found.right.minor or 0)
        and found.difference == sum(each.minor for each in found.causes) + found.unexplained
        for found in judgement.findings
    )
    return rows and all(each.closes for each in judgement.tie_outs)
