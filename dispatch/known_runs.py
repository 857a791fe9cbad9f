"""Which runs there are for the movements of a time span, as Temporal's list tells."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

import temporal
from models.chartmogul_values import identifier
from models.event import Event, EventSource, Moment, to_the_second
from models.runs import Outcome


@dataclass(frozen=True)
class KnownRun:
    """`stated` is what ChartMogul has said of the movement, oldest first. `shadow_of` is the route in
    preview that it belongs to, `would` what it would have written; empty where the run is a live one."""

    workflow_id: str
    template: str
    source: EventSource
    moment: Moment
    stated: tuple[str, ...]
    running: bool
    waits_since: datetime | None
    """A system that it needs has not answered since then."""
    reported_problem: bool
    run_id: str = ""
    outcome: str = ""
    shadow_of: str = ""
    would: Mapping[str, int] = field(default_factory=dict)
    heard: tuple[str, ...] = ()
    """Of a run that is for several events: ids of those it knows of."""
    origin: Mapping[str, str] = field(default_factory=dict)
    """Of such a run: whose they are, as far as that is known."""

    def needs(self, event: Event) -> bool:
        """Whether it is to hear of this one: it is open, and does not know of it."""
        if not self.running or event.is_of_another(self.origin):
            return False
        return event.event_id not in self.heard and len(self.heard) < temporal.MOST_HEARD


MOVEMENTS = "EventKind != 'failed_payment'"


async def known_runs(client: Client, account: str, start: datetime, end: datetime) -> list[KnownRun]:
    """Runs for movements with start <= date < end. The list runs a little behind: a run that was
    started a moment ago may not be in it."""
    span = f"OccurredAt >= '{start.isoformat()}' AND OccurredAt < '{end.isoformat()}'"
    query = f"Account = '{account}' AND {span} AND {MOVEMENTS}"
    runs: dict[str, KnownRun] = {}
    async for run in client.list_workflows(query, page_size=1000):
        memo = await run.memo()
        if temporal.STATED in memo and not temporal.is_preview(run.id):
            runs.setdefault(run.id, _known(run, memo))  # newest first: of one that was reset the last counts
    return list(runs.values())


async def known_run(client: Client, workflow_id: str) -> KnownRun | None:
    """By its id, which no list runs behind. Raises RPCError."""
    try:
        run = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
    return _known(run, await run.memo())


def of_template(runs: Iterable[KnownRun], template: str) -> list[KnownRun]:
    return [run for run in runs if run.template == template]


def _known(run: WorkflowExecution, memo: Any) -> KnownRun:
    found = run.typed_search_attributes
    occurred_at = found.get(temporal.OCCURRED_AT)
    assert occurred_at is not None  # the list was asked for it
    outcome = found.get(temporal.OUTCOME) or ""
    return KnownRun(
        workflow_id=run.id,
        template=found.get(temporal.TEMPLATE) or "",
        source=EventSource(found.get(temporal.EVENT_SOURCE) or EventSource.WEBHOOK),
        moment=(
            (found.get(temporal.CUSTOMER) or "").casefold(),
            (identifier(str(memo[temporal.SUBSCRIPTION])) or "").casefold(),
            to_the_second(occurred_at),
        ),
        stated=tuple(memo[temporal.STATED]),
        running=run.status is WorkflowExecutionStatus.RUNNING,
        waits_since=None if outcome == Outcome.HELD else _waits_since(memo, found.get(temporal.WAITS_FOR)),
        reported_problem=bool(run.search_attributes.get(temporal.REPORTED_PROBLEMS)),
        run_id=run.run_id,
        outcome=outcome,
        shadow_of=str(memo.get(temporal.SHADOW_OF, "")),
        would=memo.get(temporal.WOULD, {}),
        heard=tuple(memo.get(temporal.HEARD, ())),
        origin=memo.get(temporal.ORIGIN, {}),
    )


def _waits_since(memo: Any, systems: Sequence[str] | None) -> datetime | None:
    if not systems:
        return None
    waits = memo.get(temporal.WAITS, {}).values()
    return min((datetime.fromisoformat(each["since"]) for each in waits), default=None)
