"""A time span of what is listed through the dispatcher, followed to its end: ChartMogul's movements, and the
failed payments of billing systems and of ChartMogul's invoices."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import (
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from configuration.files import load_routes
from models.movements import PAYMENT, BackfillInput, BackfillProgress, Found
from models.routes import Routes
from models.spelling import nearest
from models.templates.catalogue import TEMPLATES
from operations.accounts import known_account
from operations.dates import in_words, shown, time_span
from operations.errors import Stopped, why_failed
from operations.waiting import asked, trouble_of
from settings import Settings

DAY = timedelta(days=1)

MOVEMENT = "mrr_movement"
KINDS = (MOVEMENT, PAYMENT)
"""Of events, as each has its own."""

Run = WorkflowHandle[Any, BackfillProgress]


@dataclass(frozen=True)
class Wish:
    """What a person asks for. Without `first` and `last` it is to attach to the run that there is."""

    account: str
    first: str | None = None
    last: str | None = None
    preview: bool = False
    templates: Sequence[str] = ()
    act_within_days: float | None = None
    kinds: Sequence[str] = ()
    """Of events. Left out: movements, and failed payments where a route takes them."""


@dataclass(frozen=True)
class Backfill:
    """One that runs, or has. `ahead` is its end where that has yet to come: what is scheduled until then is
    taken, too."""

    account: str
    run: Run
    link: str
    ahead: datetime | None = None


@dataclass(frozen=True)
class Look:
    """How far it is, once a worker has told, and what keeps it. The last one has what it came to."""

    progress: BackfillProgress | None
    trouble: str = ""


async def start(settings: Settings, wish: Wish) -> Backfill:
    """Raises Stopped."""
    known_account(settings, wish.account)
    given = _input(wish, load_routes(settings.routes_file))
    client = await temporal.connect()
    if not given.preview:
        await _know_what_was_acted_on(client)
    run = await _started(client, given)
    ahead = given.end if given.end > datetime.now(UTC) else None
    return Backfill(wish.account, run, await _link(settings, client, run), ahead)


async def attach(settings: Settings, account: str) -> Backfill:
    """The one that runs, or the last one. Raises Stopped where there is none."""
    client = await temporal.connect()
    run = client.get_workflow_handle(_id(account), result_type=BackfillProgress)
    try:
        return Backfill(account, run, await _link(settings, client, run))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise Stopped(f"There is no backfill of account {account}.") from None


async def _link(settings: Settings, client: Client, run: Run) -> str:
    return temporal.run_link(settings.web_ui_url, client.namespace, run.id, (await run.describe()).run_id)


async def watch(backfill: Backfill) -> AsyncIterator[Look]:
    """Twice a second until it has ended. To stop watching leaves it running. Raises Stopped where it
    failed."""
    last: BackfillProgress | None = None
    async for trouble in trouble_of(backfill.run):
        last = await asked(backfill.run, "progress", BackfillProgress) or last
        yield Look(last, trouble)
    try:
        yield Look(await backfill.run.result())
    except WorkflowFailureError as failure:
        last = await asked(backfill.run, "progress", BackfillProgress) or last
        raise Stopped(_ended_early(last, failure)) from None


def _input(wish: Wish, routes: Routes) -> BackfillInput:
    if wish.first is None or wish.last is None:
        raise Stopped("Say which time span: --from 2026-10-01 --to 2026-11-01; or --attach to one that runs.")
    if unknown := sorted(set(wish.templates) - TEMPLATES.keys()):
        raise Stopped(f"There is no template {', '.join(unknown)}; there are: {', '.join(TEMPLATES)}.")
    kinds = _kinds(wish, routes)
    start, end = time_span(wish.first, wish.last)
    return BackfillInput(
        account=wish.account,
        start=start,
        end=end,
        preview=wish.preview,
        templates=list(wish.templates),
        act_within_days=wish.act_within_days,
        movements=MOVEMENT in kinds,
        payments=PAYMENT in kinds,
    )


def _kinds(wish: Wish, routes: Routes) -> set[str]:
    """Raises Stopped."""
    if unknown := [each for each in wish.kinds if each not in KINDS]:
        hint = nearest(unknown[0], KINDS) or f"; there are: {', '.join(KINDS)}."
        raise Stopped(f"There is no kind of event {unknown[0]}{hint}")
    chosen = [each for each in routes.routes if not wish.templates or each.template in wish.templates]
    taken = any(PAYMENT in each.when.types for each in chosen)
    if PAYMENT in wish.kinds and not taken:
        raise Stopped(f"No route{' of these templates' * bool(wish.templates)} takes failed payments.")
    return set(wish.kinds) or {MOVEMENT, *([PAYMENT] if taken else [])}


async def _know_what_was_acted_on(client: Client) -> None:
    """Raises Stopped where the namespace forgets runs of movements that a backfill may act on."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    described = await client.workflow_service.describe_namespace(request)
    kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
    if kept < temporal.RETENTION:
        raise Stopped(
            f"Temporal's namespace {client.namespace} keeps closed runs for {in_words(kept)}: of an older"
            " movement nobody could say whether it was acted on, or dropped. `mogulflow prepare` makes it"
            f" {temporal.RETENTION.days} days; until that time has passed, look at `--preview` first."
        )


async def _started(client: Client, given: BackfillInput) -> Run:
    what = f"{'Preview of backfill' if given.preview else 'Backfill'} of account {given.account}"
    summary = f"{what}, {shown(given.start)} to {shown(given.end)}"
    try:
        return await client.start_workflow(
            "backfill",
            given,
            id=_id(given.account),
            result_type=BackfillProgress,
            task_queue=temporal.WORKFLOWS,
            task_timeout=temporal.TASK_TIMEOUT,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            search_attributes=temporal.labels(what, given.account),
            static_summary=summary,
            priority=temporal.BULK,
        )
    except WorkflowAlreadyStartedError as running:
        raise Stopped(
            f"One at a time: {running.workflow_id} is running. {how_to_end(given.account)}"
        ) from None


def how_to_end(account: str) -> str:
    """And how to watch it."""
    return (
        f"Watch it by `mogulflow backfill --attach --account {account}`, end it by"
        f" `mogulflow temporal workflow cancel -w {_id(account)}`."
    )


def in_short(progress: BackfillProgress) -> str:
    """`3 of 31 days, 120 movements, 4 started`."""
    done, whole = progress.next - progress.start, progress.end - progress.start
    days = f"{done / DAY:.0f} of {-(-whole // DAY)} days"
    tally, payments = progress.tally, progress.tally.payments(*Found)
    paid = ", failed payments to come" if progress.payments_left else ""
    paid = paid or (f", {payments} failed payments" if payments else "")
    started = progress.tally.runs(Found.STARTED, Found.WOULD_START)
    verb = "would start" if progress.preview else "started"
    shadowed = progress.tally.runs(Found.SHADOWED)
    preview = f", {shadowed} in preview" if shadowed else ""
    return f"{days}, {tally.rows - payments} movements{paid}, {started} {verb}{preview}"


def _ended_early(last: BackfillProgress | None, failure: WorkflowFailureError) -> str:
    if last is None:
        return f"The backfill ended before its first day: {why_failed(failure)}."
    if last.payments_left and last.next == last.end:
        reached = f"The backfill ended at the failed payments ({in_short(last)})"
        return f"{reached}: {why_failed(failure)}. Go on with --kind {PAYMENT}."
    reached = f"The backfill ended at {shown(last.next)} ({in_short(last)})"
    return f"{reached}: {why_failed(failure)}. Go on with --from there."


def _id(account: str) -> str:
    return f"backfill/{account}"
