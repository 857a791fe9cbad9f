"""Causes that are seen over several rows: what moved to a new subscription, and who was merged."""

from collections import defaultdict
from collections.abc import Sequence
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


def merged(rows: Sequence[Figures], found: list[Differing], people: People) -> list[Differing]:
    """Rows whose customer in billing is another one in ChartMogul: by customer they are opposite, and here
    they come to nothing."""
    by_row = {id(each.figures): each for each in found}
    both = [each for each in rows if each.row.counted and each.row.billed]
    owners: dict[str, set[str]] = defaultdict(set)
    for each in both:
        owners[each.row.counted[0].customer].update(sub.customer_id for sub in each.row.billed)
    for figures in both:
        customer = figures.row.counted[0].customer
        if _is_of_another(figures.row, customer, owners[customer], people):
            differing = by_row.get(id(figures)) or Differing(figures)
            if id(figures) not in by_row:
                found.append(differing)
            differing.causes = [_merged_into(customer, figures.row), *differing.causes]
    return found


def _is_of_another(row: Row, customer: str, owners: set[str], people: People) -> bool:
    """Its customer in billing is not the one that ChartMogul's customer was first: told by what was merged
    into that, or by several customers of billing that are one there."""
    person = people.by_uuid.get(customer)
    if person is None or not (person.merged_from or len(owners) > 1):
        return False
    own = next((each for each in person.external_ids if person.merged_from or each in owners), "")
    ids = {each.customer_id for each in row.billed}
    return own not in ids and not ids.isdisjoint(person.external_ids)


def _merged_into(customer: str, row: Row) -> Explained:
    why = f"in ChartMogul it is {customer}'s: by customer, the other way round at either of the two"
    return Explained(cause=Cause.MERGED_CUSTOMER, minor=0, why=why, records=row.ids[:20])
