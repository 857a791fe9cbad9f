"""What every CRM looks like to the sync, and where a customer stands with one of its objects."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

from domains.crm.diff import Value, difference, values_of_new
from domains.crm.match import Ambiguous, Candidate, Matched, NotFound
from domains.crm.money import in_currency_of
from models.crm import CrmMapping, CrmName, MoneyRules, ObjectMapping, Way
from models.crm_facts import CustomerFacts
from models.crm_fields import Unfit
from models.effects import Action
from models.row_outcomes import RowOutcome
from models.templates.crm_sync import Change, RecordPlan, Status


class Crm(Protocol):
    """One per system. Objects go by the system's own name: contacts, Account."""

    system: CrmName
    money: MoneyRules
    most_rows: int
    """Of one call, to look up and to write."""
    at_once: int
    """Calls of bulk work for one object; live events find a way beside them."""
    objects_at_once: int
    """Objects that a run may be at side by side."""

    @property
    def currency_field(self) -> str | None:
        """Of a record's own currency, where the CRM keeps one for each."""
        ...

    async def unfit(self, name: str, mapping: ObjectMapping) -> list[Unfit]:
        """Fields that are missing there, or cannot hold what is to go there."""
        ...

    async def notes(self, name: str, mapping: ObjectMapping) -> list[str]:
        """One sentence per thing that works, and may not be meant."""
        ...

    async def find(
        self, name: str, mapping: ObjectMapping, way: Way, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Records by what they are looked up by, up to `most_rows` values."""
        ...

    async def update(self, name: str, rows: Mapping[str, Mapping[str, Any]]) -> Sequence[RowOutcome]:
        """Set fields of up to `most_rows` records by id. May be repeated."""
        ...

    async def create(
        self, name: str, key_field: str, rows: Mapping[str, Mapping[str, Any]]
    ) -> Sequence[RowOutcome]:
        """Make up to `most_rows` records, by the value of our unique field. May be repeated."""
        ...

    def written_as(self, value: Value) -> Any:
        """As the system takes it, and JSON can keep it."""
        ...

    def link(self, name: str, record_id: str) -> str | None: ...

    async def spare(self) -> None:
        """Raises RateLimited where so few of the day's calls are left that bulk work must leave them."""
        ...

    def for_work(self, mapping: CrmMapping, *, live: bool) -> Self:
        """The same connection and rate limiter, for that mapping; live, ahead of bulk work that waits."""
        ...


def standing(
    crm: Crm, facts: CustomerFacts, mapping: ObjectMapping, found: Matched | Ambiguous | NotFound
) -> RecordPlan:
    """What is to be written of this customer, or why nothing is."""
    if isinstance(found, Ambiguous):
        return RecordPlan(
            customer=facts.uuid, status=Status.AMBIGUOUS, reason=found.reason, candidates=list(found.ids)
        )
    if isinstance(found, NotFound):
        return _without_record(crm, facts, mapping, found.reason)
    if found.record.currency:
        facts = in_currency_of(found.record, facts, mapping, crm.money)
    differs = difference(facts, mapping, found.record.values)
    changes = {
        name: Change(change.before, crm.written_as(change.after)) for name, change in differs.changes.items()
    }
    return RecordPlan(
        customer=facts.uuid,
        status=Status.PLANNED if changes else Status.UNCHANGED,
        record=found.record.id,
        by_key=found.record.key == facts.uuid,
        changes=changes,
        kept=sorted(differs.kept),
        open=differs.open,
    )


def _without_record(crm: Crm, facts: CustomerFacts, mapping: ObjectMapping, reason: str) -> RecordPlan:
    if mapping.create == "never":
        return RecordPlan(customer=facts.uuid, status=Status.NOT_FOUND, reason=reason)
    values = values_of_new(facts, mapping)
    if crm.currency_field:  # else the new record is in the org's own currency, and its amounts with it
        values[crm.currency_field] = facts.currency
    changes = {name: Change(None, crm.written_as(value)) for name, value in values.items()}
    return RecordPlan(customer=facts.uuid, status=Status.PLANNED, changes=changes)


def settled(planned: RecordPlan, result: RowOutcome | None) -> RecordPlan:
    """Where it stands after the write."""
    change: dict[str, Any] = {"status": Status.REFUSED, "reason": "unanswered"}
    if result and result.problem:
        change |= {"reason": result.problem.reason, "detail": result.problem.text}
    elif result:
        done = Status.CREATED if result.action is Action.CREATED else Status.UPDATED
        change = {"status": done, "record": result.id or planned.record}
    return planned.model_copy(update=change)
