"""Tables of what the figures rest on: the cut, what was read, the settings and rules, and who signed."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from domains.reconciliation.report.reviewed import COMPARISONS, Reviewed
from domains.reconciliation.report.rows import COMPARISON
from domains.reconciliation.report.table import Column, Kind, Row, Table, amount
from models.reconciliation.books import Control, SourceSettings

WHAT = (Column("what", "What"), Column("said", "Value", wide=True))


def local(reviewed: Reviewed, instant: datetime) -> str:
    """`2026-11-01 00:00 CET`, in the account's zone."""
    return f"{instant.astimezone(ZoneInfo(reviewed.judgement.cut.time_zone)):%Y-%m-%d %H:%M %Z}"


def head(reviewed: Reviewed) -> Table:
    judgement, cut = reviewed.judgement, reviewed.judgement.cut
    snapshot = local(reviewed, judgement.snapshot_at)
    lines = [
        ("Account", judgement.account),
        ("Name in ChartMogul", judgement.settings.name),
        ("Month", cut.period),
        ("Run", f"{judgement.kind}, number {reviewed.number}"),
        ("Time zone of the account", cut.time_zone),
        ("From, included", _both(reviewed, cut.start)),
        ("To, not included", _both(reviewed, cut.end)),
        ("Billing as it was", f"{snapshot}, made late" if judgement.late_snapshot else snapshot),
        ("ChartMogul as it was", local(reviewed, judgement.judged_at)),
        ("Version of the rules", f"{judgement.rules_version} ({judgement.rules_digest})"),
        ("Changed because", reviewed.rules.changed_because),
        ("Causes were tried in this order", ", ".join(judgement.order)),
    ]
    found = [line for line in lines if line[1]]
    return Table("head", "The cut", WHAT, lambda: found)


def _both(reviewed: Reviewed, instant: datetime) -> str:
    return f"{local(reviewed, instant)} ({instant.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ})"


def controls(reviewed: Reviewed) -> Table:
    columns = (
        Column("what", "What was read"), Column("read", "Read", Kind.COUNT),
        Column("expected", "Control count", Kind.COUNT), Column("how", "Counted by"), Column("result", "So"),
    )  # fmt: skip
    found = [
        (each.what, each.read, each.expected, each.how, _result(each)) for each in reviewed.judgement.controls
    ]
    said = "What was read against a count made in another way. One that does not close stops the run."
    return Table("controls", "Completeness", columns, lambda: found, said)


def _result(control: Control) -> str:
    if control.expected is None:
        return "the system has no count"
    return "closes" if control.closes else f"{control.read - control.expected:+,} off"


def settings(reviewed: Reviewed) -> Table:
    """ChartMogul's, which decide what counts; they are rules, and no differences."""
    of = reviewed.judgement.settings
    zero = {None: None, True: "yes", False: "no"}[of.churn_when_zero_mrr]
    lines = [
        ("Currency", of.currency),
        ("Churn is recognised", of.churn_recognition),
        ("Churn at an MRR of zero", zero),
        ("Refunds", of.refund_handling),
        *((f"Source {each.name} ({each.system})", _source(each)) for each in of.sources),
    ]
    found = [(what, said or "does not say") for what, said in lines]
    return Table("settings", "ChartMogul's settings", WHAT, lambda: found)


def _source(source: SourceSettings) -> str:
    said = [
        f"a first invoice counts from {source.counts_from}" if source.counts_from else "",
        f"churn after {source.auto_churn_days} days past due" if source.auto_churn_days is not None else "",
        f"{source.pending} imports pending" if source.pending else "",
        f"{source.failed} imports failed" if source.failed else "",
        source.status,
    ]
    return "; ".join(filter(None, said))


def rules(reviewed: Reviewed) -> Table:
    """What the vendors' APIs do not tell was asked for once, and stands in rules.yaml."""
    of = reviewed.rules
    lines: list[tuple[str, str]] = [
        (
            f"{each.system} {each.site}",
            f"data source {each.data_source}; coupons taken off: {each.discounts}; "
            f"cancellation: {each.cancellation or 'as the vendor does'}; counts from {each.counts_from}; "
            f"reports in {each.time_zone}",
        )
        for each in of.sources
    ]
    if of.accounting:
        lines.append(
            (f"{of.accounting.system} {of.accounting.company}", f"dates in {of.accounting.time_zone}")
        )
    tolerance = of.tolerance
    lines.append(
        ("Rounding", f"{tolerance.per_line} of the smallest unit a line, at least {tolerance.least}")
    )
    limits = [f"{amount(limit, currency).said} {currency}" for currency, limit in of.sign_off_limit.items()]
    lines.append(("Signed off without a word up to", ", ".join(limits) or "no limit is set"))
    return Table("rules", "Rules", WHAT, lambda: lines)


def rates(reviewed: Reviewed) -> Table:
    """Of the month, as the file of rates has them."""
    columns = (
        Column("date", "Date"), Column("currency", "Currency"), Column("rate", "Rate"),
        Column("source", "Source"),
    )  # fmt: skip
    return Table("rates", "Exchange rates", columns, lambda: _rates(reviewed))


def _rates(reviewed: Reviewed) -> Iterator[Row]:
    for line in csv.DictReader(reviewed.rates.splitlines()):
        if str(line.get("date") or "").startswith(reviewed.period):
            yield tuple(line.get(name) or "" for name in ("date", "currency", "rate", "source"))


def proposals(reviewed: Reviewed) -> Table:
    """What a person may agree to. Nothing of it is done by this report."""
    columns = (
        Column("kind", "Kind"), COMPARISON, Column("left", "What"), Column("right", "With"),
        Column("step", "Step", Kind.COUNT), Column("why", "Why", wide=True),
        Column("predicted", "Difference afterwards", Kind.AMOUNT),
    )  # fmt: skip

    def rows() -> Iterable[Row]:
        for each in reviewed.judgement.proposals:
            names = (COMPARISONS[each.comparison], each.left, each.right)
            yield ("confirm that both are one", *names, each.step, each.why, None)
        currencies = {each.id: each.currency for each in reviewed.judgement.findings}
        for change in reviewed.corrections:
            currency = currencies.get(change.finding, reviewed.judgement.settings.currency)
            predicted = None if change.predicted is None else amount(change.predicted, currency)
            yield ("correct in ChartMogul", "", change.finding, "", change.step, change.said, predicted)

    def ordered() -> list[Row]:
        return sorted(rows(), key=lambda row: tuple(map(str, row)))

    said = "For people to agree to. A match by e-mail, domain or amount is never made by the machine."
    return Table("proposals", "Proposals", columns, ordered, said)


def sign_off(reviewed: Reviewed) -> Table:
    found: list[Row] = []
    if signed := reviewed.sign_off:
        currency = reviewed.judgement.settings.currency
        limit = "" if signed.limit is None else f"{amount(signed.limit, currency).said} {currency}"
        lines = (
            ("Prepared by", signed.preparer),
            ("Reviewed by", signed.reviewer),
            ("At", local(reviewed, signed.at)),
            ("Limit used", limit),
            ("Comment", signed.comment),
            ("The pack that was looked at (SHA-256 of its SHA256SUMS)", signed.pack),
        )
        found = [line for line in lines if line[1]]
    return Table("sign_off", "Sign-off", WHAT, lambda: found)


def all_of(reviewed: Reviewed) -> list[Table]:
    return [each(reviewed) for each in (head, controls, settings, rules, rates)]
