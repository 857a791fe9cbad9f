"""Subscriptions as a billing system has them: those of ChartMogul's simulator, by the same ids."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from simulators.billing.books import Bills
from simulators.chartmogul.invoices import PERIODS
from simulators.chartmogul.ledger import Ledger, SubscriptionState
from simulators.chartmogul.rows import EUR_PER_USD
from simulators.kit.seed import Customer, Plan, Seed


@dataclass(frozen=True)
class Subscription:
    id: str
    customer: Customer
    plan: Plan
    quantity: int
    unit: int
    """Of one seat and billing period, in the currency's smallest unit."""
    started: datetime
    ended: datetime | None
    past_due: bool

    @property
    def currency(self) -> str:
        return self.customer.invoice_currency

    @property
    def amount(self) -> int:
        return self.unit * self.quantity


class Subscriptions:
    def __init__(self, seed: Seed, bills: Bills) -> None:
        self._seed, self._bills, self._ledger = seed, bills, Ledger(seed)

    def all(self) -> Iterator[Subscription]:
        """By number of the customer."""
        for number in self._seed.numbers():
            yield from self.of(self._seed.customer(number))

    def find(self, id: str) -> Subscription | None:
        named = re.fullmatch(r"sub_(\d{1,8})(_\d+)?", id)
        number = int(named[1]) if named else 0
        if not 1 <= number <= self._seed.count:
            return None
        return next((each for each in self.of(self._seed.customer(number)) if each.id == id), None)

    def of(self, customer: Customer) -> list[Subscription]:
        return [self._made(customer, state) for state in self._ledger.subscriptions(customer)]

    def _made(self, customer: Customer, state: SubscriptionState) -> Subscription:
        months, bills = PERIODS[state.plan.cycle][1], self._bills.of(customer.external_id)
        of_it = [bill for bill in bills if bill.subscription == state.external_id]
        rate = EUR_PER_USD if customer.invoice_currency == "EUR" else 1
        return Subscription(
            id=state.external_id,
            customer=customer,
            plan=state.plan,
            quantity=state.quantity,
            unit=round(state.plan.cents * months * rate),
            started=state.start,
            ended=state.end,
            past_due=bool(of_it) and of_it[0].status == "open",
        )
