"""`backfill`: a bar while it runs, and what became of the movements."""

import asyncio
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import operations.backfill as operation
from commands.show import listed, print_tally
from commands.texts import escape
from models.bounds import LONGEST_ACT_WITHIN_DAYS
from models.movements import BackfillProgress, Found
from operations.backfill import Backfill, Wish, how_to_end, in_short, watch
from operations.dates import shown
from settings import Settings


async def backfill(settings: Settings, wish: Wish, console: Console) -> bool:
    """Start one and follow it. Ctrl-C leaves it running. False where a list could not be asked."""
    begun = await operation.start(settings, wish)
    if begun.ahead:
        console.print(f"--to {shown(begun.ahead)} lies ahead: what is scheduled until then is taken, too.")
    return await _follow(begun, console)


async def attach(settings: Settings, account: str, console: Console) -> bool:
    """Follow the one that runs, or show what the last one came to."""
    return await _follow(await operation.attach(settings, account), console)


async def _follow(backfill: Backfill, console: Console) -> bool:
    console.print(f"Run: {backfill.link}", soft_wrap=True)
    try:
        progress = await _watched(backfill, console)
    except asyncio.CancelledError:
        console.print(f"It goes on. {how_to_end(backfill.account)}", soft_wrap=True)
        raise
    if progress:
        _print(backfill.account, progress, console)
    return not (progress and progress.tally.unasked)


async def _watched(backfill: Backfill, console: Console) -> BackfillProgress | None:
    """What it came to, with a bar until then."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}"),
    )
    progress: BackfillProgress | None = None
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("beginning", total=1.0, said="")
        async for look in watch(backfill):
            if progress := look.progress:
                bar.update(task, description=in_short(progress), completed=progress.done)
            bar.update(task, said=escape(look.trouble))
    return progress


def _print(account: str, progress: BackfillProgress, console: Console) -> None:
    tally = progress.tally
    what = f"{'Preview of a backfill' if progress.preview else 'Backfill'} of account {account}"
    span = f"{shown(progress.start)} to {shown(progress.end)} (not included)"
    payments = tally.payments(*Found)
    listed_there = f"{tally.rows - payments} movements" + (
        f", {payments} failed payments" if payments else ""
    )
    console.print(f"{what}, {span}: {listed_there}", highlight=False, soft_wrap=True)
    print_tally(tally, console)
    who = "who sent them" if payments else "ChartMogul"
    lines = [
        *listed(f"These rows cannot be read; look whether {who} changed them:", tally.unreadable),
        *listed("What these lists do not tell is not acted on:", tally.gone),
        *listed("What these would tell is not acted on; run it again when they answer:", tally.unasked),
    ]
    for line in lines:
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
