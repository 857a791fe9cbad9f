"""In which month a record lies: by its instant where it has one, by the date as printed in the books."""

from dataclasses import dataclass
from datetime import date, timedelta

from models.reconciliation.books import CashEntry, Document, MonthCut
from models.zones import day_in

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Month:
    """`zone` is the one in which the sync tool dates what it writes into the books."""

    cut: MonthCut
    zone: str
    first: date
    after: date

    def has(self, record: Document | CashEntry) -> bool:
        """Never of a record that has neither date nor instant."""
        if record.side != "accounting" and record.at is not None:
            return self.cut.start <= record.at < self.cut.end
        day = self.day(record)
        return day is not None and self.first <= day < self.after

    def day(self, record: Document | CashEntry) -> date | None:
        """As the books have it, or would have it."""
        if record.dated is not None and (record.side == "accounting" or record.at is None):
            return record.dated
        return day_in(self.zone, record.at) if record.at is not None else None

    def paid_on(self, payout: CashEntry) -> date | None:
        """When it arrives, where the vendor says so."""
        return payout.dated or self.day(payout)

    def edge(self, printed: date, ours: date) -> bool:
        """Whether both lie within one day of the same end of the month, and of each other."""
        at_edge = any(end - A_DAY <= printed <= end for end in (self.first, self.after))
        return at_edge and abs(printed - ours) <= A_DAY


def month_of(cut: MonthCut, zone: str) -> Month:
    first = date.fromisoformat(f"{cut.period}-01")
    return Month(cut, zone, first, date(first.year + first.month // 12, first.month % 12 + 1, 1))
