"""Whether two records are of one customer: each system has ids of its own."""

from collections import defaultdict
from collections.abc import Iterable

from models.reconciliation.books import CashEntry, Document

LONG = 6
"""Letters. `12` is somebody in every system."""


class Customers:
    """`alike` are pairs of records that something else has linked: they teach whose id is whose."""

    def __init__(self, alike: Iterable[tuple[Document | CashEntry, Document | CashEntry]]) -> None:
        known: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for left, right in alike:
            if left.customer_id and right.customer_id:
                known[left.system, left.site, left.customer_id].add(_own(right))
        self._known = {whose: others.pop() for whose, others in known.items() if len(others) == 1}

    def of(self, record: Document | CashEntry) -> tuple[str, ...]:
        """By what it may be recognised; nothing where it says nothing."""
        found = [_own(record)] if record.customer_id else []
        other = self._known.get((record.system, record.site, record.customer_id))
        if other:
            found.append(other)
        if len(record.customer_id) >= LONG and not record.customer_id.isdigit():
            found.append(f"id {record.customer_id}")
        if isinstance(record, Document) and record.email:
            found.append(f"mail {record.email.strip().casefold()}")
        if record.customer_name:
            found.append(f"name {' '.join(record.customer_name.split()).casefold()}")
        return tuple(found)


def _own(record: Document | CashEntry) -> str:
    return f"{record.system}/{record.site} {record.customer_id}"
