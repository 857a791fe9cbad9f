"""What is compared, and what comparing gives."""

from typing import NamedTuple

from pydantic import AwareDatetime

from models.base import Record
from models.reconciliation.books import CashEntry, Document
from models.reconciliation.findings import Finding, LinkProposal, TieOut


class DocumentBooks(Record):
    """The month and its neighbours: what is dated outside of it is the other half of what is in it. None of
    a side: it was not read, and nothing is said of it.

    `confirmed` are proposals that a person said yes to. `drifted` are `key`s of what changed while it was
    read.
    """

    billing: list[Document] = []
    accounting: list[Document] | None = None
    chartmogul: list[Document] | None = None
    cash: list[CashEntry] = []
    confirmed: list[LinkProposal] = []
    drifted: frozenset[str] = frozenset()
    accounting_read_at: AwareDatetime | None = None


class Compared(NamedTuple):
    findings: list[Finding]
    tie_outs: list[TieOut]
    proposals: list[LinkProposal]
    warnings: list[str]


def key(record: Document | CashEntry) -> str:
    """As links and findings name it."""
    return f"{record.system}/{record.site}/{record.id}"


def place(record: Document | CashEntry) -> str:
    """A system and site, as `stripe/default`."""
    return f"{record.system}/{record.site}"
