"""Writes that a system offers no way to repeat: each is made at most once, whatever happens.

Such a write is a run of its own, whose id is the write's key. It fails where nothing was done, and may then
be begun again; it completes where it was done, and where nobody knows whether it was: then a person is told,
and no later run makes it, for as long as Temporal keeps it.
"""

from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    WorkflowAlreadyStartedError,
)

from activities.definition import Step
from activities.runs.steps import RunsActivities
from models.effects import Write
from models.once import Attempt, Attempted, AttemptQuery
from temporal import GIVE_UP_AFTER
from workflows.engine.steps import NOTHING_DONE, StepFailed, step
from workflows.engine.trouble import waiting

A = TypeVar("A", bound=Write)
R = TypeVar("R", bound=BaseModel)

LIMIT = timedelta(seconds=30)
"""Of the one try."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=5)
"""Between tries that did nothing."""

UNKNOWN = "Undetermined"
"""The kind of a failure after which nobody knows whether it was done."""


async def once(activity: Step[Any, A, R], arg: A, result: type[R], *, summary: str) -> R:
    """Raises StepFailed, of kind UNKNOWN where a person must look whether it was done."""
    definition = activity.definition
    attempt = Attempt(
        step=definition.name,
        system=definition.system,
        arg=arg.model_dump(mode="json"),
        summary=summary,
        patience=GIVE_UP_AFTER,
    )
    try:
        attempted = await workflow.execute_child_workflow(
            "once",
            attempt,
            id=f"once/{arg.key}",
            result_type=Attempted,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            static_summary=summary,
        )
    except WorkflowAlreadyStartedError:  # by an earlier run of this event
        attempted = await step(
            RunsActivities.attempted, AttemptQuery(key=arg.key), summary="See what it came to"
        )
    except ChildWorkflowError as error:
        raise _failed(definition.name, error) from None
    if attempted.unknown:
        raise StepFailed(definition.name, UNKNOWN, attempted.unknown, permanent=True, pause=None)
    return result.model_validate(attempted.result)


def _failed(name: str, error: ChildWorkflowError) -> StepFailed:
    cause = error.cause
    kind = cause.type if isinstance(cause, ApplicationError) else "Error"
    said = cause.message if isinstance(cause, ApplicationError) else str(cause or error)
    return StepFailed(name, kind or "Error", said, permanent=True, pause=None)


@workflow.defn(name="once")
class Once:
    """One write. Its history is the proof that it was tried no second time."""

    @workflow.run
    async def run(self, given: Attempt) -> Attempted:
        began, pause = workflow.now(), FIRST_PAUSE
        while True:
            try:
                result = await self._try(given)
            except ActivityError as error:
                cause = error.cause
                kind = cause.type if isinstance(cause, ApplicationError) else None
                if isinstance(cause, ApplicationError) and cause.non_retryable:
                    raise cause from None  # refused: nothing was done
                if kind not in NOTHING_DONE:
                    return Attempted(unknown=_words(given, cause))
                if workflow.now() - began > given.patience:
                    raise ApplicationError(str(cause), type=kind, non_retryable=True) from None
                pause = getattr(cause, "next_retry_delay", None) or min(pause * 2, LONGEST_PAUSE)
                with waiting(given.system, str(cause), given.patience):
                    await workflow.sleep(pause, summary=str(cause)[:100])
            else:
                return Attempted(result=result)

    async def _try(self, given: Attempt) -> Any:
        return await workflow.execute_activity(
            given.step,
            given.arg,
            task_queue=given.system,
            start_to_close_timeout=LIMIT,
            schedule_to_close_timeout=given.patience,
            retry_policy=RetryPolicy(maximum_attempts=1),
            summary=given.summary,
        )


def _words(given: Attempt, cause: BaseException | None) -> str:
    said = cause.message if isinstance(cause, ApplicationError) else "no answer came in time"
    return (
        f"{given.summary}: {said}. It may have been done and is not tried again: look in {given.system}, and"
        " do it there by hand if it is missing"
    )
