"""The report's files: each table where it belongs."""

from collections.abc import Callable, Mapping
from pathlib import Path

from domains.reconciliation.report import basis, rows, totals
from domains.reconciliation.report.closing import check_sums
from domains.reconciliation.report.csv_files import write_csv
from domains.reconciliation.report.html import write_html
from domains.reconciliation.report.reviewed import Reviewed
from domains.reconciliation.report.table import Table
from domains.reconciliation.report.xlsx import write_xlsx

Make = Callable[[Reviewed], Table]

SHEETS: tuple[Make, ...] = (
    totals.numbers, rows.unexplained, totals.tie_out, totals.whole_account, totals.by_cause, totals.ageing,
    totals.returning, rows.customers, rows.differences, rows.documents, rows.causes, totals.restated,
    basis.proposals, basis.head, basis.controls, basis.settings, basis.rules, basis.rates, basis.sign_off,
)  # fmt: skip

CSV_FILES: Mapping[str, Make] = {
    "differences.csv": lambda reviewed: rows.by_key(rows.differences(reviewed)),
    "causes.csv": rows.causes,
    "documents.csv": lambda reviewed: rows.by_key(rows.documents(reviewed)),
    "proposals.csv": basis.proposals,
}


def write_report(folder: Path, reviewed: Reviewed) -> None:
    """Raises Rejected where a sum does not close: then nothing is written."""
    check_sums(reviewed.judgement)
    write_html(folder / "report.html", reviewed)
    account, period = reviewed.judgement.account, reviewed.period
    properties = {"title": f"Month-end reconciliation, {period}, {account}", "author": "Mogulflow"}
    write_xlsx(folder / "report.xlsx", [make(reviewed) for make in SHEETS], properties)
    for name, make in CSV_FILES.items():
        write_csv(folder / name, make(reviewed))
