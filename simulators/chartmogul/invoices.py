"""Invoices, as a function of seed and number: the first that each customer paid, with what went wrong."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from simulators.chartmogul.history import DAY, END, PARTS, Key, PackedKeys, Step, part_id
from simulators.chartmogul.ledger import Ledger
from simulators.kit.seed import Customer, Terms

PERIODS = {"month": (30, 1), "year": (365, 12)}
"""Days of a billing period, and months."""


@dataclass(frozen=True, slots=True)
class Invoice:
    customer: Customer
    """Who was billed; perhaps merged into another since."""
    index: int
    uuid: str
    date: int
    mrr: int
    subscription: int
    last: bool
    """Of those that the customer has."""

    @property
    def key(self) -> Key:
        return self.date, part_id(self.customer.number, self.index)


@dataclass
class Invoices:
    ledger: Ledger
    _switched: dict[int, bool] = field(default_factory=dict)

    def newest_first(self, before: Key | None = None) -> Iterator[Invoice]:
        keys = self._keys
        position = len(keys) if before is None else bisect_left(keys, before)
        for index in range(position - 1, -1, -1):
            invoice = self._by_id(keys[index][1])
            if invoice and not self.ledger.customers.is_deleted(invoice.customer):
                yield invoice

    def of(self, customer: Customer) -> list[Invoice]:
        """Newest first, with those of customers that were merged into it."""
        parts = self.ledger.customers.parts(customer)
        made = [invoice for part in parts for invoice in self._made(part)]
        return sorted(made, key=lambda invoice: invoice.key, reverse=True)

    def find(self, uuid: str) -> Invoice | None:
        place = self.ledger.seed.number_in("inv", uuid)
        invoice = self._by_id(part_id(*place)) if place else None
        here = invoice and invoice.uuid == uuid and not self.ledger.customers.is_deleted(invoice.customer)
        return invoice if here else None

    def find_external_id(self, external_id: str) -> Invoice | None:
        number, _, index = external_id.removeprefix("in_").partition("_")
        if not (number.isdecimal() and index.isdecimal() and 1 <= int(number) <= self.ledger.seed.count):
            return None
        found = self._by_id(part_id(int(number), int(index)))
        return None if found is None or self.ledger.customers.is_deleted(found.customer) else found

    def is_disabled(self, invoice: Invoice) -> bool:
        by_seed = invoice.customer.number % 50 == 33 and invoice.index == 0
        return self._switched.get(invoice.key[1], by_seed)

    def switch(self, invoice: Invoice, *, disabled: bool) -> None:
        self._switched[invoice.key[1]] = disabled

    @cached_property
    def _keys(self) -> PackedKeys:
        seed = self.ledger.seed
        return PackedKeys(
            (date, part_id(number, index))
            for number in seed.numbers()
            for index, (date, _) in enumerate(self._dates(seed.terms(number)))
        )

    def _by_id(self, id: int) -> Invoice | None:
        number, index = divmod(id, PARTS)
        made = self._made(self.ledger.seed.customer(number))
        return made[index] if index < len(made) else None

    def _made(self, customer: Customer) -> list[Invoice]:
        if customer.number > self.ledger.seed.count:  # made while we run
            return []
        dates, uuid_of = self._dates(customer.terms), self.ledger.seed.uuid_of
        return [
            Invoice(
                customer, index, uuid_of("inv", customer.number, index, customer.terms.digest), date,
                step.after, step.subscription, index == len(dates) - 1,
            )
            for index, (date, step) in enumerate(dates)
        ]  # fmt: skip

    def _dates(self, terms: Terms) -> list[tuple[int, Step]]:
        """When a period began, while they paid, and the movement that last said how much."""
        steps = self.ledger.past.history.steps_of(terms)
        days = PERIODS[terms.plan.cycle][0]
        found = list[tuple[int, Step]]()
        for date in range(terms.since, END, days * DAY):
            if len(found) == self.ledger.seed.invoices:
                break
            last = next(step for step in reversed(steps) if step.at <= date)
            if last.after:
                found.append((date, last))
        return found
