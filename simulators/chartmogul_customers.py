"""Which customers ChartMogul has: the seed's, less those that were merged into another."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, islice

from simulators.seed import Customer, Seed


class Customers:
    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._merged_into: dict[int, Customer] = {}
        self._absorbed: dict[int, list[Customer]] = {}

    def find(self, uuid: str) -> Customer | None:
        return self._if_here(self._seed.find(uuid))

    def find_email(self, email: str) -> Customer | None:
        return self._if_here(self._seed.find_email(email))

    def find_external_id(self, external_id: str) -> Customer | None:
        """A merged customer is found by each of its external ids."""
        customer = self._seed.find_external_id(external_id)
        return customer and self.holder(customer)

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

    def numbers(self) -> Sequence[int]:
        numbers = self._seed.numbers()
        return [n for n in numbers if n not in self._merged_into] if self._merged_into else numbers

    def after(self, number: int) -> Iterator[Customer]:
        """By number; after the last comes the first, until all were seen once."""
        last = self._seed.count
        numbers = chain(range(number + 1, last + 1), range(1, number + 1))
        return (self._seed.customer(n) for n in numbers if n not in self._merged_into)

    def by_first_day(self, position: int = 0) -> Iterator[Customer]:
        numbers = (number for _, number in islice(self._order, position, None))
        return (self._seed.customer(n) for n in numbers if n not in self._merged_into)

    def position_after(self, since: float, number: int) -> int:
        return bisect_right(self._order, (since, number))

    def _if_here(self, customer: Customer | None) -> Customer | None:
        return customer if customer and customer.number not in self._merged_into else None

    @cached_property
    def _order(self) -> list[tuple[float, int]]:
        """Day they became a customer, and number."""
        return sorted((self._seed.milestones(n)[0], n) for n in self._seed.numbers())
