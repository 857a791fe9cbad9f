"""The audit's chain, one for each account: a row has a number, and the hash of itself and all before it."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, Field

from models.audit import AuditRow
from models.base import Record
from models.canonical import canonical

WORKFLOW = "audit"

FIRST = "0" * 64
"""The hash before the first row."""

MOST_ROWS = 900
"""Of one run of the ledger: at 3.3 events a row Temporal suggests to begin anew near 1,240."""

MOST_KNOWN = 10_000
"""Of the newest rows it is known that they are there: told again, they are no second row."""


def ledger_id(account: str) -> str:
    return f"{WORKFLOW}/{account}"


class AuditPlace(Record):
    """Where a row stands: its number, from 1, and the hash of the chain with it."""

    number: int = 0
    head: str = FIRST


class AuditHead(AuditPlace):
    """The end of the chain. Runs of events that closed before `events_until` are in it."""

    events_until: AwareDatetime | None = None


class LedgerState(Record):
    """What a run of the ledger begins with. `known` are digests of ids, of the newest rows up to `number`,
    oldest first; `before` is the run id of the one before it, which has the rows."""

    account: str
    number: int = 0
    head: str = FIRST
    known: list[str] = []
    events_until: AwareDatetime | None = None
    most_rows: int = MOST_ROWS
    before: str = ""


class Append(Record):
    """Rows for the end of the chain, in order. `events_until` where all runs before it are told with them."""

    account: str
    rows: list[AuditRow] = []
    events_until: AwareDatetime | None = None


class Link(Record):
    """A row in its place. `row` is what was hashed: what later versions add to rows is not in older ones."""

    number: int = Field(ge=1)
    previous: str
    hash: str
    row: dict[str, Any]

    @property
    def place(self) -> AuditPlace:
        return AuditPlace(number=self.number, head=self.hash)

    @property
    def is_whole(self) -> bool:
        """Whether its hash is that of what it says."""
        return self.hash == hash_of(self.previous, self.number, self.row)


def content_of(row: AuditRow) -> dict[str, Any]:
    """Without what is left at its default, lest a field that is added changes the hashes of old rows."""
    return row.model_dump(mode="json", exclude_defaults=True)


def hash_of(previous: str, number: int, content: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{previous}\n{number}\n{canonical(content)}".encode()).hexdigest()


class Chain:
    """The end of the ledger, to which rows are added: by its run, and by whoever reads its history anew."""

    def __init__(self, start: LedgerState) -> None:
        self.number, self.head = start.number, start.head
        self._known = OrderedDict.fromkeys(start.known)

    @property
    def place(self) -> AuditPlace:
        return AuditPlace(number=self.number, head=self.head)

    @property
    def known(self) -> list[str]:
        return list(self._known)

    def append(self, row: AuditRow) -> Link | None:
        """None where it is there already."""
        id = _digest(row.id)
        if id in self._known:
            return None
        number, content = self.number + 1, content_of(row)
        link = Link(number=number, previous=self.head, hash=hash_of(self.head, number, content), row=content)
        self.number, self.head = number, link.hash
        self._known[id] = None
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return link


def _digest(id: str) -> str:
    return hashlib.sha256(id.encode()).hexdigest()[:16]
