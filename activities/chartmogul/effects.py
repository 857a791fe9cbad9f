"""What a write to ChartMogul did, or would do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from activities.chartmogul.values import Row, plain
from clients.kit.errors import OutcomeUnknown, Retryable
from models.effects import Action, Effect, Write

CUSTOMER, MERGE, DELETION, EVENT = "customer", "customer merge", "customer deletion", "subscription event"
LINE, INVOICE = "line item", "invoice"
"""Types of objects, by which an effect is known when it is taken back."""

CONFIRMED = "no clear answer came; it was there when it was looked for"
LOST = "an earlier try may have written it: what was there before is not known"


def effect_of(
    write: Write,
    object_type: str,
    action: Action,
    object_id: str | None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    row: Row | None = None,
    note: str | None = None,
) -> Effect:
    """`row` is the customer concerned, for its name and its page."""
    return Effect(
        system="chartmogul",
        object_type=object_type,
        object_id=object_id,
        label=label_of(row) if row else "",
        link=link_of(row) if row else None,
        action=action,
        key=write.key,
        before=None if before is None else dict(before),
        after=dict(after or {}),
        note=note,
    )


def skipped(
    write: Write, object_type: str, why: str, object_id: str | None = None, row: Row | None = None
) -> Effect:
    return effect_of(write, object_type, Action.SKIPPED, object_id, row=row, note=why)


def label_of(row: Row) -> str:
    return str(plain(row.get("company")) or plain(row.get("name")) or row.get("uuid") or "")


def link_of(row: Row) -> str | None:
    link = row.get("chartmogul-url")
    return link if isinstance(link, str) and link else None


@contextmanager
def after_a_write(done: bool = True) -> Iterator[None]:
    """What fails for now once something was written leaves open what came of it: the next try looks."""
    try:
        yield
    except Retryable as error:
        if not done:
            raise
        raise OutcomeUnknown(error.system, str(error), error.retry_after) from None
