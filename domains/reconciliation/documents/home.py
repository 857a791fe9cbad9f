"""The same documents in the books' home currency, where they agree in their own: the rate differs."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from domains.reconciliation.documents.amounts import converted
from domains.reconciliation.documents.given import key
from domains.reconciliation.documents.rows import Row
from domains.reconciliation.documents.values import name, sign
from domains.reconciliation.figures.rounding import half_away
from domains.reconciliation.rates import NoRate, Rates
from models.minor_units import decimals, said
from models.reconciliation.books import CashEntry, Document
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Party
from models.reconciliation.rules import Tolerance

MOST_WARNINGS = 20


class Homes:
    """Rows of their own, because they are in another currency. `warnings` are of what could not be said."""

    def __init__(self, rates: Rates | None, tolerance: Tolerance) -> None:
        self._rates, self._tolerance = rates, tolerance
        self._said: dict[str, None] = {}

    @property
    def warnings(self) -> Iterator[str]:
        yield from list(self._said)[:MOST_WARNINGS]

    def row(self, row: Row, left: Document, right: Document) -> Row | None:
        """None where a side has no home amount, or the documents differ already."""
        home = left.home_currency
        if row.difference or home is None or home == left.currency:
            return None
        ours, theirs = at_home(left.total, left.currency, left), self._billed(right, home)
        if ours is None or theirs is None:
            return None
        found = _beside(row, left, right, home, sign(left) * ours, sign(right) * theirs)
        if found.rest:
            self._explain(found, left, right, ours, theirs)
        return found

    def _billed(self, right: Document, home: str) -> int | None:
        if right.home_currency == home and (known := at_home(right.total, right.currency, right)) is not None:
            return known
        if self._rates is None or self._rates.currency != home:
            return None
        day = right.at.date() if right.at is not None else right.dated
        try:
            return self._rates.convert(right.total, right.currency, day) if day else None
        except NoRate as missing:
            self._said[f"{missing}: {home} of such documents is not compared"] = None
            return None

    def _explain(self, row: Row, left: Document, right: Document, ours: int, theirs: int) -> None:
        ours_rate = self._stated(left) or _rate(left.total, ours, left.currency, row.currency)
        theirs_rate = _rate(right.total, theirs, right.currency, row.currency)
        if ours_rate is not None and theirs_rate is not None and ours_rate != theirs_rate:
            by_rate = converted(left.total, left.currency, ours_rate, row.currency) - theirs
            amount = f"{said(left.total, left.currency)} {left.currency}"
            why = f"{amount} at {_text(ours_rate)} in the books, at {_text(theirs_rate)} in billing"
            row.explain(Cause.FX_DOCUMENT_RATE, sign(left) * by_rate, why, (key(left), key(right)))
        else:
            row.rule_out(Cause.FX_DOCUMENT_RATE, "both have one rate")
        within = max(self._tolerance.least, half_away(self._tolerance.per_line * max(1, len(left.lines))))
        if row.rest and abs(row.rest) <= within:
            row.explain(Cause.ROUNDING, row.rest, "the books convert line by line", (key(left),))

    def _stated(self, left: Document) -> Fraction | None:
        """The books' rate, if it makes the home amount. Which way round Xero's is, is not documented
        without doubt: what fits the other way round is turned, and said."""
        if not left.rate or left.home_total is None or left.home_currency is None:
            return None
        for rate in (Fraction(left.rate), 1 / Fraction(left.rate)):
            off = converted(left.total, left.currency, rate, left.home_currency) - left.home_total
            if abs(off) <= max(1, len(left.lines)):
                if rate != Fraction(left.rate):
                    self._said[f"{left.system}: its rates are units per home unit, and were turned round"] = (
                        None
                    )
                return rate
        return None


def at_home(minor: int, currency: str, record: Document | CashEntry) -> int | None:
    """As it says, or as its rate makes it: Xero tells no total in the home currency."""
    stated = record.home_total if isinstance(record, Document) else record.home_amount
    if stated is not None or record.rate is None or record.home_currency is None:
        return stated
    return converted(minor, currency, Fraction(record.rate), record.home_currency)


def _text(rate: Fraction) -> str:
    return f"{Decimal(rate.numerator) / Decimal(rate.denominator):.4f}"


def _rate(minor: int, home: int, currency: str, into: str) -> Fraction | None:
    if not minor:
        return None
    return Fraction(home, minor) * Fraction(10) ** (decimals(currency) - decimals(into))


def _beside(row: Row, left: Document, right: Document, home: str, ours: int, theirs: int) -> Row:
    return Row(
        comparison="documents",
        source=f"{row.source}/home",
        key=row.key,
        match=row.match,
        customer=row.customer,
        customer_name=row.customer_name,
        subject=name(right),
        currency=home,
        left=Party(side="accounting", system=left.system, ids=[left.id], minor=ours, link=left.link),
        right=Party(side="billing", system=right.system, ids=[right.id], minor=theirs, link=right.link),
    )
