"""What a month's MRR is judged from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from domains.reconciliation.rates import Rates
from models.reconciliation.books import (
    AccountSettings,
    AccountSheet,
    BillingSubscription,
    CashEntry,
    CountedCustomer,
    CountedLine,
    CountedSubscription,
    Document,
    Reading,
)
from models.reconciliation.findings import LinkProposal


@dataclass(frozen=True)
class MrrBooks:
    """`lines`: of the subscriptions that count, with all lines of their invoices. `gone` are ids that
    billing answers not to know any more. `confirmed` are links that a person has confirmed. `refunds` are
    billing's own, for imports that leave refunded invoices out. `documents` are billing's, for what their
    lines are of."""

    settings: AccountSettings
    subscriptions: Sequence[BillingSubscription]
    counted: Sequence[CountedSubscription]
    lines: Sequence[CountedLine] = ()
    customers: Sequence[CountedCustomer] = ()
    sheet: AccountSheet = field(default_factory=AccountSheet)
    readings: Sequence[Reading] = ()
    gone: Collection[str] = frozenset()
    confirmed: Sequence[LinkProposal] = ()
    refunds: Sequence[CashEntry] = ()
    documents: Sequence[Document] = ()
    rates: Rates | None = None
