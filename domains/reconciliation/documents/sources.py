"""ChartMogul's data sources: which billing site feeds each of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from domains.reconciliation.documents.given import place
from models.reconciliation.books import CashEntry, Document
from models.reconciliation.rules import ReconciliationRules

SOURCE = "ds_"
R = TypeVar("R", Document, CashEntry)


class Feed(NamedTuple):
    """`name` is the data source's that counts: `also` are duplicates of it."""

    name: str
    place: str


class Feeds:
    """A record of ChartMogul's names its data source among its references."""

    def __init__(self, rules: ReconciliationRules) -> None:
        self._known: dict[str, Feed] = {}
        self._of_place: Mapping[str, str] = {f"{it.system}/{it.site}": it.data_source for it in rules.sources}
        for each in rules.sources:
            for uuid in (each.data_source, *each.also):
                self._known[uuid] = Feed(each.data_source, f"{each.system}/{each.site}")

    def of(self, record: Document | CashEntry) -> Feed | None:
        if record.side != "chartmogul":
            return None
        return next((self._known[it] for it in record.references if it in self._known), None)

    def may_be(self, left: Document | CashEntry, right: Document | CashEntry) -> bool:
        feed = self.of(left)
        return feed is None or feed.place == place(right)

    def name(self, where: str) -> str:
        """The data source of a billing site."""
        return self._of_place.get(where, f"chartmogul/{where}")

    def compared(self, records: Sequence[R]) -> list[R]:
        """Without those of data sources that the rules do not name."""
        return [it for it in records if self.of(it) is not None or not _has_source(it)]


def _has_source(record: Document | CashEntry) -> bool:
    return record.side == "chartmogul" and any(each.startswith(SOURCE) for each in record.references)
