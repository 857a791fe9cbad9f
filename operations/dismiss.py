"""Nothing more is to be done about a run. Who says so, when and why is kept beside it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

import temporal
from activities.dismissals import WORKFLOW, dismissal_id
from activities.runs.steps import find_trouble
from dispatch.dead_letters import TEMPLATE as UNREADABLE
from models.attention import AttentionQuery, Dismissal, Kind, Trouble
from models.bounds import within
from models.deliveries import Dismissed
from models.runs import Outcome
from operations.errors import Stopped
from operations.person import kept, who
from operations.retry import described_run
from settings import Settings

BAD_ENDS = (
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.TIMED_OUT,
    WorkflowExecutionStatus.TERMINATED,
    WorkflowExecutionStatus.CANCELED,
)
LONGEST_SUMMARY = 400
"""Bytes that the server takes."""

LONGEST_RUN = timedelta(days=400)
"""A run checks back for a year at most."""


@dataclass(frozen=True)
class Closed:
    """`before` is what somebody said of it earlier, which stays."""

    workflow_id: str
    before: Dismissal | None = None


async def dismiss(settings: Settings, run: str, why: str, all_like: bool = False) -> AsyncIterator[Closed]:
    """Closes it for `attention` and the ops channel; with `all_like` those of the same trouble, too. Saying
    it twice is no fault. Raises Stopped."""
    if not why.strip():
        raise Stopped('Say why, for whoever looks at the run later: `mogulflow dismiss RUN "why"`.')
    why = kept(why)
    client = await temporal.connect()
    for each in await _like(client, run) if all_like else [run]:
        yield Closed(each, await _dismiss(settings, client, each, why))


async def _like(client: Client, run: str) -> Sequence[str]:
    """That run, and those which have failed in the same step by the same error."""
    found = (await find_trouble(client, AttentionQuery(), datetime.now(UTC))).runs
    one = next((each for each in found if each.workflow_id == run), None)
    if one is None:
        raise Stopped(f"{run} is not among what waits for a person; `mogulflow attention` lists that.")
    return [each.workflow_id for each in found if _is_like(each, one)]


def _is_like(each: Trouble, one: Trouble) -> bool:
    return (each.kind, each.about) == (one.kind, one.about) and each.kind is not Kind.STUCK


async def _dismiss(settings: Settings, client: Client, run: str, why: str) -> Dismissal | None:
    described = await described_run(client, run)
    running = described.status is WorkflowExecutionStatus.RUNNING
    if described.workflow_type == UNREADABLE and running:
        await client.get_workflow_handle(run).signal("dismissed", Dismissed(reason=why, who=who()))
        return None
    _refuse_what_is_fine(described)
    given = Dismissal(
        workflow_id=run,
        run_id=described.run_id,
        headline=str(described.typed_search_attributes.get(temporal.HEADLINE) or described.workflow_type),
        who=who(),
        why=why,
        at=datetime.now(UTC),
        keep_for=LONGEST_RUN if running else timedelta(0),
        link=temporal.run_link(settings.web_ui_url, client.namespace, run, described.run_id),
    )
    return await _keep(client, described, given)


def _refuse_what_is_fine(described: WorkflowExecutionDescription) -> None:
    outcome = described.typed_search_attributes.get(temporal.OUTCOME)
    if described.status in BAD_ENDS or outcome in (Outcome.PARTIAL, Outcome.FAILED):
        return
    if described.search_attributes.get(temporal.REPORTED_PROBLEMS):
        raise Stopped(f"{described.id} is stuck and still open: it goes on once its code can. Deploy that.")
    if described.status is WorkflowExecutionStatus.RUNNING:
        raise Stopped(f"{described.id} is open and nothing has failed: there is nothing to dismiss.")
    raise Stopped(f"{described.id} has ended as {outcome or 'completed'}: there is nothing to dismiss.")


async def _keep(
    client: Client, described: WorkflowExecutionDescription, given: Dismissal
) -> Dismissal | None:
    """The one that there was before, if any."""
    account = described.typed_search_attributes.get(temporal.ACCOUNT)
    labels = [
        SearchAttributePair(temporal.HEADLINE, f"Dismissed: {given.headline}"[:255]),
        SearchAttributePair(temporal.OUTCOME, Outcome.DISMISSED.value),
    ]
    if account:
        labels.append(SearchAttributePair(temporal.ACCOUNT, account))
    try:
        await client.start_workflow(
            WORKFLOW,
            given,
            id=dismissal_id(given.run_id),
            task_queue=temporal.WORKFLOWS,
            task_timeout=temporal.TASK_TIMEOUT,
            search_attributes=TypedSearchAttributes(labels),
            memo={temporal.DISMISSED: given},
            static_summary=within(f"Dismissed: {given.headline}", LONGEST_SUMMARY),
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
    except WorkflowAlreadyStartedError:
        memo = await (await client.get_workflow_handle(dismissal_id(given.run_id)).describe()).memo()
        return Dismissal.model_validate(memo[temporal.DISMISSED])
    return None
