"""What ChartMogul got to know after the snapshot of the month's end, of the time before it: what it says now,
less what it said then."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domains.reconciliation.snapshots import Snapshots
from models.reconciliation.books import AccountSheet, CountedSubscription
from models.templates.reconciliation import JudgeWork

CHARTMOGUL = "chartmogul"
Key = tuple[str, str]
"""Data source and subscription, whoever it is said to be of."""


@dataclass(frozen=True)
class AtCut:
    """Hundredths, by movements, as they were at the snapshot. None: ChartMogul was not read then."""

    sums: Mapping[Key, int] | None = None
    sheet: AccountSheet = field(default_factory=AccountSheet)

    def marked(self, counted: CountedSubscription) -> CountedSubscription:
        if self.sums is None or counted.by_movements is None:
            return counted
        late = counted.by_movements - self.sums.get(_key(counted), 0)
        return counted.model_copy(update={"late": late}) if late else counted

    def late(self, sheet: AccountSheet) -> int | None:
        """Of the whole account, also of what is gone since."""
        now, then = sheet.movements, self.sheet.movements
        return None if now is None or then is None else now - then


def at_cut(snapshots: Snapshots, work: JudgeWork) -> AtCut:
    """Raises Rejected where it is no longer what was read."""
    place = work.place.model_copy(update={"part": "cut", "number": 0})
    now = next((each for each in work.readings if each.reading.system == CHARTMOGUL), None)
    then = snapshots.reading(place, CHARTMOGUL, work.place.account)
    if then is None or now is None or now.place == place:
        return AtCut()
    rows = snapshots.all_rows(place, [then], "counted", CountedSubscription)
    sums = {_key(each): each.by_movements for each in rows if each.by_movements is not None}
    sheets = snapshots.all_rows(place, [then], "sheet", AccountSheet)
    return AtCut(sums, next(sheets, AccountSheet()))


def _key(counted: CountedSubscription) -> Key:
    return counted.source, counted.subscription_external_id or counted.customer
