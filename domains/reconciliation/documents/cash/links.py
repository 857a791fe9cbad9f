"""Which of billing's documents an entry pays, whichever side's ids it names."""

from collections import defaultdict
from collections.abc import Iterable

from domains.reconciliation.documents.given import DocumentBooks, key, place
from domains.reconciliation.documents.matching import CREDITS
from domains.reconciliation.documents.numbers import Numbers, words
from domains.reconciliation.documents.sources import Feeds
from models.reconciliation.books import CashEntry, Document


class Payers:
    def __init__(self, given: DocumentBooks, numbers: Numbers, feeds: Feeds) -> None:
        self._numbers, self._feeds = numbers, feeds
        self._of_id: dict[str, list[Document]] = defaultdict(list)
        self._of_number: dict[str, list[Document]] = defaultdict(list)
        for each in given.billing:
            self._of_id[each.id].append(each)
            if each.number and each.kind not in CREDITS:
                self._of_number[numbers.plain(each.number)].append(each)
        self._others = {
            (each.side, each.id): each for side in (given.accounting, given.chartmogul) for each in side or ()
        }

    def of(self, entry: CashEntry) -> dict[str, Document]:
        """By their keys. A number that two documents have is nobody's."""
        found: dict[str, Document] = {}
        for name in entry.documents:
            if entry.side == "billing":
                found |= _by_key(it for it in self._of_id.get(name, ()) if place(it) == place(entry))
            elif entry.side == "chartmogul":
                found |= _by_key(it for it in self._of_id.get(name, ()) if self._feeds.may_be(entry, it))
            other = self._others.get((entry.side, name))
            found |= _by_key(self._named(other) if other is not None else self._number(name))
        return found

    def own(self, entry: CashEntry) -> list[Document]:
        """Documents of its own side."""
        return [it for name in entry.documents if (it := self._others.get((entry.side, name))) is not None]

    def _named(self, document: Document) -> list[Document]:
        number = self._numbers.plain(document.number)
        found = self._of_number.get(number, []) if number else []
        by_number = found if len(found) == 1 else []
        ids = (word for text in (document.number, *document.references) for word in words(text))
        return by_number or [it for word in ids for it in self._of_id.get(word, ())]

    def _number(self, name: str) -> list[Document]:
        """Bare digits are an id of the books, which name what they pay by ids."""
        if name.isdigit():
            return []
        found = self._of_number.get(self._numbers.plain(name), [])
        return found if len(found) == 1 else []


def _by_key(documents: Iterable[Document]) -> dict[str, Document]:
    return {key(each): each for each in documents}
