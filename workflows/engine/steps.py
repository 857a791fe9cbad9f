"""How a step runs: local first, durable on failure.

A step is tried once inside the workflow task, which costs a fraction of a regular activity's time and
actions. Only where that fails for now does it become a regular activity on its system's queue, with
durable retries. Writes may repeat, because every one is exactly once in effect by its key.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, TimeoutError

from activities.definition import Step, StepDefinition
from activities.holds import HoldActivities
from activities.runs.steps import RunsActivities
from models.effects import Effect, Mode, Write
from models.holds import PausedQuery
from models.tasks import TaskQuery
from temporal import DURABLE, GIVE_UP_AFTER, PATIENT, PREVIEW_SUFFIX, RERUN, TASK_TIMEOUT
from workflows.engine.patches import decided_at_its_start, patched
from workflows.engine.trouble import waiting

LOCAL_LIMIT = timedelta(seconds=3)
"""Longer steps would outlast the workflow task they run in."""

DURABLE_LIMIT = timedelta(seconds=30)

HEARTBEAT_LIMIT = timedelta(seconds=15)
"""After a killed worker a long step goes on after this long, where its last heartbeat says."""

LOCAL_WINDOW = 0.8 * TASK_TIMEOUT
"""From the begin of a task on. A worker that froze longer in it may have lost the run to another, who writes
in its place."""

NOT_LOCALLY = datetime.min.replace(tzinfo=UTC)
"""The end of the window where a task is gone through again: it was completed while the step was under way, to
be gone on with, and then the worker died. No history tells what the step has written."""

NOTHING_DONE = ("RateLimited", "Unavailable", "Paused")
"""After these a write surely did not happen, and nobody has to look for it."""

MAY_BE_REPEATED = "MayBeRepeated"
"""The kind of a write that a lost worker may have made, and that was not made now."""

OUTDATED = "Outdated"
"""The kind of a write that was held up until what it says may be untrue. Nothing was written."""

CUT_OFF_PAUSE = timedelta(seconds=5)
"""A write that was cut off at the local limit may still arrive: time for that before anyone looks."""

PREVIEW_PATIENCE = timedelta(seconds=5)
"""For each step of a preview that a person waits for, after its local try."""

ASKS = "asks-whether-it-may-be-a-repeat"
"""Runs that began before look for a message in each task but their first."""

LOOKS_ONCE = "looks-once-before-it-waits"
"""In runs that began before, a message that may be a repeat does not say that it waits for Slack."""

PATCH = "outlasts-pauses"
"""Of runs that began before, a time-out is final in a pause, too."""

S = TypeVar("S")
A = TypeVar("A")
R = TypeVar("R")


class StepFailed(Exception):
    """The step failed, for good where it is raised. `kind` is the name of one of `clients.kit.errors`."""

    def __init__(
        self, step: str, kind: str, message: str, *, permanent: bool, pause: timedelta | None
    ) -> None:
        super().__init__(message)
        self.step, self.kind, self.permanent, self.pause = step, kind, permanent, pause


async def step(activity: Step[S, A, R], arg: A, *, summary: str, patience: timedelta = GIVE_UP_AFTER) -> R:
    """Run one step. `summary` names it in the timeline. Raises StepFailed."""
    definition = activity.definition
    repeat = await _may_be_a_repeat(arg, asks=definition.looks_first)
    looks = repeat and definition.looks_first
    if looks and (patience <= DURABLE_LIMIT or not patched(LOOKS_ONCE)):
        return await _durable(activity, _marked(arg, repeat=True), summary, patience)
    try:
        return await _first_try(activity, _marked(arg, repeat=repeat), summary, looks=looks)
    except StepFailed as first:
        failure = first
    if failure.kind == MAY_BE_REPEATED and decided_at_its_start():
        return _after_local(
            await step(activity, _marked(arg, repeat=True), summary=summary, patience=patience)
        )
    if failure.permanent:
        raise failure
    if _is_waited_for():
        patience = min(patience, PREVIEW_PATIENCE)
        was_cut_off = failure.kind == "TimedOut" and not definition.looks_first
        if was_cut_off or (failure.pause and failure.pause > patience):
            raise failure
    with waiting(definition.system, str(failure), patience):
        if failure.pause:
            await workflow.sleep(failure.pause, summary=str(failure)[:100])
        repeat = repeat or failure.kind not in NOTHING_DONE
        return _after_local(await _durable(activity, _marked(arg, repeat=repeat), summary, patience))


async def long_step(activity: Step[S, A, R], arg: A, *, summary: str, limit: timedelta) -> R:
    """Work that takes more than some seconds and shows by heartbeats that it lives. Raises StepFailed."""
    return await _regular(
        activity,
        arg,
        start_to_close_timeout=limit,
        schedule_to_close_timeout=limit,
        outlasts_pauses=True,
        heartbeat_timeout=HEARTBEAT_LIMIT,
        retry_policy=PATIENT,
        summary=summary,
    )


async def durably(activity: Step[S, A, R], arg: A, *, summary: str) -> R:
    """No local try: the workflow task ends here, and what was read in it is in the history. Raises
    StepFailed."""
    return await _durable(activity, arg, summary, GIVE_UP_AFTER)


async def glance(activity: Step[S, A, R], arg: A) -> R:
    """A read that the run can do without: one local try, no second. Raises StepFailed."""
    return await _first_try(activity, arg, "", looks=False)


def _is_waited_for() -> bool:
    """A person sits at the terminal until this preview is there: a system that is away is told, not waited
    for."""
    return workflow.info().workflow_id.endswith(PREVIEW_SUFFIX)


def is_rerun() -> bool:
    """A person has the event acted on again: by a reset to the first step, or by a new run in its place."""
    info = workflow.info()
    return info.run_id != info.original_execution_run_id or RERUN in workflow.memo()


T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")


async def together(
    one: Awaitable[T1], two: Awaitable[T2], three: Awaitable[T3], four: Awaitable[T4]
) -> tuple[T1, T2, T3, T4]:
    """Side by side. Unlike a bare gather it lets every step end before it raises the first failure:
    a run must not close over local activities that are still under way."""
    results = await asyncio.gather(one, two, three, four, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return cast(tuple[T1, T2, T3, T4], tuple(results))


async def _first_try(activity: Step[S, A, R], arg: A, summary: str, *, looks: bool) -> R:
    """Local, but where looking takes longer than a workflow task may. Raises StepFailed."""
    if looks:
        once = RetryPolicy(maximum_attempts=1)
        return await _durable(activity, arg, summary, DURABLE_LIMIT, retry_policy=once)
    try:
        return await _local(activity, arg)
    except FailureError as error:
        raise _failure(activity.definition, error) from None


async def _local(activity: Step[S, A, R], arg: A) -> R:
    began, tasks = workflow.now(), _of_this_run().tasks
    tasks.begun(at_least=began)
    try:
        result: R = await workflow.execute_local_activity_method(
            cast(Any, activity),
            arg,
            start_to_close_timeout=LOCAL_LIMIT,
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
    except FailureError:
        tasks.begun(at_least=began)
        raise
    tasks.begun(at_least=began)
    return result


async def _durable(
    activity: Step[S, A, R],
    arg: A,
    summary: str,
    patience: timedelta,
    retry_policy: RetryPolicy = DURABLE,
) -> R:
    return await _regular(
        activity,
        arg,
        activity_id=arg.key if isinstance(arg, Write) else None,
        start_to_close_timeout=DURABLE_LIMIT,
        schedule_to_close_timeout=patience,
        outlasts_pauses=patience >= GIVE_UP_AFTER,
        retry_policy=retry_policy,
        summary=summary,
    )


async def _regular(activity: Step[S, A, R], arg: A, *, outlasts_pauses: bool, **options: Any) -> R:
    """Time that a person's pause takes does not count as patience: what ran out of it in a pause is
    scheduled anew."""
    definition = activity.definition
    while True:
        try:
            result: R = await workflow.execute_activity_method(
                cast(Any, activity), arg, task_queue=definition.system, **options
            )
        except FailureError as error:
            if not (outlasts_pauses and (_ended_paused(error) or await _is_paused(definition, error))):
                raise _failure(definition, error) from None
            arg = _marked(arg, repeat=True)  # tries before the pause may have written
        else:
            return result


async def _may_be_a_repeat(arg: object, *, asks: bool) -> bool:
    """True, too, where the caller says that another run may have written. `asks`: which way the run takes
    depends on it, so that the length of the history must not tell it: the local try does."""
    if not isinstance(arg, Write):
        return False
    is_new = arg.mode is Mode.LIVE and _is_new(arg.key)
    if arg.repeat or is_rerun():
        return True
    if not asks:
        return not _is_undisturbed()
    if not decided_at_its_start():
        return not (_is_undisturbed() or (is_new and patched(ASKS) and await _has_lost_nothing()))
    return arg.mode is Mode.LIVE and not is_new


def _is_undisturbed() -> bool:
    """As it may be otherwise where the run is gone through again."""
    return _task().is_undisturbed


def _task() -> TaskQuery:
    return TaskQuery(history_length=workflow.info().get_current_history_length())


def _is_new(key: str) -> bool:
    """Whether the run has not tried this write before."""
    tried = _of_this_run().tried
    is_new = key not in tried
    tried.add(key)
    return is_new


@dataclass
class _Tasks:
    """When the current workflow task began, at the earliest. The run's own clock does not tell: it goes on
    with each local step, by as long as that took, also where the worker was frozen meanwhile."""

    length: int = 0
    earliest: datetime = NOT_LOCALLY

    def begun(self, at_least: datetime) -> datetime:
        """`at_least`: when what goes on now began; it may have outlasted the task it began in."""
        length = workflow.info().get_current_history_length()
        if length != self.length:
            self.length, self.earliest = length, at_least
        return self.earliest


@dataclass
class _Run:
    tried: set[str] = field(default_factory=set)
    tasks: _Tasks = field(default_factory=_Tasks)


def _of_this_run() -> _Run:
    """Kept by the workflow object: without the sandbox all runs of a worker share this module."""
    run = workflow.instance()
    if not hasattr(run, "steps_of_this_run"):
        run.steps_of_this_run = _Run()
    return cast(_Run, run.steps_of_this_run)


async def _has_lost_nothing() -> bool:
    """Temporal is asked whether a task of the run was lost, with what it had written. What it cannot tell now
    may have been lost."""
    try:
        return await _local(RunsActivities.has_lost_nothing, _task())
    except FailureError:
        return False


def _marked(arg: A, *, repeat: bool) -> A:
    """Tell a write whether an earlier try may have written, and until when it may be tried locally."""
    if not isinstance(arg, Write):
        return arg
    marks = {"repeat": repeat, "rerun": is_rerun(), "local_until": _local_until(), "task": _task()}
    return arg.model_copy(update=marks)


def _local_until() -> datetime:
    if workflow.unsafe.is_replaying():
        return NOT_LOCALLY
    return _of_this_run().tasks.begun(at_least=workflow.now()) + LOCAL_WINDOW


def _after_local(result: R) -> R:
    """Count the local try too."""
    if isinstance(result, Effect):
        return result.model_copy(update={"tries": result.tries + 1})
    return result


def _ended_paused(error: FailureError) -> bool:
    """The server names the last failure, or the time-out with it, as the cause."""
    last = error.cause.cause if isinstance(error.cause, TimeoutError) else error.cause
    return isinstance(last, ApplicationError) and last.type == "Paused"


async def _is_paused(definition: StepDefinition, error: FailureError) -> bool:
    """A step that rests in the queue of a paused system is not tried, and cannot say so itself."""
    if not isinstance(error.cause, TimeoutError) or not patched(PATCH):
        return False
    return await _local(HoldActivities.is_paused, PausedQuery(system=definition.system))


def _failure(definition: StepDefinition, error: FailureError) -> StepFailed:
    """Fold the ways in which a local and a regular activity fail into one.

    A local failure raises ApplicationError itself; a regular one, and any time-out, ActivityError
    with the reason as its cause. A cancelled workflow is no failure of the step.
    """
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError):
        kind, final = cause.type or "Error", cause.non_retryable
        return StepFailed(definition.name, kind, cause.message, permanent=final, pause=cause.next_retry_delay)
    if isinstance(cause, TimeoutError):
        none = f"{definition.system} gave none, or took no call"
        last = cause.cause.message if isinstance(cause.cause, ApplicationError) else none
        message = f"No answer in time: {last}"
        return StepFailed(definition.name, "TimedOut", message, permanent=False, pause=CUT_OFF_PAUSE)
    raise error
