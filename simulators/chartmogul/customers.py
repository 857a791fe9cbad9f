"""Which customers ChartMogul has: the seed's and those that were made since, less those that were merged into
another or deleted."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain

from simulators.chartmogul.catalog import source_of
from simulators.chartmogul.history import PackedKeys
from simulators.chartmogul.newcomers import Newcomers
from simulators.kit.seed import Customer, Seed


class Customers:
    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self.newcomers = Newcomers(seed)
        self._merged_into: dict[int, Customer] = {}
        self._absorbed: dict[int, list[Customer]] = {}
        self._deleted: set[int] = set()

    def find(self, uuid: str) -> Customer | None:
        return self._if_here(self._known(uuid))

    def find_survivor(self, uuid: str) -> Customer | None:
        """Also by the uuid of one that was merged into it."""
        customer = self._known(uuid)
        return self._if_here(self.holder(customer)) if customer else None

    def numbered(self, number: int) -> Customer:
        return self.newcomers.by_number(number) or self._seed.customer(number)

    def find_email(self, email: str) -> Customer | None:
        return self._if_here(self._seed.find_email(email))

    def find_external_id(self, external_id: str) -> Customer | None:
        """A merged customer is found by each of its external ids."""
        return next(iter(self.of_external_id(external_id)), None)

    def of_external_id(self, external_id: str) -> list[Customer]:
        """Each data source may have one."""
        holders = map(self.holder, self.parts_of_external_id(external_id))
        return list({each.number: each for each in holders}.values())

    def part(self, data_source: str, external_id: str) -> Customer | None:
        """As it was billed; perhaps it was merged into another since."""
        found = self.parts_of_external_id(external_id)
        return next((each for each in found if source_of(each).uuid == data_source), None)

    def parts_of_external_id(self, external_id: str) -> list[Customer]:
        seeded = self._seed.find_external_id(external_id)
        known = [*([seeded] if seeded else []), *self.newcomers.of_external_id(external_id)]
        return [each for each in known if not self.is_deleted(each)]

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

    def unmerge(self, part: Customer) -> None:
        """It is for itself again, under the uuid that it had: UNVERIFIED of ChartMogul."""
        into = self._merged_into.pop(part.number)
        left = [each for each in self._absorbed.pop(into.number) if each.number != part.number]
        if left:
            self._absorbed[into.number] = left

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
        numbers, more = self._seed.numbers(), self.newcomers.numbers()
        if not (more or self._merged_into or self._deleted):
            return numbers
        return [number for number in chain(numbers, more) if self._is_here(number)]

    def after(self, number: int) -> Iterator[Customer]:
        """By number; after the last comes the first, until all were seen once."""
        last = self._seed.count
        numbers = chain(range(number + 1, last + 1), range(1, number + 1))
        return (self._seed.customer(n) for n in numbers if self._is_here(n))

    def by_first_day(self, position: int = 0) -> Iterator[Customer]:
        """Those who never paid come last."""
        order = self._order
        seeded = (order[index][1] for index in range(position, len(order)))
        more = self.newcomers.numbers()[max(position - len(order), 0) :]
        return (self.numbered(n) for n in chain(seeded, more) if self._is_here(n))

    def position_after(self, since: float, number: int) -> int:
        if self.newcomers.has(number):
            return len(self._order) + self.newcomers.numbers().index(number) + 1
        return bisect_right(self._order, (since, number))

    def _known(self, uuid: str) -> Customer | None:
        return self._seed.find(uuid) or self.newcomers.find(uuid)

    def _if_here(self, customer: Customer | None) -> Customer | None:
        return customer if customer and self._is_here(customer.number) else None

    def _is_here(self, number: int) -> bool:
        return number not in self._merged_into and number not in self._deleted

    @cached_property
    def _order(self) -> PackedKeys:
        """Second they became a customer, and number."""
        return PackedKeys((self._seed.terms(n).since, n) for n in self._seed.numbers())
