"""Invoices of customers who are past due: there alone ChartMogul tells of payments that failed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import ValidationError

from clients.chartmogul.activities import named
from clients.chartmogul.dates import Row
from clients.kit.http import mismatches
from models.chartmogul import Invoice
from models.chartmogul_values import Unfit, instant

COLLECTED_WITHIN = timedelta(days=90)
"""Nobody tries for longer: a payment that fails now is of no older invoice."""

_UUID = re.compile("inv_[0-9a-f-]{36}")


@dataclass(frozen=True)
class InvoiceBlock:
    """`unreadable` names rows, and why."""

    rows: list[Invoice] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def block_of(rows: Iterable[Row], since: datetime) -> InvoiceBlock:
    """What cannot be read is named where a payment of it may have failed since then."""
    block = InvoiceBlock()
    for row in rows:
        try:
            invoice = Invoice.model_validate(row)
        except ValidationError as error:
            why = mismatches(error)
        else:
            block.rows.append(invoice)
            undated = any(each.failed and not each.date for each in invoice.transactions)
            why = "a payment that failed has no date" if undated else ""
        if why and not _ends_before(row, since - COLLECTED_WITHIN):
            block.unreadable.append(f"invoice {_name(row)}: {why}")
    return block


def _name(row: Row) -> str:
    uuid = row.get("uuid")
    return uuid if isinstance(uuid, str) and _UUID.fullmatch(uuid) else named(row)


def _ends_before(row: Row, earliest: datetime) -> bool:
    try:
        date = instant(row.get("date"))
    except Unfit:
        return False
    return date is not None and date < earliest
