"""Tables with a row for each finding."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from domains.reconciliation.report.reviewed import COMPARISONS, SIDES, Reviewed, side_of
from domains.reconciliation.report.table import Amount, Cell, Column, Kind, Row, Table, amount
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Finding, Party

Pick = Callable[[Finding], bool]

FINDING = Column("finding", "Finding", detail=True)
COMPARISON = Column("comparison", "Compared")
SOURCE = Column("source", "Source")
CUSTOMER = Column("customer", "Customer id", detail=True)
NAME = Column("customer_name", "Customer")
SUBJECT = Column("subject", "Of")
CURRENCY = Column("currency", "Currency")
DIFFERENCE = Column("difference", "Difference", Kind.AMOUNT)
UNEXPLAINED = Column("unexplained", "Unexplained", Kind.AMOUNT)
OWNER = Column("owner", "Owner")
SEEN = Column("first_seen", "First seen", detail=True)
NOTES = Column("notes", "Notes", wide=True)
LINKS = (
    Column("chartmogul_link", "ChartMogul", Kind.LINK),
    Column("billing_link", "Billing", Kind.LINK),
)


def unexplained(reviewed: Reviewed) -> Table:
    columns = (
        FINDING, COMPARISON, SOURCE, CUSTOMER, NAME, SUBJECT, CURRENCY,
        Column("left_side", "First figure of", detail=True),
        Column("left", "ChartMogul or books", Kind.AMOUNT),
        Column("right_side", "Second figure of", detail=True), Column("right", "Billing", Kind.AMOUNT),
        DIFFERENCE, UNEXPLAINED, OWNER, SEEN, Column("ruled_out", "Ruled out", wide=True), NOTES, *LINKS,
    )  # fmt: skip

    def row(each: Finding) -> Row:
        ruled_out = "\n".join(f"{out.cause}: {out.why}" for out in each.ruled_out)
        return (
            *_head(reviewed, each),
            SIDES[each.left.side], _minor(each, each.left), SIDES[each.right.side], _minor(each, each.right),
            _amount(each, each.difference), _amount(each, each.unexplained),
            reviewed.owner_of(each), each.first_seen or reviewed.period, ruled_out, reviewed.notes_on(each),
            *_links(each),
        )  # fmt: skip

    said = "What no record explains. The machine closes none of these: a person says what becomes of each."
    found = _largest(reviewed, lambda each: each.is_open, lambda each: each.unexplained)
    return Table("unexplained", "Unexplained", columns, lambda: map(row, found), said)


def differences(reviewed: Reviewed) -> Table:
    """Of MRR."""
    columns = (
        FINDING, SOURCE, CUSTOMER, NAME, SUBJECT, Column("match", "Match", Kind.COUNT, detail=True), CURRENCY,
        Column("chartmogul", "ChartMogul", Kind.AMOUNT), Column("billing", "Billing", Kind.AMOUNT),
        DIFFERENCE, Column("explained", "Explained", Kind.AMOUNT, detail=True), UNEXPLAINED,
        Column("causes", "Causes", wide=True), Column("why", "Why", wide=True), OWNER, SEEN, NOTES, *LINKS,
    )  # fmt: skip

    def row(each: Finding) -> Row:
        id, _, *head, currency = _head(reviewed, each)
        return (
            id, *head, each.match, currency,
            _minor(each, each.left), _minor(each, each.right),
            _amount(each, each.difference), _amount(each, each.difference - each.unexplained),
            _amount(each, each.unexplained), _causes(each), _why(each),
            reviewed.owner_of(each), each.first_seen or reviewed.period, reviewed.notes_on(each),
            *_links(each),
        )  # fmt: skip

    found = _largest(reviewed, lambda each: each.comparison == "mrr", lambda each: each.difference)
    said = "MRR by subscription: ChartMogul − billing, largest first."
    return Table("differences", "Differences of MRR", columns, lambda: map(row, found), said)


def customers(reviewed: Reviewed) -> Table:
    """MRR of each customer: moves from one subscription to another one come to nothing here."""
    columns = (
        CUSTOMER, NAME, CURRENCY, Column("rows", "Subscriptions", Kind.COUNT),
        Column("chartmogul", "ChartMogul", Kind.AMOUNT), Column("billing", "Billing", Kind.AMOUNT),
        DIFFERENCE, UNEXPLAINED, Column("causes", "Causes", wide=True), *LINKS,
    )  # fmt: skip
    of: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for each in reviewed.differing():
        if each.comparison == "mrr":
            of[each.customer or each.id, each.currency].append(each)

    def row(customer: str, currency: str, found: list[Finding]) -> Row:
        causes: Counter[Cause] = Counter()
        for part in (part for each in found for part in each.causes):
            causes[part.cause] += part.minor
        sums = (
            sum(each.left.minor or 0 for each in found), sum(each.right.minor or 0 for each in found),
            sum(each.difference for each in found), sum(each.unexplained for each in found),
        )  # fmt: skip
        said = (f"{each} {amount(causes[each], currency).said}" for each in reviewed.in_order(causes))
        name = reviewed.name_of(found[0]) or customer
        figures = (amount(minor, currency) for minor in sums)
        return (customer, name, currency, len(found), *figures, "; ".join(said), *_links(found[0]))

    def rows() -> Iterator[Row]:
        gross = {key: abs(sum(each.difference for each in found)) for key, found in of.items()}
        for key in sorted(of, key=lambda key: (-gross[key], key)):
            yield row(*key, of[key])

    said = "MRR by customer: ChartMogul − billing, largest first. Merges and moves net out here."
    return Table("customers", "Customers", columns, rows, said)


def documents(reviewed: Reviewed) -> Table:
    """Three-way, of invoices and of cash."""
    sides = tuple(Column(side, title, Kind.AMOUNT) for side, title in SIDES.items())
    columns = (
        FINDING, COMPARISON, SOURCE, CUSTOMER, NAME, SUBJECT, CURRENCY, *sides,
        Column("reads", "Reads as"), DIFFERENCE, UNEXPLAINED,
        Column("causes", "Causes", wide=True), Column("why", "Why", wide=True), OWNER, NOTES, *LINKS,
        Column("accounting_link", "Accounting", Kind.LINK),
    )  # fmt: skip

    def row(each: Finding) -> Row:
        figures = [_minor(each, side_of(each, side)) for side in SIDES]
        return (
            *_head(reviewed, each), *figures, _reads(each, figures),
            _amount(each, each.difference), _amount(each, each.unexplained), _causes(each), _why(each),
            reviewed.owner_of(each), reviewed.notes_on(each), *_links(each), _link(each, "accounting"),
        )  # fmt: skip

    found = _largest(reviewed, lambda each: each.comparison != "mrr", lambda each: each.difference)
    said = "Each document and payment on all sides, accounting − billing, or ChartMogul − billing."
    return Table("documents", "Documents and cash", columns, lambda: map(row, found), said)


def causes(reviewed: Reviewed) -> Table:
    """A row for each part of a difference: what is unexplained is one of them, so that they sum up to it."""
    columns = (
        FINDING, COMPARISON, SOURCE, SUBJECT, CURRENCY, Column("cause", "Cause"),
        Column("amount", "Amount", Kind.AMOUNT), Column("why", "Why", wide=True),
        Column("records", "Records", wide=True), OWNER,
    )  # fmt: skip

    def parts(each: Finding) -> Iterator[Row]:
        id, comparison, source, _, _, subject, currency = _head(reviewed, each)
        head, owner = (id, comparison, source, subject, currency), reviewed.owner_of(each)
        for part in each.causes:
            minor = _amount(each, part.minor)
            yield (*head, part.cause.value, minor, part.why, " ".join(part.records), owner)
        if each.unexplained:
            yield (*head, "UNEXPLAINED", _amount(each, each.unexplained), "", "", owner)

    def rows() -> Iterator[Row]:
        for each in sorted(reviewed.differing(), key=_key):
            yield from parts(each)

    return Table("causes", "Causes of each difference", columns, rows)


def by_key(table: Table) -> Table:
    """The same rows, ordered as the month before: for files that are compared with each other."""
    return Table(table.name, table.title, table.columns, lambda: sorted(table.rows(), key=_first), table.said)


def _largest(reviewed: Reviewed, pick: Pick, of: Callable[[Finding], int]) -> list[Finding]:
    found = filter(pick, reviewed.differing())
    return sorted(found, key=lambda each: (-abs(of(each)), _key(each)))


def _key(each: Finding) -> tuple[str, ...]:
    return (each.comparison, each.source, each.currency, each.subject, each.id)


def _first(row: Row) -> str:
    return str(row[0])


def _head(reviewed: Reviewed, each: Finding) -> tuple[Cell, ...]:
    name, comparison = reviewed.name_of(each), COMPARISONS[each.comparison]
    return (each.id, comparison, each.source, each.customer, name, each.subject, each.currency)


def _amount(each: Finding, minor: int) -> Amount:
    return amount(minor, each.currency)


def _minor(each: Finding, party: Party | None) -> Amount | None:
    return None if party is None or party.minor is None else _amount(each, party.minor)


def _causes(each: Finding) -> str:
    return "; ".join(f"{part.cause} {_amount(each, part.minor).said}" for part in each.causes)


def _why(each: Finding) -> str:
    return "\n".join(filter(None, (part.why for part in each.causes)))


def _links(each: Finding) -> tuple[str, str]:
    return _link(each, "chartmogul"), _link(each, "billing")


def _link(each: Finding, side: str) -> str:
    party = side_of(each, side)
    return party.link if party else ""


def _reads(each: Finding, figures: Iterable[Amount | None]) -> str:
    """Who stands alone. A side that was compared and has no such record does, too."""
    chartmogul, billing, accounting = figures
    if any(side_of(each, side) is None for side in SIDES):
        return "two sides"
    if billing == accounting:
        return "ChartMogul differs" if chartmogul != billing else "all agree"
    if chartmogul == billing:
        return "accounting differs"
    return "billing differs" if chartmogul == accounting else "all differ"
