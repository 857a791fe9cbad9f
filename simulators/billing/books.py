"""Invoices, and the attempts to collect them: those of ChartMogul's simulator, by the same ids."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from simulators.chartmogul.invoice_rows import invoice_row
from simulators.chartmogul.invoices import Invoice, Invoices
from simulators.chartmogul.ledger import Ledger
from simulators.kit.seed import Customer, Seed

Status = Literal["open", "paid", "voided", "lost"]
Kind = Literal["failed", "confirm", "paid", "voided", "lost"]
"""What an event tells of an invoice. `confirm`: the bank asks for it, which is a failure, too."""

RETRY_AFTER = timedelta(days=3)
DECLINES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "generic_decline": "Your card was declined.",
}


class NotPossible(Exception):
    """The invoice is in no state for that; the text says why."""


@dataclass(frozen=True)
class Attempt:
    id: str
    at: datetime
    why: str = ""
    """The code of the decline; empty where it went well."""

    @property
    def failed(self) -> bool:
        return bool(self.why)


@dataclass
class Bill:
    id: str
    customer: Customer
    number: str
    subscription: str
    minor: int
    """In the currency's smallest unit."""
    currency: str
    created: datetime
    status: Status
    attempts: list[Attempt]
    last: bool
    """Of the customer's."""
    closed_at: datetime | None = None
    next_attempt_at: datetime | None = None
    tried: int = field(init=False)

    def __post_init__(self) -> None:
        self.tried = len(self.attempts)

    @property
    def failures(self) -> list[Attempt]:
        return [each for each in self.attempts if each.failed]

    @property
    def due(self) -> int:
        return self.minor if self.status in ("open", "lost") else 0

    @property
    def changed_at(self) -> datetime:
        return max([self.created, *(each.at for each in self.attempts), self.closed_at or self.created])

    def fail(self, why: str, at: datetime, *, final: bool = False) -> Attempt:
        """As though no payment had gone well before, as ChartMogul's simulator has it."""
        if self.status in ("voided", "lost"):
            raise NotPossible(f"the invoice is {self.status}")
        self.status, self.closed_at, self.attempts = "open", None, self.failures
        self.next_attempt_at = None if final else at + RETRY_AFTER
        return self._try(Attempt(self._next_id(), at, why))

    def pay(self, at: datetime) -> Attempt:
        if self.status not in ("open", "lost"):
            raise NotPossible(f"the invoice is {self.status}")
        self._close("paid", at)
        return self._try(Attempt(self._next_id(), at))

    def void(self, at: datetime) -> None:
        if self.status == "paid":
            raise NotPossible("the invoice is paid")
        self._close("voided", at)

    def give_up(self, at: datetime) -> None:
        if self.status != "open":
            raise NotPossible(f"the invoice is {self.status}")
        self._close("lost", at)

    def _close(self, status: Status, at: datetime) -> None:
        self.status, self.closed_at, self.next_attempt_at = status, at, None

    def _try(self, attempt: Attempt) -> Attempt:
        self.attempts.append(attempt)
        self.tried += 1
        return attempt

    def _next_id(self) -> str:
        return f"{self.id.replace('in_', 'ch_', 1)}_{self.tried}"


class Bills:
    """Made from the seed when they are asked for; those that changed are kept."""

    def __init__(self, seed: Seed) -> None:
        self._invoices = Invoices(Ledger(seed))
        self._seed = seed
        self._kept: dict[str, Bill] = {}

    def find(self, id: str) -> Bill | None:
        if id in self._kept:
            return self._kept[id]
        invoice = self._invoices.find_external_id(id)
        return self._made(invoice) if invoice else None

    def keep(self, bill: Bill) -> None:
        """It is about to change."""
        self._kept.setdefault(bill.id, bill)

    def kept(self) -> list[Bill]:
        """Those that changed, the latest first."""
        return sorted(self._kept.values(), key=lambda bill: bill.changed_at, reverse=True)

    def of(self, external_id: str) -> list[Bill]:
        """A customer's, newest first."""
        customer = self._seed.find_external_id(external_id)
        found = self._invoices.of(customer) if customer else []
        return [self._now(invoice) for invoice in found]

    def newest_first(self) -> Iterator[Bill]:
        return map(self._now, self._invoices.newest_first())

    def _now(self, invoice: Invoice) -> Bill:
        return self._kept.get(_id(invoice)) or self._made(invoice)

    def _made(self, invoice: Invoice) -> Bill:
        row, customer = invoice_row(self._invoices, invoice), invoice.customer
        attempts = [_attempt(each) for each in row["transactions"] if each["type"] == "payment"]
        status: Status = "paid" if row["status"] == "refunded" else row["status"]
        created = _instant(row["date"])
        return Bill(
            id=row["external_id"],
            customer=customer,
            number=f"N{1000 + customer.number}-{invoice.index + 1:04}",
            subscription=row["line_items"][0]["subscription_external_id"],
            minor=sum(line["amount_in_cents"] for line in row["line_items"]),
            currency=row["currency"],
            created=created,
            status=status,
            attempts=attempts,
            last=invoice.last,
            closed_at=None if status == "open" else attempts[-1].at if attempts else created,
        )


def _id(invoice: Invoice) -> str:
    return f"in_{invoice.customer.number}_{invoice.index}"


def _attempt(row: dict[str, str]) -> Attempt:
    why = "generic_decline" if row["result"] == "failed" else ""
    return Attempt(row["external_id"], _instant(row["date"]), why)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
