"""The report as one page: no script, nothing from elsewhere, made to be read on paper too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

import jinja2
from babel.dates import format_date

from domains.reconciliation.report import basis, charts, rows, totals
from domains.reconciliation.report.charts import Drawing
from domains.reconciliation.report.reviewed import COMPARISONS, Reviewed
from domains.reconciliation.report.table import Amount, Cell, Kind, Row, Table, amount
from domains.reconciliation.report.xlsx import is_link
from models.templates.reconciliation import Amounts

MOST_ROWS = 300
"""Of a table on the page: a browser, and a reader, take no more."""

ELSEWHERE = {
    "unexplained": "report.xlsx",
    "differences": "differences.csv",
    "documents": "documents.csv",
    "proposals": "proposals.csv",
}
"""Where the rows of a table are that are left out here."""


@dataclass(frozen=True)
class Section:
    """Drawings stand before the tables that say the same."""

    id: str
    title: str
    tables: Sequence["Shown"]
    drawings: Sequence[Drawing] = ()


@dataclass(frozen=True)
class Shown:
    """Of a table what the page has of it: `more` rows are elsewhere."""

    table: Table
    places: Sequence[int]
    rows: Sequence[Row]
    more: int

    def begins(self, place: int) -> bool:
        """Whether the row is the first of those that belong together."""
        group = self.table.group
        return not group or place == 0 or self.rows[place][:group] != self.rows[place - 1][:group]

    @property
    def elsewhere(self) -> str:
        return ELSEWHERE.get(self.table.name, "report.xlsx")


def write_html(path: Path, reviewed: Reviewed) -> None:
    template = _environment.get_template("report.html.jinja")
    page = template.stream(_said(reviewed))
    with path.open("wb") as file:
        page.dump(file, encoding="utf-8")


def _said(reviewed: Reviewed) -> Mapping[str, object]:
    judgement = reviewed.judgement
    year, month = map(int, reviewed.period.split("-"))
    return {
        "month": format_date(date(year, month, 1), "LLLL y", locale="en"),
        "judgement": judgement,
        "number": reviewed.number,
        "signed": reviewed.sign_off,
        "sentence": sentence(reviewed),
        "cards": totals.amounts(reviewed),
        "numbers": shown(totals.numbers(reviewed)),
        "sections": [each for each in _sections(reviewed) if any(it.rows for it in each.tables)],
        "local": lambda instant: basis.local(reviewed, instant),
    }


def sentence(reviewed: Reviewed) -> str:
    """The whole result in a line."""
    found = totals.amounts(reviewed)
    if not any(each.difference or each.explained or each.unexplained for each in found):
        return "ChartMogul's MRR and billing's are the same." if found else "No MRR was compared."
    return " ".join(map(_sentence, found))


def _sentence(each: Amounts) -> str:
    def said(minor: int) -> str:
        return f"{amount(abs(minor), each.currency).said} {each.currency}"

    if not each.difference:
        first = f"ChartMogul counts as much MRR as billing in {each.currency}"
    else:
        more = "more" if each.difference > 0 else "less"
        first = f"ChartMogul counts {said(each.difference)} {more} MRR than billing"
    if not each.unexplained:
        return f"{first}; nothing of it is unexplained."
    sign = "+" if each.unexplained > 0 else "−"
    return f"{first}; {sign}{said(each.unexplained)} is unexplained."


def _sections(reviewed: Reviewed) -> Iterable[Section]:
    yield Section("unexplained", "Unexplained", [shown(rows.unexplained(reviewed))])
    tie_out = [shown(totals.tie_out(reviewed)), shown(totals.whole_account(reviewed))]
    yield Section("tie-out", "Tie-out", tie_out, charts.waterfalls(reviewed))
    yield Section("causes", "By cause", [shown(totals.by_cause(reviewed))], charts.bars_by_cause(reviewed))
    ageing = [shown(totals.ageing(reviewed)), shown(totals.returning(reviewed))]
    yield Section("ageing", "Ageing", ageing, [charts.ages(reviewed)])
    yield Section("customers", "By customer", [shown(rows.customers(reviewed))])
    yield Section("differences", "By subscription", [shown(rows.differences(reviewed))])
    yield Section("documents", "Documents and cash", [shown(rows.documents(reviewed))])
    yield Section("restated", "Restated since", [shown(totals.restated(reviewed))])
    yield Section("proposals", "Proposals", [shown(basis.proposals(reviewed))])
    yield Section("basis", "What it rests on", [shown(each) for each in basis.all_of(reviewed)])
    yield Section("sign-off", "Sign-off", [shown(basis.sign_off(reviewed))])


def shown(table: Table) -> Shown:
    """Columns in which no row has anything are left out."""
    rows = iter(table.rows())
    first = list(islice(rows, MOST_ROWS))
    more = sum(1 for _ in rows)
    places = [
        place
        for place, column in enumerate(table.columns)
        if not column.detail and any(row[place] not in (None, "") for row in first)
    ]
    return Shown(table, places, first, more)


def words(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, Amount):
        return cell.said
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def tone(cell: Cell) -> str:
    return "minus" if isinstance(cell, Amount) and cell.minor < 0 else ""


_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"words": words, "tone": tone, "amount": amount}
_environment.tests |= {"link": is_link}
_environment.globals |= {
    "RIGHT": (Kind.AMOUNT, Kind.COUNT),
    "LINK": Kind.LINK,
    "COMPARISONS": COMPARISONS,
}
