"""What a person must know to read the figures, in sentences."""

from collections.abc import Iterator
from decimal import Decimal

from models.analytics import Book, Checked, Formula, Readings

FORMULAS: dict[Formula, str] = {
    "standard": "ChartMogul's own customer churn rate follows the Standard formula.",
    "shopify": "ChartMogul's own customer churn rate follows the Shopify formula.",
    "neither": "Neither formula gives ChartMogul's own customer churn rate; another reading may.",
    "unknown": "Which formula ChartMogul's own customer churn rate follows could not be told.",
}

VALUE = {
    "first_month": "A cohort's value is the New Business of its own month.",
    "ever": "A cohort's value is all New Business that its customers ever had.",
}
RETURNED = {
    "counted": "their first movement is in the value of that month's cohort",
    "zero": "they are in that month's cohort, and add nothing to its value",
}
BACK_AND_GONE = {
    "left_out": "Standard: who came back and churned again within a month is left out.",
    "counted": "Standard: who came back and churned again within a month is counted.",
}
DAY_LOSS = {
    "rows": "Shopify: a day's loss is each churn and contraction of it.",
    "net": "Shopify: a day's loss is net of what came back that day.",
}


def of_cohorts(book: Book, readings: Readings, *, of_mrr: bool = True) -> list[str]:
    value = [VALUE[readings.value]] if of_mrr else []
    return [*value, *_returned(book, readings), *_of_all(book)]


def of_churn(book: Book, readings: Readings) -> list[str]:
    return [
        BACK_AND_GONE[readings.back_and_gone],
        DAY_LOSS[readings.day_loss],
        FORMULAS[book.checked.formula],
        *_of_all(book),
    ]


def _returned(book: Book, readings: Readings) -> Iterator[str]:
    if book.returned:
        text = f"The history of {book.returned} customers starts with a reactivation, after a merge say"
        yield f"{text}: {RETURNED[readings.returned]}."
    if book.otherwise:
        yield f"{book.otherwise} customers have no New Business; each counts from its first movement on."


def _of_all(book: Book) -> Iterator[str]:
    yield f"Months are cut in {book.time_zone}, the account's time zone; the running month is partial."
    if book.ahead:
        yield f"{book.ahead} movements that lie ahead are left out."
    if book.unreadable:
        yield f"{book.unreadable} movements could not be read and are left out."
    yield _of_mrr(book.checked)


def _of_mrr(found: Checked) -> str:
    if not found.months:
        return "The MRR could not be compared with ChartMogul's metrics."
    if not found.months_off:
        return f"The MRR is ChartMogul's own at the end of all {found.months} months, within 0.1 %."
    worst = f"most in {found.worst_month:%Y-%m}: by {Decimal(found.worst_cents) / 100:+,.2f}"
    months = f"{found.months_off} of {found.months} months"
    return f"The MRR differs from ChartMogul's own at the end of {months}, {worst}."
