"""A judgement, with what people have said of it so far."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from models.changes import Correction
from models.reconciliation.causes import About, Cause
from models.reconciliation.findings import Finding, Judgement, Party
from models.reconciliation.rules import ReconciliationRules
from models.templates.reconciliation import NoteOfPerson, SignOff

OLDEST = 3
"""Months from which on a difference counts as one that always comes back."""

SIDES = {"chartmogul": "ChartMogul", "billing": "Billing", "accounting": "Accounting"}
COMPARISONS = {"mrr": "MRR", "documents": "Invoices and credit notes", "cash": "Payments and refunds"}


@dataclass(frozen=True)
class Reviewed:
    """`rates` is the file of exchange rates, as it was read: date,currency,rate,source."""

    judgement: Judgement
    rules: ReconciliationRules
    number: int = 1
    about: Mapping[Cause, About] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Sequence[NoteOfPerson]] = field(default_factory=dict)
    sign_off: SignOff | None = None
    corrections: Sequence[Correction] = ()
    rates: str = ""

    @property
    def period(self) -> str:
        return self.judgement.cut.period

    def differing(self) -> Iterator[Finding]:
        """Rows whose causes cancel each other out are among them."""
        return (
            each for each in self.judgement.findings if each.difference or each.causes or each.unexplained
        )

    def owner_of(self, finding: Finding) -> str:
        """Who was assigned, or by the rules whoever looks after its largest part."""
        if assigned := self.owners.get(finding.id):
            return assigned
        parts = sorted(finding.causes, key=lambda each: -abs(each.minor))
        causes = [Cause.UNEXPLAINED] if finding.is_open else [each.cause for each in parts]
        owner = next((self.rules.owners[each] for each in causes if each in self.rules.owners), None)
        return owner or self.rules.default_owner or ""

    def notes_on(self, finding: Finding) -> str:
        said = [f"{each.who}: {each.text}" for each in self.notes.get(finding.id, ())]
        return "\n".join([*finding.notes, *said])

    def name_of(self, finding: Finding) -> str:
        return finding.customer_name if self.rules.keep_personal_data else ""

    def months_of(self, finding: Finding) -> int:
        """Since it was seen first."""
        return max(_months(self.period) - _months(finding.first_seen or self.period), 0)

    def said_of(self, cause: Cause) -> About:
        plain = About(cause.value.replace("_", " ").capitalize(), "-", "")
        return self.about.get(cause, plain)

    def in_order(self, causes: Mapping[Cause, int]) -> list[Cause]:
        """As they were tried; those that the order does not name stand behind."""
        order = self.judgement.order
        return sorted(causes, key=lambda each: (order.index(each) if each in order else len(order), each))


def side_of(finding: Finding, side: str) -> Party | None:
    parties = (finding.left, finding.right, finding.third)
    return next((each for each in parties if each and each.side == side), None)


def _months(period: str) -> int:
    year, month = period.split("-")
    return int(year) * 12 + int(month)
