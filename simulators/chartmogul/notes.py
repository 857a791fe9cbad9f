"""Notes on customers: those they start with, and those written while we run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.kit.seed import Customer


@dataclass(frozen=True, slots=True)
class Note:
    uuid: str
    type: str
    text: str
    author: str
    created_at: datetime


class Notes:
    def __init__(self) -> None:
        self._written: dict[int, list[Note]] = {}

    def add(self, customer: Customer, note: Note) -> None:
        self._written.setdefault(customer.number, []).append(note)

    def of(self, customer: Customer) -> list[Note]:
        """Newest first."""
        old = [_seeded(customer, customer.note)] if customer.note else []
        written = self._written.get(customer.number, [])
        return sorted([*written, *old], key=lambda note: note.created_at, reverse=True)


def _seeded(customer: Customer, text: str) -> Note:
    # Within a month of the customer's first day, so that it is never in the future.
    day = customer.since + timedelta(days=customer.draw % 30)
    uuid = customer.uuid.replace("cus_", "note_", 1)
    return Note(uuid, "note", text, "Ana Roe (ana@mogulflow.example)", day)
