"""What a document counts for in the sum of its month."""

from collections.abc import Iterable

from domains.reconciliation.documents.matching import CREDITS
from models.reconciliation.books import Document, DocumentStatus

DEAD = frozenset({DocumentStatus.VOIDED, DocumentStatus.DELETED, DocumentStatus.DRAFT})


def is_dead(document: Document) -> bool:
    return document.status in DEAD


def sign(document: Document) -> int:
    return -1 if document.kind in CREDITS else 1


def value(document: Document) -> int:
    """What is written off was invoiced, and counts."""
    return 0 if is_dead(document) else sign(document) * document.total


def worth(documents: Iterable[Document]) -> int:
    return sum(value(each) for each in documents)


def name(document: Document) -> str:
    """As people know it."""
    return document.number or document.id
