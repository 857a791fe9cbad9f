"""What must agree between tables that were read on their own: a cheap alarm for a movement that was lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domains.warehouse.engine import Session
from models.warehouse import Mapping

SETTLING = timedelta(hours=1)
"""So long before a reading began a customer must have been at rest to be compared: tables are read one after
the other, and a movement between two readings is no fault."""

NEEDED = {
    "customers": {"customer_uuid", "mrr_cents"},
    "mrr_movements": {"customer_uuid", "activity_date", "mrr_after_cents"},
}


def comparable(mapping: Mapping) -> bool:
    """Whether the mapping keeps what is compared."""
    targets = [(mapping.target(name), needed) for name, needed in NEEDED.items()]
    return all(target and needed <= {each.name for each in target.written} for target, needed in targets)


def customers_at_odds(session: Session, mapping: Mapping, read_at: datetime, now: datetime) -> Sequence[str]:
    """Customers whose MRR is not what their last movement until `now` says, by uuid. `read_at` is when the
    older of the two tables' reading began. Of several movements in a second any may be the last. A movement
    that is missing may be taken back or only not read, so the last one with it and without it will do."""
    if not comparable(mapping):
        return []
    settled, until = (session.dialect.instant(each) for each in (read_at - SETTLING, now))
    rows = session.query(
        "with latest as (select customer_uuid, max(activity_date) as last_at, "
        "max(case when _missing_since is null then activity_date end) as last_present from mrr_movements "
        f"where _deleted_at is null and activity_date <= {until} group by customer_uuid), "
        "agreeing as (select c.customer_uuid from customers c "
        "inner join latest l on l.customer_uuid = c.customer_uuid "
        "inner join mrr_movements m on m.customer_uuid = l.customer_uuid and (m.activity_date = l.last_at "
        "or (m.activity_date = l.last_present and m._missing_since is null)) "
        "where m._deleted_at is null and m.mrr_after_cents = c.mrr_cents group by c.customer_uuid) "
        "select c.customer_uuid from customers c "
        "left join latest l on l.customer_uuid = c.customer_uuid "
        "left join agreeing a on a.customer_uuid = c.customer_uuid "
        "where c._deleted_at is null and c._missing_since is null and a.customer_uuid is null "
        f"and (l.last_at is null or l.last_at < {settled}) "
        "and (l.last_present is not null or c.mrr_cents <> 0) "
        "order by c.customer_uuid"
    )
    return [str(uuid) for (uuid,) in rows]
