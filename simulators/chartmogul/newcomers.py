"""Customers that were made through the API. They have no history, and pay nothing."""

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

from simulators.chartmogul.catalog import Source, source_of
from simulators.kit.seed import PLANS, Customer, Seed


class Newcomers:
    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._by_number: dict[int, Customer] = {}
        self._by_uuid: dict[str, Customer] = {}

    def add(self, source: Source, external_id: str, since: datetime) -> Customer:
        number = self._next_number(source)
        made = Customer(
            number=number,
            uuid=f"cus_{uuid4()}",
            external_id=external_id,
            name="",
            company="",
            email="",
            place=("", "", ""),
            plan=PLANS[0],
            quantity=1,
            since=since,
            case="none",
            draw=0,
            past_due=False,
            cancelled=False,
            grew=False,
            invoice_currency="USD",
            custom={},
            note=None,
            terms=self._seed.terms(number),
        )
        self._by_number[number] = self._by_uuid[made.uuid] = made
        return made

    def has(self, number: int) -> bool:
        return number in self._by_number

    def find(self, uuid: str) -> Customer | None:
        return self._by_uuid.get(uuid)

    def by_number(self, number: int) -> Customer | None:
        return self._by_number.get(number)

    def numbers(self) -> list[int]:
        """As they came."""
        return list(self._by_number)

    def of_external_id(self, external_id: str) -> Iterator[Customer]:
        return (each for each in self._by_number.values() if each.external_id == external_id)

    def _next_number(self, source: Source) -> int:
        """A customer's data source, and the tags that some have from the start, follow from its number."""
        number = max(self._seed.count, *self._by_number, 0) + 1
        while source_of(number) != source or number % 6 == 2:
            number += 1
        return number
