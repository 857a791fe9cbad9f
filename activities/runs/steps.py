"""Which runs wait for a person, as Temporal's list of runs tells."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from activities.definition import step_activity
from activities.dismissals import dismissals
from activities.runs import months, watching
from activities.runs.audit import tell
from activities.runs.effects import effects_of
from activities.runs.history import FAILED_TASK, Pause, lost_nothing, pauses, tail
from clients.kit.errors import (
    Ambiguous,
    NotFound,
    OutcomeUnknown,
    Paused,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from clients.kit.http import brief
from dispatch.holdings import holding_now
from models.attention import (
    CANCELLED,
    RAN_OUT_OF_TIME,
    TERMINATED,
    Attention,
    AttentionQuery,
    Kind,
    Trouble,
    Waiting,
    key_of,
)
from models.audit import AuditRow
from models.bounds import within
from models.cases import Joining, Taken
from models.changes import PlanNoted, RunUndo
from models.effects import Action, Effect, Mode
from models.ledger import Append
from models.metric_alert import AlertWrite
from models.once import Attempted, AttemptQuery
from models.runs import Outcome, Problem, RunResult
from models.tasks import TaskQuery
from models.templates.reconciliation import HeldMonth, HoldMonth
from models.undo import Undoing, Undone

LISTED = 500
"""Runs of each kind that are looked at one by one."""
SCHEDULED = 1000
"""Ended runs of schedules that are looked through for the last of each."""
READ = 20
"""Runs whose own history is read, in one go: what most need to say stands in the list."""

LONGEST_SUMMARY = 400
"""Bytes, of what user metadata takes."""

SCHEDULE = "TemporalScheduledById"
# the query language takes an unquoted Mode for a word of its own
OURS = (
    f"TaskQueue = '{temporal.WORKFLOWS}' AND WorkflowType != 'once'"  # its event's run says what it came to
    " AND (`Mode` IS NULL OR `Mode` != 'preview')"
)
RUNNING = "ExecutionStatus = 'Running'"
UNDONE = f"(Outcome = '{Outcome.PARTIAL}' OR Outcome = '{Outcome.FAILED}')"
ENDED_BADLY = (
    f"ExecutionStatus != 'Running' AND ({UNDONE} OR "
    "ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated', 'Canceled'))"
)
STUCK = f"{RUNNING} AND {temporal.REPORTED_PROBLEMS} IS NOT NULL"
UNREADABLE = f"{RUNNING} AND Outcome = 'unreadable'"
NOT_HELD = f"(Outcome IS NULL OR Outcome != '{Outcome.HELD}')"
WAITING = f"{RUNNING} AND {temporal.WAITS_FOR.name} IS NOT NULL AND {NOT_HELD}"

SAID_BY_CLIENTS = {
    each.__name__
    for each in (
        Ambiguous,
        NotFound,
        OutcomeUnknown,
        Paused,
        RateLimited,
        Rejected,
        Unauthorized,
        Unavailable,
    )
}
"""Their messages name no customer; what else ends a run may."""

ENDED = {
    WorkflowExecutionStatus.TERMINATED: TERMINATED,
    WorkflowExecutionStatus.TIMED_OUT: RAN_OUT_OF_TIME,
    WorkflowExecutionStatus.CANCELED: CANCELLED,
}

Found = tuple[Kind, WorkflowExecution]


class RunsActivities:
    @step_activity("runs.find_trouble")
    async def find_trouble(self, query: AttentionQuery) -> Attention:
        try:
            return await find_trouble(activity.client(), query, datetime.now(UTC))
        except RPCError as error:
            raise Unavailable("runs", f"Could not list runs: {error.message}") from None

    @step_activity("runs.attempted")
    async def attempted(self, query: AttemptQuery) -> Attempted:
        """What a write came to that is made at most once. Waits while it is under way."""
        run = activity.client().get_workflow_handle(f"once/{query.key}", result_type=Attempted)
        try:
            attempted: Attempted = await run.result()
        except WorkflowFailureError:
            return Attempted(unknown="An earlier try failed just now: run it again.")
        except RPCError as error:
            raise Unavailable("runs", f"Could not see what it came to: {error.message}") from None
        return attempted

    @step_activity("runs.has_lost_nothing")
    async def has_lost_nothing(self, query: TaskQuery) -> bool:
        """Whether all that the run wrote stands in its history: then what is not there was not tried."""
        return await lost_nothing(query)

    @step_activity("runs.join_case")
    async def join_case(self, joining: Joining) -> Taken | None:
        """Begins the case, or tells the one that is open, which answers by itself. A repeat tells it again,
        which it knows. What the last one that ended has made is given, and nothing is begun."""
        if joining.made and (made := await _made_by_the_last(joining)):
            return made
        client = activity.client()
        try:
            try:
                await _tell(client, joining, WorkflowIDReusePolicy.REJECT_DUPLICATE, {temporal.FIRST: True})
            except WorkflowAlreadyStartedError:  # and ended
                await _tell(client, joining, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
        except RPCError as error:
            raise Unavailable("runs", f"Could not open the customer's case: {error.message}") from None
        return None

    @step_activity("runs.watch_metric")
    async def watch_metric(self, write: AlertWrite) -> Effect:
        return await watching.watch(activity.client(), write)

    @step_activity("runs.undo_watch")
    async def undo_watch(self, undoing: Undoing) -> Undone:
        return await watching.undo(activity.client(), undoing)

    @step_activity("runs.note_plan")
    async def note_plan(self, plan: PlanNoted) -> None:
        """Done as soon as it is in the history, with all that was read before it."""

    @step_activity("runs.tell_plan")
    async def tell_plan(self, plan: PlanNoted) -> None:
        """The run itself, by a signal: it is kept however the task ends in which this is done."""
        info = activity.info()
        run = activity.client().get_workflow_handle(info.workflow_id or "", run_id=info.workflow_run_id)
        try:
            await run.signal("noted", plan)
        except RPCError as error:
            raise Unavailable("runs", f"Could not note what it would do: {error.message}") from None

    @step_activity("runs.hold_month")
    async def hold_month(self, wish: HoldMonth) -> HeldMonth:
        return await months.hold(activity.client(), wish)

    @step_activity("runs.append_audit")
    async def append_audit(self, row: AuditRow) -> None:
        await tell(activity.client(), Append(account=row.account, rows=[row]))

    @step_activity("runs.effects_of")
    async def effects_of(self, run: RunUndo) -> list[Effect]:
        return await effects_of(activity.client(), run)


async def _tell(
    client: Client, joining: Joining, reuse: WorkflowIDReusePolicy, memo: Mapping[str, bool] | None = None
) -> None:
    """The open case, or one that begins with this memo. Raises RPCError, and WorkflowAlreadyStartedError
    where there is none and `reuse` forbids another."""
    shown = {
        temporal.HEADLINE: joining.headline,
        temporal.ACCOUNT: joining.account,
        temporal.CUSTOMER: joining.customer_uuid,
        temporal.TEMPLATE: joining.template,
        temporal.OUTCOME: Outcome.OPEN.value,
        temporal.MODE: Mode.LIVE.value,
    }
    await client.start_workflow(
        joining.workflow,
        joining.told,
        id=joining.case_id,
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
        start_signal="told",
        start_signal_args=[joining.told],
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=reuse,
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(key, value) for key, value in shown.items()]
        ),
        memo=memo,
        static_summary=within(joining.summary, LONGEST_SUMMARY),
    )


async def _made_by_the_last(joining: Joining) -> Taken | None:
    """None where it is open still, or has made no such thing."""
    case = activity.client().get_workflow_handle(joining.case_id, result_type=RunResult)
    try:
        if (await case.describe()).status is not WorkflowExecutionStatus.COMPLETED:
            return None
        effects = (await case.result()).effects
    except (RPCError, WorkflowFailureError):
        return None
    found = [each for each in effects if each.key == joining.made and each.object_id]
    unchanged = [each.model_copy(update={"action": Action.UNCHANGED}) for each in found[-1:]]
    return Taken(effects=unchanged) if unchanged else None


async def find_trouble(client: Client, query: AttentionQuery, now: datetime) -> Attention:
    """The list runs some seconds behind. Raises RPCError."""
    found, more = await _found(client, now - query.look_back)
    known, reader = set(query.known), _Reader(client)
    new = [(kind, run) for kind, run in found if key_of(kind, run.run_id) not in known]
    still = {key_of(kind, run.run_id) for kind, run in found} & known
    return Attention(
        runs=[await reader.trouble(kind, run) for kind, run in new],
        still=sorted(still),
        waiting=await _waiting(client, query, now),
        more=more,
        holds=await holding_now(client),
    )


def waiting_for(system: str) -> str:
    return f"{RUNNING} AND {temporal.WAITS_FOR.name} = '{system}'"


async def _found(client: Client, since: datetime) -> tuple[list[Found], int]:
    """All but those that wait for a system, and how many more there are."""
    ended = f"{ENDED_BADLY} AND CloseTime > '{since.isoformat()}'"
    found: list[Found] = []
    more = 0
    for kinds, query in (
        (_kind_by_outcome, f"{ended} AND {SCHEDULE} IS NULL"),
        (_kind_by_outcome, f"{RUNNING} AND {UNDONE}"),
        (lambda _: Kind.STUCK, STUCK),
        (lambda _: Kind.UNREADABLE, UNREADABLE),
    ):
        try:
            runs = await _list(client, query, LISTED)
        except RPCError as error:
            if query is STUCK and error.status is RPCStatusCode.INVALID_ARGUMENT:
                continue  # an older server does not tell
            raise
        if len(runs) == LISTED:
            more += (await client.count_workflows(f"{OURS} AND {query}")).count - LISTED
        found += [(kinds(run), run) for run in await last_of_each(client, runs)]
    of_schedules = await _list(client, f"{ended} AND {SCHEDULE} IS NOT NULL", SCHEDULED)
    found += [(_kind_of_a_schedule(run), run) for run in await _last_of_schedules(client, of_schedules)]
    return await _not_dismissed(client, found), more


async def _not_dismissed(client: Client, found: list[Found]) -> list[Found]:
    known = await dismissals(client, (run.run_id for _, run in found))
    return [(kind, run) for kind, run in found if run.run_id not in known]


async def _list(client: Client, query: str, limit: int = LISTED) -> list[WorkflowExecution]:
    """Newest first."""
    listed = client.list_workflows(f"{OURS} AND {query}", limit=limit, page_size=limit)
    return [run async for run in listed]


def _kind_of_a_schedule(run: WorkflowExecution) -> Kind:
    return Kind.CANCELLED if run.status is WorkflowExecutionStatus.CANCELED else Kind.FAILED


def _kind_by_outcome(run: WorkflowExecution) -> Kind:
    if run.status is WorkflowExecutionStatus.CANCELED:
        return Kind.CANCELLED
    alive = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)
    partial = run.status in alive and _attribute(run, temporal.OUTCOME) == Outcome.PARTIAL
    return Kind.PARTIAL if partial else Kind.FAILED


async def last_of_each(client: Client, runs: Sequence[WorkflowExecution]) -> list[WorkflowExecution]:
    """Of a workflow that was run again only the last run counts: the one before keeps its old outcome."""
    ids = {run.id for run in runs if "'" not in run.id}
    if not ids:
        return list(runs)
    last: dict[str, WorkflowExecution] = {}
    async for run in client.list_workflows(f"WorkflowId IN ({_quoted(ids)})", limit=SCHEDULED):
        if run.id not in last or _began(run) > _began(last[run.id]):
            last[run.id] = run
    return [run for run in runs if run.id not in last or last[run.id].run_id == run.run_id]


async def _last_of_schedules(client: Client, runs: Sequence[WorkflowExecution]) -> list[WorkflowExecution]:
    """A later run of the same schedule that ended well has done what the one before has not."""
    last: dict[str, WorkflowExecution] = {}
    for run in runs:
        last.setdefault(_schedule(run), run)
    return [run for schedule, run in last.items() if await _is_the_last(client, schedule, run)]


async def _is_the_last(client: Client, schedule: str, run: WorkflowExecution) -> bool:
    closed = f"{SCHEDULE} = '{schedule}' AND ExecutionStatus != 'Running'"
    async for newest in client.list_workflows(closed, limit=1):
        return newest.run_id == run.run_id
    return True


async def _waiting(client: Client, query: AttentionQuery, now: datetime) -> list[Waiting]:
    runs = await _list(client, WAITING)
    systems = {system for run in runs for system in run.typed_search_attributes.get(temporal.WAITS_FOR) or ()}
    return [await _waiting_for(client, system, runs, query, now) for system in sorted(systems)]


async def _waiting_for(
    client: Client, system: str, runs: Sequence[WorkflowExecution], query: AttentionQuery, now: datetime
) -> Waiting:
    troubles = [
        await _wait(system, run)
        for run in runs
        if system in (run.typed_search_attributes.get(temporal.WAITS_FOR) or ())
    ]
    first = min(troubles, key=lambda trouble: (trouble.since, trouble.run_id))
    counted = await client.count_workflows(f"{OURS} AND {waiting_for(system)}")
    return Waiting(
        system=system,
        count=max(counted.count, len(troubles)),
        since=first.since,
        message=first.message,
        workflow_id=first.workflow_id,
        run_id=first.run_id,
        runs=[each for each in troubles if query.long_wait and each.since < now - query.long_wait],
    )


async def _wait(system: str, run: WorkflowExecution) -> Trouble:
    said = (await run.memo()).get(temporal.WAITS, {}).get(system, {})
    since = datetime.fromisoformat(said["since"]) if said else run.start_time
    return _told(Kind.WAITING, run, Problem(step=system, kind="", message=said.get("why", "")), since)


class _Reader:
    """Says what became of each run, and reads only so many histories for it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._left = READ

    async def trouble(self, kind: Kind, run: WorkflowExecution) -> Trouble:
        if kind is Kind.STUCK:
            return await self._stuck(run)
        if kind is Kind.UNREADABLE:
            return _told(kind, run, None, run.start_time)
        problem = await self._problem(run)
        return _told(kind, run, problem, run.close_time or run.start_time)

    async def _problem(self, run: WorkflowExecution) -> Problem | None:
        """What failed first. None where too many must be read: the next sweep does."""
        if run.status in ENDED:
            return await self._ended(run, ENDED[run.status])
        if said := (await run.memo()).get(temporal.PROBLEMS):
            return Problem.model_validate(said[0])
        if run.status is WorkflowExecutionStatus.RUNNING:
            return Problem(step=run.workflow_type, kind="", message="")
        if not self._may_read():
            return None
        return await _read_problem(self._client, run)

    async def _ended(self, run: WorkflowExecution, how: str) -> Problem:
        """By somebody, or by its time limit: with what it was still to do, where that is not too much."""
        dropped: Sequence[Pause] = ()
        if run.status is not WorkflowExecutionStatus.TIMED_OUT and self._may_read():
            dropped = await pauses(self._client, await tail(self._client, run.id, run.run_id))
        return Problem(step=run.workflow_type, kind=how, message=_dropped(dropped))

    async def _stuck(self, run: WorkflowExecution) -> Trouble:
        """Since its task failed first, which the history keeps; what the code said may name a customer."""
        failed = await _last_failed_task(self._client, run) if self._may_read() else None
        if failed is None:
            return _told(Kind.STUCK, run, None, run.start_time)
        error = failed.workflow_task_failed_event_attributes.failure.application_failure_info.type
        problem = Problem(step=run.workflow_type, kind=error or "timed out", message="")
        return _told(Kind.STUCK, run, problem, failed.event_time.ToDatetime(UTC))

    def _may_read(self) -> bool:
        self._left -= 1
        return self._left >= 0


def _dropped(left: Sequence[Pause]) -> str:
    """`Dropped: check back 7 days after the cancellation, due 06 Dec 10:00 UTC`."""
    said = (f"{each.what[:1].lower()}{each.what[1:]}, due {each.until:%d %b %H:%M} UTC" for each in left)
    return f"Dropped: {'; '.join(said)}" if left else ""


async def _last_failed_task(client: Client, run: WorkflowExecution) -> HistoryEvent | None:
    events = await tail(client, run.id, run.run_id, READ)
    return next((event for event in events if event.event_type in FAILED_TASK), None)


async def _read_problem(client: Client, run: WorkflowExecution) -> Problem:
    unknown = Problem(step=run.workflow_type, kind="", message="")
    handle = client.get_workflow_handle(run.id, run_id=run.run_id, result_type=RunResult)
    try:
        return next(iter((await handle.result(follow_runs=False)).problems), unknown)
    except WorkflowFailureError as failure:
        cause = failure.cause
    except ValueError:  # the result of a workflow that is no template
        return unknown
    if isinstance(cause, ApplicationError):
        said = cause.message if cause.type in SAID_BY_CLIENTS else ""
        return Problem(step=run.workflow_type, kind=cause.type or "", message=said)
    return unknown


def _told(kind: Kind, run: WorkflowExecution, problem: Problem | None, since: datetime) -> Trouble:
    return Trouble(
        kind=kind,
        workflow_id=run.id,
        run_id=run.run_id,
        workflow_type=run.workflow_type,
        headline=_attribute(run, temporal.HEADLINE) or run.workflow_type,
        since=since,
        step=problem.step if problem else "",
        error=problem.kind if problem else "",
        message=brief(problem.message) if problem else "",
        scheduled=bool(_schedule(run)),
    )


def _attribute(run: WorkflowExecution, key: Any) -> str:
    return str(run.typed_search_attributes.get(key) or "")


def _schedule(run: WorkflowExecution) -> str:
    return str(next(iter(run.search_attributes.get(SCHEDULE) or ()), ""))


def _began(run: WorkflowExecution) -> datetime:
    return run.execution_time or run.start_time


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))
