"""The report of a month: it closes, it says the same everywhere, and nothing of it runs."""

import csv
import os
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from clients.kit.errors import Rejected
from domains.reconciliation.report import basis, rows, totals
from domains.reconciliation.report.csv_files import write_csv
from domains.reconciliation.report.files import write_report
from domains.reconciliation.report.html import sentence, shown, write_html
from domains.reconciliation.report.reviewed import Reviewed
from domains.reconciliation.report.table import Amount, Column, Kind, Row, Table, amount
from domains.reconciliation.report.totals import AGES
from domains.reconciliation.report.xlsx import write_xlsx
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Judgement
from tests.domains.reconciliation.months import NASTY, findings, judgement, reviewed, signed

ROWS = 50_000 if os.environ.get("FIRE") == "full" else 2_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_report(folder, reviewed(sign_off=signed()))
    return folder


def read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


class Page(HTMLParser):
    """What a browser sees: elements with their attributes, and the words of each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page((folder / "report.html").read_text(encoding="utf-8"))


# -- sums


def test_every_sum_closes(folder: Path) -> None:
    """Parts → rows → totals, in minor units, from the files alone."""
    parts: Counter[str] = Counter()
    for part in read_csv(folder / "causes.csv"):
        parts[part["finding"]] += int(part["amount_minor"])
    found = [*read_csv(folder / "differences.csv"), *read_csv(folder / "documents.csv")]
    assert len(found) == len(findings())
    assert all(parts[row["finding"]] == int(row["difference_minor"]) for row in found)
    three = totals.amounts(reviewed())[0]
    assert three.explained + three.unexplained == three.difference
    assert three.difference == sum(int(row["difference_minor"]) for row in found if row["finding"] in mrr())
    assert three.unexplained == 15_40 - 2_50


def mrr() -> set[str]:
    return {each.id for each in findings() if each.comparison == "mrr"}


def test_the_tie_out_goes_from_billing_to_the_other_side() -> None:
    of = reviewed()
    for total in of.judgement.tie_outs:
        steps = totals.steps(of, total)
        assert steps[0].minor + sum(each.minor for each in steps[1:-1]) == steps[-1].minor
        assert (steps[0].title, steps[-1].title) == (
            "Billing",
            "ChartMogul" if total.comparison == "mrr" else "Accounting",
        )


def one_row_off(of: Judgement) -> Judgement:
    rows = [of.findings[0].model_copy(update={"unexplained": 1}), *of.findings[1:]]
    return of.model_copy(update={"findings": rows})


def one_total_off(of: Judgement) -> Judgement:
    totals = [of.tie_outs[0].model_copy(update={"left": 1}), *of.tie_outs[1:]]
    return of.model_copy(update={"tie_outs": totals})


def one_row_lost(of: Judgement) -> Judgement:
    return of.model_copy(update={"findings": of.findings[1:]})


@pytest.mark.parametrize(
    ("tamper", "said"),
    [(one_row_off, "row "), (one_total_off, "the total of mrr"), (one_row_lost, "mrr USD DISCOUNT_RULE: ")],
)  # fmt: skip
def test_what_does_not_close_is_not_written(tmp_path: Path, tamper: Any, said: str) -> None:
    with pytest.raises(Rejected, match="Sums do not close") as refused:
        write_report(tmp_path, reviewed(tamper(judgement())))
    assert said in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_it_says_in_a_sentence_what_the_three_numbers_are() -> None:
    assert sentence(reviewed()) == (
        "ChartMogul counts 573.91 USD more MRR than billing; +12.90 USD is unexplained."
    )
    assert sentence(reviewed(judgement([]))) == "No MRR was compared."
    explained = [each for each in findings() if not each.unexplained]
    assert sentence(reviewed(judgement(explained))).endswith("; nothing of it is unexplained.")


def test_a_month_that_was_stopped_says_why_and_has_no_numbers(tmp_path: Path) -> None:
    of = judgement([]).model_copy(update={"stopped": ["The last page of Stripe's list is missing."]})
    write_report(tmp_path, reviewed(of))
    words = Page((tmp_path / "report.html").read_text(encoding="utf-8")).words
    assert "Nothing was judged" in words
    assert "The last page of Stripe's list is missing." in words
    assert "Difference" not in words


# -- rows


def test_who_looks_after_a_row() -> None:
    of = reviewed()
    owners = {each.customer_name: of.owner_of(each) for each in of.judgement.findings}
    assert owners["Brightside Dental"] == "bea@acme.example"  # of the cause
    assert owners["Cobalt Labs"] == "ann@acme.example"  # of all else
    assert owners[f"Iris {NASTY}"] == "cara@acme.example"  # assigned


def test_age_is_counted_in_months_and_the_oldest_are_settings_to_decide() -> None:
    of = reviewed()
    by_age = Counter(str(row[0]) for row in totals.ageing(of).rows() for _ in range(int(str(row[2]))))
    assert by_age == Counter({AGES[0]: 7, AGES[1]: 2, AGES[2]: 2, AGES[3]: 2})
    advised = [row[0] for row in totals.returning(of).rows() if row[-1]]
    assert advised == ["IMPORT_ERROR", "TAX_INCLUDED"]


def test_three_sides_say_who_stands_alone(folder: Path) -> None:
    reads = {row["subject"]: row["reads"] for row in read_csv(folder / "documents.csv")}
    assert reads == dict.fromkeys(("INV-00000", "INV-00001", "INV-00002"), "accounting differs")


def test_a_side_that_was_not_compared_is_not_one_that_differs() -> None:
    row = next(each for each in findings() if each.comparison == "documents")
    two = row.model_copy(update={"third": None})
    none = row.model_copy(update={"left": row.left.model_copy(update={"minor": None})})
    tables = [rows.documents(reviewed(judgement([each]))) for each in (two, none)]
    reads = [column.name for column in tables[0].columns].index("reads")
    assert [next(iter(table.rows()))[reads] for table in tables] == ["two sides", "accounting differs"]


def test_moves_between_subscriptions_net_out_for_the_customer() -> None:
    old, new = findings()[2], findings()[2]
    moved = [
        old.model_copy(update={"id": "0" * 16, "difference": 60_00, "unexplained": 60_00, "causes": []}),
        new.model_copy(update={"id": "1" * 16, "difference": -60_00, "unexplained": -60_00, "causes": []}),
    ]
    [row] = rows.customers(reviewed(judgement(moved))).rows()
    assert row[3] == 2
    assert row[6] == amount(0, "USD")


def test_without_personal_data_names_are_left_out(tmp_path: Path) -> None:
    of = reviewed()
    rules = of.rules.model_copy(update={"keep_personal_data": False})
    write_report(tmp_path, Reviewed(judgement=of.judgement, rules=rules))
    for file in ("report.html", "differences.csv", "documents.csv"):
        assert "Acme Bakery" not in (tmp_path / file).read_text(encoding="utf-8")
    assert "cus_000000" in (tmp_path / "differences.csv").read_text(encoding="utf-8")


# -- CSV


def test_amounts_have_the_decimals_of_their_currency(tmp_path: Path) -> None:
    column = Column("amount", "Amount", Kind.AMOUNT)
    given = [amount(-1, "USD"), amount(5_000, "JPY"), amount(1_234, "KWD"), None, amount(10**16 + 1, "USD")]
    write_csv(tmp_path / "a.csv", Table("t", "T", (column,), lambda: [(each,) for each in given]))
    assert (tmp_path / "a.csv").read_bytes() == (
        b"amount,amount_minor\n-0.01,-1\n5000,5000\n1.234,1234\n,\n100000000000000.01,10000000000000001\n"
    )
    assert amount(-123_456, "USD").said == "−1,234.56"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a\r=1", "a\r\n=1"])
def test_no_spreadsheet_takes_a_text_for_a_formula(tmp_path: Path, text: str) -> None:
    table = Table("t", "T", (Column("name", "Name"),), lambda: [(text,)])
    write_csv(tmp_path / "a.csv", table)
    [row] = read_csv(tmp_path / "a.csv")
    assert row["name"] == ("" if text.startswith("a") else "'") + re.sub("\r\n?", "\n", text)
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_rows_of_files_are_in_the_order_of_their_keys(folder: Path) -> None:
    for name in ("differences.csv", "documents.csv"):
        keys = [row["finding"] for row in read_csv(folder / name)]
        assert keys == sorted(keys)


# -- workbook


@pytest.fixture(scope="module")
def book(folder: Path) -> Any:
    return openpyxl.load_workbook(folder / "report.xlsx")


def as_rows(sheet: Any) -> list[dict[str, Any]]:
    head, *found = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in found]


def test_the_workbook_has_every_table_and_no_formula(book: Any) -> None:
    assert book.sheetnames[:3] == ["In numbers", "Unexplained", "Tie-out"]
    assert all(sheet.freeze_panes == "A2" for sheet in book.worksheets)
    kinds = {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    names = [row["Customer"] for row in as_rows(book["Differences of MRR"])]
    assert '=HYPERLINK("http://evil.example")' in names


def test_the_workbook_has_numbers_as_numbers_and_ids_as_text(book: Any) -> None:
    sheet = book["Documents and cash"]
    first = {cell.value: cell.column for cell in sheet[1]}
    formats = {
        (sheet.cell(row, first["Currency"]).value, sheet.cell(row, first["Difference"]).number_format)
        for row in range(2, 5)
    }
    assert formats == {("JPY", "#,##0;[Red]-#,##0;#,##0"), ("USD", "#,##0.00;[Red]-#,##0.00;#,##0.00")}
    rows = as_rows(sheet)
    assert {row["Difference"] for row in rows} == {-100, -3.2, 500}
    assert all(isinstance(row["Finding"], str) for row in rows)


def test_the_workbook_leads_nowhere_that_runs(book: Any) -> None:
    links = [cell.hyperlink.target for row in book["Unexplained"] for cell in row if cell.hyperlink]
    assert links
    assert all(link.startswith("https://") for link in links)
    assert "javascript:alert(1)" in {cell.value for row in book["Unexplained"] for cell in row}


def test_what_is_longer_than_a_number_is_text(tmp_path: Path) -> None:
    column = Column("amount", "Amount", Kind.AMOUNT)
    table = Table("t", "T", (column,), lambda: [(Amount(10**16 + 1, "USD", 2),)])
    write_xlsx(tmp_path / "a.xlsx", [table], {})
    assert openpyxl.load_workbook(tmp_path / "a.xlsx")["T"]["A2"].value == "100000000000000.01"


# -- page


def test_nothing_on_the_page_runs_or_is_fetched(page: Page, folder: Path) -> None:
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "link", "form", "input"}
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        assert tag != "a" or re.match(r"https://|#", attributes["href"] or "")
    assert any(NASTY in words for words in page.words)
    assert "url(" not in (folder / "report.html").read_text(encoding="utf-8")


def test_the_page_begins_with_three_numbers_and_what_is_unexplained(page: Page) -> None:
    words = [each for each in page.words if each]
    at = [words.index(each) for each in ("573.91", "561.01", "12.90")]
    assert at == sorted(at)
    headings = [attributes for tag, attributes in page.elements if tag == "h2"]
    assert headings[0] == {"id": "unexplained"}
    assert "Signed off by cara@acme.example, 2026-11-04 10:00 CET" in words


def test_each_drawing_and_table_says_what_it_is(page: Page) -> None:
    tags = Counter(tag for tag, _ in page.elements)
    assert tags["svg"] == tags["desc"] == tags["figcaption"] > 3
    assert tags["table"] == tags["caption"] == tags["thead"]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = [a["aria-labelledby"] or "" for _, a in page.elements if "aria-labelledby" in a]
    assert {id for each in labelled for id in each.split()} <= set(ids)
    assert all(a["scope"] in ("col", "row") for tag, a in page.elements if tag == "th")


def test_a_drawing_stays_within_its_frame(page: Page) -> None:
    for tag, a in page.elements:
        if tag == "rect":
            x, width = float(a["x"] or 0), float(a["width"] or 0)
            assert x >= 0
            assert width > 0
            assert x + width <= 860


def test_the_page_has_the_largest_rows_and_says_where_the_others_are(tmp_path: Path) -> None:
    base = findings()[0]
    some = [
        base.model_copy(update={"id": f"{number:016x}", "subject": f"sub_{number}"}) for number in range(900)
    ]
    of = reviewed(judgement(some))
    assert (len(shown(rows.differences(of)).rows), shown(rows.differences(of)).more) == (300, 600)
    write_html(tmp_path / "a.html", of)
    assert "600 further rows are in differences.csv." in (tmp_path / "a.html").read_text(encoding="utf-8")


# -- size


def peak(count: int, folder: Path) -> int:
    """Bytes of Python's that writing so many rows takes."""
    columns = (*(Column(f"c{number}", "Text") for number in range(6)), Column("a", "Amount", Kind.AMOUNT))
    made: Iterator[Row] = (
        (*(f"a text of row {row}, {number}" for number in range(6)), amount(row, "USD"))
        for row in range(count)
    )
    tracemalloc.start()
    write_xlsx(folder / "a.xlsx", [Table("t", "T", columns, lambda: made)], {})
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return highest


def test_the_workbook_takes_no_memory_for_its_rows(tmp_path: Path) -> None:
    peak(10, tmp_path)
    few, many = peak(ROWS // 10, tmp_path), peak(ROWS, tmp_path)
    assert many < few + 300_000


def test_every_line_of_the_head_has_a_value() -> None:
    for table in basis.all_of(reviewed()):
        assert [row for row in table.rows()], table.name
        assert all(len(row) == len(table.columns) for row in table.rows())
    assert Cause.UNEXPLAINED in reviewed().judgement.order
