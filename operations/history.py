"""What was done to a customer, and who asked for it: by Temporal's runs, and beyond them by what is kept."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.client import WorkflowExecution as Run

import temporal
from activities.audit.events import asked_by, attribute, ended
from activities.audit.undone import undo_of
from activities.runs.effects import read_effects, result_of
from clients.kit.errors import IntegrationError, Rejected, Unavailable
from domains.audit.files import AuditFiles
from domains.warehouse.automation import EFFECTS, RUNS
from domains.warehouse.engine import Session
from domains.warehouse.engines.configured import engine_of_account
from domains.warehouse.loader import opened
from models.effects import Effect
from models.ledger import Link
from operations.errors import Stopped
from operations.run_facts import side_by_side
from operations.runs import CUSTOMER_ID, customers_named, newest
from settings import Settings

MOST_UNDOS = 200
"""Undos that are looked through for those of the customer's runs: an undo names a run, no customer."""


@dataclass(frozen=True)
class Entry:
    """A run. `asked_by` is a principal and why, or the route; `kept_in` says who remembers it."""

    at: datetime
    what: str
    asked_by: str
    effects: Sequence[str]
    outcome: str
    run: str
    kept_in: str


@dataclass(frozen=True)
class History:
    """Oldest first. `cut` where there are more in Temporal; `notes` on what could not be asked."""

    customer: str
    name: str
    entries: Sequence[Entry]
    cut: bool
    notes: Sequence[str]


async def history(settings: Settings, customer: str, limit: int) -> History:
    """`customer` is ChartMogul's uuid, or a name, or part of one. Raises Stopped."""
    client = await temporal.connect()
    uuid, name = await _customer(client, customer.strip())
    runs = await newest(client, f"Customer = '{uuid}' AND {_LIVE}", limit)
    undos = [run async for run in _undos_of(client, {run.id for run in runs})]
    entries = await side_by_side(lambda run: _entry(client, run), [*runs, *undos])
    known, notes = {each.run for each in entries}, list[str]()
    for account in settings.chartmogul:
        for kept in (_in_warehouse, _in_files):
            found = _asked(kept, settings, account, uuid, notes)
            entries += [each for each in found if each.run not in known]
            known |= {each.run for each in found}
    entries.sort(key=lambda entry: entry.at)
    return History(uuid, name, entries, len(runs) == limit, notes)


# the query language takes an unquoted Mode for a word of its own
_LIVE = f"{temporal.TEMPLATE.name} IS NOT NULL AND (`Mode` IS NULL OR `Mode` != 'preview')"


async def _customer(client: Client, wanted: str) -> tuple[str, str]:
    if CUSTOMER_ID.fullmatch(wanted):
        return wanted, ""
    found = await customers_named(client, wanted)
    if not found:
        raise Stopped(f"No run that Temporal has is of a customer {wanted}. Name ChartMogul's uuid of them.")
    if len(found) > 1:
        listed = ", ".join(f"{name} ({uuid})" for uuid, name in sorted(found.items()))
        raise Stopped(f"Several customers are called so: {listed}. Name one by its uuid.")
    return next(iter(found.items()))


async def _undos_of(client: Client, runs: set[str]) -> AsyncIterator[Run]:
    if not runs:
        return
    query = "WorkflowType = 'change' AND WorkflowId STARTS_WITH 'change/undo_run/'"
    async for run in client.list_workflows(query, limit=MOST_UNDOS):
        undo = await undo_of(client, run.id, run.run_id)
        if undo and undo.workflow_id in runs:
            yield run


async def _entry(client: Client, run: Run) -> Entry:
    facts: dict[str, str] = {}
    effects: Sequence[Effect] = ()
    outcome = attribute(run, temporal.OUTCOME)
    try:
        if run.status is WorkflowExecutionStatus.COMPLETED:
            result = await result_of(client, run)
            facts, effects, outcome = result.facts, result.effects, result.outcome.value
        else:
            effects = await read_effects(client, run)
    except (Rejected, Unavailable):
        effects = ()
    if run.status not in (WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.RUNNING):
        outcome = ended(run)
    return Entry(
        at=run.close_time or run.start_time,
        what=attribute(run, temporal.HEADLINE) or run.workflow_type,
        asked_by=_who(facts) or await asked_by(run),
        effects=list(_in_words((each.system, each.object_type, each.action.value) for each in effects)),
        outcome=outcome,
        run=run.id,
        kept_in="Temporal",
    )


def _who(facts: dict[str, str]) -> str:
    if who := facts.get("Asked by"):
        decision = facts.get("Decision")
        return f"{who}; {decision}" if decision else who
    return f"route {facts['Route']}" if "Route" in facts else ""


def _in_words(effects: Iterable[tuple[Any, Any, Any]]) -> Iterator[str]:
    """`salesforce Task created`, with a number where there are several."""
    for words, count in Counter(" ".join(map(str, each)) for each in effects).items():
        yield f"{words} ({count})" if count > 1 else words


def _asked(
    kept: Callable[[Settings, str, str], list[Entry]],
    settings: Settings,
    account: str,
    uuid: str,
    notes: list[str],
) -> list[Entry]:
    try:
        return kept(settings, account, uuid)
    except IntegrationError as error:
        notes.append(str(error))
        return []


def _in_files(settings: Settings, account: str, uuid: str) -> list[Entry]:
    return [_of_link(link) for link in AuditFiles(settings.audit_folder, account).about(uuid)]


def _of_link(link: Link) -> Entry:
    row = link.row
    effects = [(each["system"], each["object_type"], each["action"]) for each in row.get("effects", [])]
    return Entry(
        at=datetime.fromisoformat(row["at"]),
        what=row["what"],
        asked_by=_who_in(row),
        effects=list(_in_words(effects)),
        outcome=row["outcome"],
        run=row["run"],
        kept_in=f"the audit's row {link.number}",
    )


def _who_in(row: Mapping[str, Any]) -> str:
    """With the rule, and who decided."""
    decided = [
        f"{each['who']} {'agreed' if each['approve'] else 'refused'}" for each in row.get("decisions", [])
    ]
    return "; ".join(filter(None, [row.get("asked_by"), row.get("rule"), *decided]))


def _in_warehouse(settings: Settings, account: str, uuid: str) -> list[Entry]:
    if settings.warehouse is None:
        return []
    with opened(engine_of_account(settings.warehouse, account), read_only=True) as session:
        if not all(session.columns_of([RUNS.target, EFFECTS.target]).values()):
            return []
        return [_of_table(session, row) for row in _rows(session, uuid)]


def _rows(session: Session, uuid: str) -> list[tuple[Any, ...]]:
    return session.query(
        f"select workflow_id, ended_at, template, kind, asked_by, outcome from {RUNS.target} "
        f"where customer_uuid = {session.dialect.text(uuid)} and _deleted_at is null order by ended_at"
    )


def _of_table(session: Session, row: tuple[Any, ...]) -> Entry:
    run, ended_at, template, kind, who, outcome = row
    effects = session.query(
        f"select system_name, object_type, case when undone = true then 'undone' else action end "
        f"from {EFFECTS.target} where workflow_id = {session.dialect.text(run)} and _deleted_at is null"
    )
    return Entry(
        at=ended_at.astimezone(UTC),
        what=f"{template}: {kind}",
        asked_by=who or "",
        effects=list(_in_words(effects)),  # type: ignore[arg-type] # three columns
        outcome=outcome,
        run=run,
        kept_in="the warehouse",
    )
