"""What is known of a failed payment: the customer, the invoice as it stands now, and the attempts."""

from datetime import datetime

from temporalio import workflow

from models.base import Record
from models.billing import InvoiceNow
from models.chartmogul import CustomerNow
from models.events import FailedPayment
from models.money import Money
from models.tagging import MOST_IDS
from temporal import HEARD, MOST_HEARD


class PaymentFacts(Record):
    """`invoice` is None where no system could be asked: then what the event said is all there is."""

    event: FailedPayment
    customer: CustomerNow | None = None
    invoice: InvoiceNow | None = None

    @property
    def is_unpaid(self) -> bool:
        return self.invoice is None or self.invoice.status == "open"

    @property
    def due(self) -> Money | None:
        """What is left to pay; of what is paid, what it was about."""
        left = self.invoice.due if self.invoice else None
        return left if left and left.cents else self.event.amount or left

    @property
    def name(self) -> str:
        known = self.customer.customer.label if self.customer else ""
        said = self.invoice.customer_name if self.invoice else ""
        return known or self.event.customer_name or said or "A customer ChartMogul does not know yet"

    @property
    def email(self) -> str | None:
        known = self.customer.customer.email if self.customer else None
        return known or (self.invoice.email if self.invoice else None)

    @property
    def external_ids(self) -> list[str]:
        """As the customer may be known elsewhere."""
        known = self.customer.customer.ids if self.customer else []
        return list(dict.fromkeys(filter(None, (self.event.customer_external_id, *known))))[:MOST_IDS]

    @property
    def mrr(self) -> Money | None:
        if self.customer is None:
            return None
        currency = self.customer.customer.currency or (self.due.currency if self.due else "USD")
        return Money(cents=self.customer.customer.mrr, currency=currency)

    @property
    def pay_link(self) -> str | None:
        return (self.invoice.pay_link if self.invoice else None) or self.event.link


class Attempts:
    """Those of one invoice, each once: its sources tell of the same in different words. The memo says which
    this run has heard of, so that a poll does not tell it again."""

    def __init__(self, first: FailedPayment) -> None:
        self.known = [first]
        self._heard = [first.event_id]

    def hear(self, told: FailedPayment) -> bool:
        """False where it is known already; what one source left open is then filled in from the other."""
        if told.event_id in self._heard or len(self._heard) >= MOST_HEARD:
            return False
        self._heard.append(told.event_id)
        workflow.upsert_memo({HEARD: self._heard})
        return self._add(told)

    def _add(self, told: FailedPayment) -> bool:
        for place, each in enumerate(self.known):
            if each.is_same_attempt(told):
                self.known[place] = _completed(each, told)
                return False
        self.known.append(told)
        return True

    @property
    def latest(self) -> FailedPayment:
        return max(self.known, key=lambda each: each.occurred_at)

    @property
    def number(self) -> int:
        return max(len(self.known), *(each.attempt or 0 for each in self.known))


def _completed(known: FailedPayment, told: FailedPayment) -> FailedPayment:
    names = ("transaction", "attempt", "next_attempt_at", "reason", "link", "customer_external_id")
    missing = {name: getattr(told, name) for name in names if not getattr(known, name)}
    return known.model_copy(update={name: value for name, value in missing.items() if value})


def days_since(event: FailedPayment, now: datetime) -> int:
    return max(0, (now - event.occurred_at).days)
