"""Causes that are seen over several rows: what moved to a new subscription, and who was merged."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from domains.reconciliation.matching import People, Row
from domains.reconciliation.rows import Differing, Figures
from models.reconciliation.books import BillingSubscription, Standing
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Explained

WITHIN = timedelta(days=7)


def migrated(differing: Sequence[Differing], people: People) -> None:
    """Equal and opposite, of one customer: one ended and the other one began within seven days."""
    by_customer: dict[str, list[Differing]] = defaultdict(list)
    for each in differing:
        if customer := customer_of(each.figures.row, people):
            by_customer[customer].append(each)
    for customer in sorted(by_customer):
        _migrated_of(sorted(by_customer[customer], key=lambda each: each.figures.row.ids))


def _migrated_of(rows: list[Differing]) -> None:
    for old in (each for each in rows if each.figures.difference > 0):
        for new in rows:
            opposite = new.figures.difference == -old.figures.difference
            if opposite and not old.causes and not new.causes and _followed(old.figures.row, new.figures.row):
                records = sorted({*old.figures.row.ids, *new.figures.row.ids})[:20]
                why = "the old one ended and the new one began within seven days, and they are equal"
                for each in (old, new):
                    minor = each.figures.difference
                    each.causes = [
                        Explained(cause=Cause.MIGRATED_SUBSCRIPTION, minor=minor, why=why, records=records)
                    ]


def _followed(old: Row, new: Row) -> bool:
    ends = [each for sub in old.billed if (each := _ended(sub)) is not None]
    begins = [each for sub in new.billed if (each := sub.started_at or sub.created_at) is not None]
    return any(abs(begin - end) <= WITHIN for end in ends for begin in begins)


def _ended(sub: BillingSubscription) -> datetime | None:
    return sub.ended_at if sub.standing is Standing.ENDED else None


def customer_of(row: Row, people: People) -> str:
    """ChartMogul's uuid, where there is one."""
    if row.counted:
        return row.counted[0].customer
    return people.sole(row.billed[0].customer_id) if row.billed else ""


def merged(rows: Iterable[Figures], found: list[Differing], people: People) -> list[Differing]:
    """Rows whose customer in billing is another one in ChartMogul: by customer they are opposite, and here
    they come to nothing."""
    by_row = {id(each.figures): each for each in found}
    for figures in rows:
        why = _merged_into(figures, people)
        if why:
            each = by_row.get(id(figures))
            if each is None:
                each = Differing(figures)
                found.append(each)
            records = figures.row.ids[:20]
            cause = Explained(cause=Cause.MERGED_CUSTOMER, minor=0, why=why, records=records)
            each.causes = [cause, *each.causes]
    return found


def _merged_into(figures: Figures, people: People) -> str:
    row = figures.row
    person = people.by_uuid.get(row.counted[0].customer) if row.counted and row.billed else None
    if person is None or not person.merged_from:
        return ""
    ids = {each.customer_id for each in row.billed}
    own = person.external_ids[0] if person.external_ids else ""
    if own in ids or ids.isdisjoint(person.external_ids):
        return ""
    return f"in ChartMogul it is {person.uuid}'s: by customer, the other way round at either of the two"
