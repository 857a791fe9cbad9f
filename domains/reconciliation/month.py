"""A month judged as a whole, from its snapshot: MRR, documents and cash in one judgement."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TypeVar

from domains.reconciliation.controls import Name, check_reads
from domains.reconciliation.corrections import correctable, corrections_of, why_none
from domains.reconciliation.documents.cash.judge import judge_cash
from domains.reconciliation.documents.given import DocumentBooks
from domains.reconciliation.documents.judge import judge_documents
from domains.reconciliation.findings import sums_by_cause
from domains.reconciliation.given import MrrBooks
from domains.reconciliation.judge import MrrJudgement, cases_of, judge, why_stopped
from domains.reconciliation.late import AtCut, at_cut
from domains.reconciliation.rates import Rates, read_rates
from domains.reconciliation.snapshots import Snapshots
from models.base import Record
from models.changes import Correction
from models.reconciliation.books import (
    AccountSettings,
    AccountSheet,
    BillingSubscription,
    CashEntry,
    CashKind,
    CountedCustomer,
    CountedLine,
    CountedSubscription,
    Document,
    Reading,
)
from models.reconciliation.findings import Finding, Judgement, Restated
from models.reconciliation.rules import ReconciliationRules
from models.templates.reconciliation import JudgeWork, NotCorrectable, RecheckWork

R = TypeVar("R", bound=Record)


def _is_refund(entry: CashEntry) -> bool:
    return entry.side == "billing" and entry.kind is CashKind.REFUND


Note = Callable[[str], None]


@dataclass(frozen=True)
class Before:
    """`first_seen`: the month in which a finding was found first, by its id. `signed`: ChartMogul's MRR of
    the account as it was signed, by month, in hundredths."""

    first_seen: Mapping[str, str]
    signed: Mapping[str, int] = field(default_factory=dict)


def judge_month(
    snapshots: Snapshots, work: JudgeWork, rates_text: str, before: Before, note: Note = lambda _: None
) -> Judgement:
    """Raises Rejected where a file is not the one that was read, and Unreadable of a file of rates."""
    return _Month(snapshots, work, rates_text, before, note).judged()


def corrections(
    snapshots: Snapshots, work: JudgeWork, rates_text: str, findings: Sequence[Finding]
) -> tuple[list[Correction], list[NotCorrectable]]:
    """What these findings call for in ChartMogul, and of which nothing can be corrected there. Raises as
    `judge_month` does."""
    return _Month(snapshots, work, rates_text, Before({}), _silent).corrections(findings)


def difference_now(snapshots: Snapshots, work: RecheckWork, rates_text: str) -> int | None:
    """Of one row, by what was read of its customer. None where that was not whole. Raises as `judge_month`
    does."""
    given = JudgeWork(place=work.place, kind="final", cut=work.cut, rules=work.rules, readings=work.readings)
    month = _Month(snapshots, given, rates_text, Before({}), _silent)
    return month.difference_of(work.customer_uuid, set(work.row))


def rules_digest(rules: ReconciliationRules) -> str:
    """Of all that stands in them."""
    text = json.dumps(rules.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _silent(_: str) -> None:
    """Nobody waits to hear how far it is."""


class _Month:
    def __init__(
        self, snapshots: Snapshots, work: JudgeWork, rates_text: str, before: Before, note: Note
    ) -> None:
        self._snapshots, self._work, self._before, self._note = snapshots, work, before, note
        self._rules, self._cut = work.rules, work.cut
        self._readings = [each.reading for each in work.readings]
        self._rates_text = rates_text
        self._drifted = frozenset[str]()

    def judged(self) -> Judgement:
        self._note("looking whether all was read")
        needed = [Name(each.system, each.site) for each in self._rules.sources]
        if books := self._rules.accounting:
            needed.append(Name(books.system, books.company))
        needed.append(Name("chartmogul", self._work.place.account))
        checked = check_reads(self._readings, needed, self._cut.end)
        if checked.stopped:
            return self._nothing([*checked.stopped, *self._work.unread])
        self._drifted = checked.drifted
        settings = next(self._all("settings", AccountSettings))
        return self._compared(settings, read_rates(self._rates_text, settings.currency), checked.warnings)

    def _compared(self, settings: AccountSettings, rates: Rates, warnings: Sequence[str]) -> Judgement:
        self._note("comparing MRR")
        mrr = judge(self._mrr_books(settings, rates), self._rules, self._cut)
        if mrr.stopped:
            return self._nothing(mrr.stopped)
        self._note("comparing documents")
        books = self._document_books()
        compared = judge_documents(books, self._rules, self._cut, rates)
        self._note("comparing payments")
        payments = judge_cash(books, self._rules, self._cut)
        findings = [*mrr.findings, *compared.findings, *payments.findings]
        return self._judgement(settings, mrr).model_copy(
            update={
                "findings": [self._dated(each) for each in findings],
                "tie_outs": [*mrr.tie_outs, *compared.tie_outs, *payments.tie_outs],
                "by_cause": sums_by_cause(findings),
                "proposals": [*mrr.proposals, *compared.proposals, *payments.proposals],
                "warnings": [*warnings, *mrr.warnings, *compared.warnings, *payments.warnings],
            }
        )

    def corrections(self, findings: Sequence[Finding]) -> tuple[list[Correction], list[NotCorrectable]]:
        books = self._whole_mrr_books()
        ids = {each.id for each in findings if correctable(each)}
        cases = cases_of(books, self._rules, self._cut, ids)
        found = {
            each.id: corrections_of(each, cases[each.id], books.lines) if each.id in cases else []
            for each in findings
        }
        none = [
            NotCorrectable(finding=each.id, why=why_none(each)) for each in findings if not found[each.id]
        ]
        return list(chain.from_iterable(found.values())), none

    def difference_of(self, customer: str, row: set[str]) -> int | None:
        books = self._whole_mrr_books()
        if any(why_stopped(each for each in self._readings if each.system == "chartmogul")):
            return None
        own = replace(
            books,
            subscriptions=[each for each in books.subscriptions if each.id in row],
            counted=[each for each in books.counted if each.customer == customer],
            readings=[],
        )
        found = judge(own, self._rules, self._cut).findings
        return sum(each.difference for each in found if not row.isdisjoint([*each.left.ids, *each.right.ids]))

    def _whole_mrr_books(self) -> MrrBooks:
        settings = next(self._all("settings", AccountSettings))
        return self._mrr_books(settings, read_rates(self._rates_text, settings.currency))

    def _mrr_books(self, settings: AccountSettings, rates: Rates) -> MrrBooks:
        return MrrBooks(
            settings=settings,
            subscriptions=list(self._all("subscriptions", BillingSubscription)),
            counted=[self._at_cut.marked(each) for each in self._all("counted", CountedSubscription)],
            lines=list(self._all("lines", CountedLine)),
            customers=list(self._all("customers", CountedCustomer)),
            sheet=self._sheet(),
            readings=self._readings,
            refunds=[each for each in self._all("cash", CashEntry) if _is_refund(each)],
            documents=[each for each in self._all("documents", Document) if each.side == "billing"],
            rates=rates,
        )

    def _document_books(self) -> DocumentBooks:
        sides: dict[str, list[Document]] = defaultdict(list)
        for each in self._all("documents", Document):
            sides[each.side].append(each)
        accounting = self._reading_of(self._rules.accounting.system) if self._rules.accounting else None
        return DocumentBooks(
            billing=sides["billing"],
            accounting=sides["accounting"] if accounting else None,
            chartmogul=sides["chartmogul"],
            cash=list(self._all("cash", CashEntry)),
            drifted=self._drifted,
            accounting_read_at=accounting.ended_at if accounting else None,
        )

    def _judgement(self, settings: AccountSettings, mrr: MrrJudgement) -> Judgement:
        sheet = self._sheet()
        return self._head(settings).model_copy(
            update={
                "order": mrr.order,
                "account_mrr": mrr.account_mrr,
                "fx_row": mrr.fx_row,
                "late": self._at_cut.late(sheet),
                "restated": list(self._restated(sheet)),
            }
        )

    @cached_property
    def _at_cut(self) -> AtCut:
        return at_cut(self._snapshots, self._work)

    def _sheet(self) -> AccountSheet:
        return next(self._all("sheet", AccountSheet), AccountSheet())

    def _restated(self, sheet: AccountSheet) -> Iterator[Restated]:
        """What ChartMogul says now of months that are signed."""
        for each in sheet.months:
            if (signed := self._before.signed.get(each.period)) is not None:
                yield Restated(period=each.period, signed=signed, now=each.mrr)

    def _nothing(self, stopped: Sequence[str]) -> Judgement:
        settings = next(self._all("settings", AccountSettings), None)
        unknown = AccountSettings(currency="XXX", time_zone=self._cut.time_zone)
        return self._head(settings or unknown).model_copy(update={"stopped": list(stopped)})

    def _head(self, settings: AccountSettings) -> Judgement:
        counted = self._reading_of("chartmogul")
        billing = [each.began_at for each in self._readings if each.system != "chartmogul"]
        return Judgement(
            account=self._work.place.account,
            cut=self._cut,
            kind=self._work.kind,
            snapshot_at=min(billing, default=self._cut.end),
            judged_at=counted.ended_at if counted else self._cut.end,
            late_snapshot=self._work.late_snapshot,
            settings=settings,
            rules_version=self._rules.version,
            rules_digest=rules_digest(self._rules),
            order=[],
            controls=[control for reading in self._readings for control in reading.controls],
        )

    def _dated(self, finding: Finding) -> Finding:
        first = self._before.first_seen.get(finding.id, self._cut.period)
        return finding.model_copy(update={"first_seen": first})

    def _reading_of(self, system: str) -> Reading | None:
        return next((each for each in self._readings if each.system == system), None)

    def _all(self, table: str, kind: type[R]) -> Iterator[R]:
        """Of all systems that have the table."""
        return chain.from_iterable(
            self._snapshots.all_rows(each.place, [each.reading], table, kind) for each in self._work.readings
        )
