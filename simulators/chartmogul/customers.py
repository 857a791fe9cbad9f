"""Which customers ChartMogul has: the seed's, less those that were merged into another or deleted."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain

from simulators.chartmogul.history import PackedKeys
from simulators.kit.seed import Customer, Seed


class Customers:
    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._merged_into: dict[int, Customer] = {}
        self._absorbed: dict[int, list[Customer]] = {}
        self._deleted: set[int] = set()

    def find(self, uuid: str) -> Customer | None:
        return self._if_here(self._seed.find(uuid))

    def find_survivor(self, uuid: str) -> Customer | None:
        """Also by the uuid of one that was merged into it."""
        customer = self._seed.find(uuid)
        return self._if_here(self.holder(customer)) if customer else None

    def find_email(self, email: str) -> Customer | None:
        return self._if_here(self._seed.find_email(email))

    def find_external_id(self, external_id: str) -> Customer | None:
        """A merged customer is found by each of its external ids."""
        customer = self._seed.find_external_id(external_id)
        return self.holder(customer) if customer and not self.is_deleted(customer) else None

    def holder(self, customer: Customer) -> Customer:
        """Itself, or the one into which it was merged."""
        return self._merged_into.get(customer.number, customer)

    def parts(self, customer: Customer) -> list[Customer]:
        """Itself, and all that were merged into it."""
        return [customer, *self._absorbed.get(customer.number, ())]

    def merge(self, gone: Customer, into: Customer) -> None:
        parts = self.parts(gone)
        self._absorbed.pop(gone.number, None)
        self._absorbed.setdefault(into.number, []).extend(parts)
        self._merged_into |= {part.number: into for part in parts}

    def delete(self, customer: Customer) -> None:
        self._deleted.add(customer.number)

    def is_deleted(self, customer: Customer) -> bool:
        """Itself, or the one into which it was merged."""
        return bool(self._deleted) and self.holder(customer).number in self._deleted

    def touched(self) -> set[int]:
        """Numbers of customers that are not for themselves any more, or not at all."""
        into = {holder.number for holder in self._merged_into.values()}
        return into | self._merged_into.keys() | self._deleted

    def numbers(self) -> Sequence[int]:
        numbers = self._seed.numbers()
        return [n for n in numbers if self._is_here(n)] if self._merged_into or self._deleted else numbers

    def after(self, number: int) -> Iterator[Customer]:
        """By number; after the last comes the first, until all were seen once."""
        last = self._seed.count
        numbers = chain(range(number + 1, last + 1), range(1, number + 1))
        return (self._seed.customer(n) for n in numbers if self._is_here(n))

    def by_first_day(self, position: int = 0) -> Iterator[Customer]:
        order = self._order
        numbers = (order[index][1] for index in range(position, len(order)))
        return (self._seed.customer(n) for n in numbers if self._is_here(n))

    def position_after(self, since: float, number: int) -> int:
        return bisect_right(self._order, (since, number))

    def _if_here(self, customer: Customer | None) -> Customer | None:
        return customer if customer and self._is_here(customer.number) else None

    def _is_here(self, number: int) -> bool:
        return number not in self._merged_into and number not in self._deleted

    @cached_property
    def _order(self) -> PackedKeys:
        """Second they became a customer, and number."""
        return PackedKeys((self._seed.terms(n).since, n) for n in self._seed.numbers())
