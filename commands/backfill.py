"""`backfill`: a time span of ChartMogul's list through the door, followed to its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import (
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from commands.dates import in_words, shown, time_span
from commands.show import listed, print_tally
from commands.stopped import Stopped, why_failed
from commands.waiting import asked, trouble_of
from models.movements import LONGEST_ACT_WITHIN_DAYS, BackfillInput, BackfillProgress, Found
from models.templates.catalogue import TEMPLATES
from settings import Settings

DAY = timedelta(days=1)

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


async def backfill(settings: Settings, wish: Wish, console: Console) -> None:
    """Start one and follow it. Ctrl-C leaves it running."""
    known_account(settings, wish.account)
    given = _input(wish)
    client = await temporal.connect()
    if not given.preview:
        await _know_what_was_acted_on(client)
    run = await _started(client, given)
    if given.end > datetime.now(UTC):
        console.print(f"--to {shown(given.end)} lies ahead: what is scheduled until then is taken, too.")
    await _follow(settings, client, run, console)


async def attach(settings: Settings, account: str, console: Console) -> None:
    """Follow the one that runs, or show what the last one came to."""
    client = await temporal.connect()
    run = client.get_workflow_handle(_id(account), result_type=BackfillProgress)
    try:
        await run.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise Stopped(f"There is no backfill of account {account}.") from None
    await _follow(settings, client, run, console)


def known_account(settings: Settings, account: str) -> None:
    if account not in settings.chartmogul:
        there_are = ", ".join(settings.chartmogul) or "none"
        name = f"CHARTMOGUL__{account.upper()}__API_KEY"
        raise Stopped(f"There is no account {account}; there are: {there_are}. Set {name}, or name another.")


def _input(wish: Wish) -> BackfillInput:
    if wish.first is None or wish.last is None:
        raise Stopped("Say which time span: --from 2026-10-01 --to 2026-11-01; or --attach to one that runs.")
    if unknown := sorted(set(wish.templates) - TEMPLATES.keys()):
        raise Stopped(f"There is no template {', '.join(unknown)}; there are: {', '.join(TEMPLATES)}.")
    start, end = time_span(wish.first, wish.last)
    return BackfillInput(
        account=wish.account,
        start=start,
        end=end,
        preview=wish.preview,
        templates=list(wish.templates),
        act_within_days=wish.act_within_days,
    )


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
        raise Stopped(f"One at a time: {running.workflow_id} is running. {_how(given.account)}") from None


def _how(account: str) -> str:
    return (
        f"Watch it by `mogulflow backfill --attach --account {account}`, end it by"
        f" `mogulflow temporal workflow cancel -w {_id(account)}`."
    )


async def _follow(settings: Settings, client: Client, run: Run, console: Console) -> None:
    account = run.id.partition("/")[2]
    link = temporal.run_link(settings.web_ui_url, client.namespace, run.id, (await run.describe()).run_id)
    console.print(f"Run: {link}", soft_wrap=True)
    try:
        progress = await _watched(run, console)
    except asyncio.CancelledError:
        console.print(f"It goes on. {_how(account)}", soft_wrap=True)
        raise
    _print(account, progress, console)


async def _watched(run: Run, console: Console) -> BackfillProgress:
    """Its end, with a bar until then."""
    last: BackfillProgress | None = None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("beginning", total=1.0, said="")
        async for trouble in trouble_of(run):
            last = await asked(run, "progress", BackfillProgress) or last
            if last:
                bar.update(task, description=_said(last), completed=last.done)
            bar.update(task, said=escape(trouble))
        try:
            end = await run.result()
        except WorkflowFailureError as failure:
            last = await asked(run, "progress", BackfillProgress) or last
            raise Stopped(_ended_early(last, failure)) from None
        bar.update(task, description=_said(end), completed=end.done, said="")
    return end


def _said(progress: BackfillProgress) -> str:
    done, whole = progress.next - progress.start, progress.end - progress.start
    days = f"{done / DAY:.0f} of {-(-whole // DAY)} days"
    started = progress.tally.runs(Found.STARTED, Found.WOULD_START)
    verb = "would start" if progress.preview else "started"
    shadowed = progress.tally.runs(Found.SHADOWED)
    preview = f", {shadowed} in preview" if shadowed else ""
    return f"{days}, {progress.tally.rows} movements, {started} {verb}{preview}"


def _ended_early(last: BackfillProgress | None, failure: WorkflowFailureError) -> str:
    if last is None:
        return f"The backfill ended before its first day: {why_failed(failure)}."
    reached = f"The backfill ended at {shown(last.next)} ({_said(last)})"
    return f"{reached}: {why_failed(failure)}. Go on with --from there."


def _print(account: str, progress: BackfillProgress, console: Console) -> None:
    tally = progress.tally
    what = f"{'Preview of a backfill' if progress.preview else 'Backfill'} of account {account}"
    span = f"{shown(progress.start)} to {shown(progress.end)} (not included)"
    console.print(f"{what}, {span}: {tally.rows} movements", highlight=False, soft_wrap=True)
    print_tally(tally, console)
    for line in listed("These rows cannot be read; look whether ChartMogul changed them:", tally.unreadable):
        console.print(line, soft_wrap=True)
    if tally.runs(Found.TOO_OLD):
        console.print(_too_old(account, progress), soft_wrap=True)


def _too_old(account: str, progress: BackfillProgress) -> str:
    limit = "their routes act" if progress.act_within_days is None else "--act-within says"
    days = -(-(datetime.now(UTC) - progress.start).total_seconds() // 86400)
    late = progress.tally.runs(Found.TOO_OLD)
    said = f"{late} too old: further back than {limit}, so they were counted and no more."
    if days > LONGEST_ACT_WITHIN_DAYS:
        said += (
            f" After {LONGEST_ACT_WITHIN_DAYS} days Temporal does not keep whether a movement was acted on or"
            " dropped: what is older is never acted on; see to it by hand."
        )
    if progress.act_within_days == LONGEST_ACT_WITHIN_DAYS:
        return said
    span = f"--from {shown(progress.start)} --to {shown(progress.end)}"
    again = f"{span} --act-within {min(days, LONGEST_ACT_WITHIN_DAYS):.0f}"
    whom = "the others" if days > LONGEST_ACT_WITHIN_DAYS else "them"
    return f"{said} To act on {whom}: `mogulflow backfill --account {account} {again}`"


def _id(account: str) -> str:
    return f"backfill/{account}"
