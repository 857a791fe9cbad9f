"""`release`, `drop`, `pause` and `resume`: what each did, and what happens next."""

import asyncio
from datetime import datetime

from rich.console import Console
from temporalio.service import RPCError

import operations.holds as operation
from dispatch.holds import KNOWN_WITHIN_SECONDS
from models.holds import Scope, Verdict
from models.wording import counted
from operations.holds import Pause
from operations.waiting import NOT_NOW
from settings import Settings

WITHIN = f"within {KNOWN_WITHIN_SECONDS} seconds"


async def decide(route: str, verdict: Verdict, why: str, console: Console) -> None:
    held = counted(await operation.decide(route, verdict, why))
    if verdict is Verdict.RELEASED:
        console.print(
            f"What it holds goes on now, oldest first: {held}. `mogulflow attention` says how many wait."
        )
    else:
        console.print(
            f"What it holds ends now, without any effect: {held}. `mogulflow retry RUN` undoes it for one."
        )
    console.print("The brake is off, and counts anew.")


async def pause(settings: Settings, scope: Scope, length: str, why: str, console: Console) -> None:
    """Returns once each process that reaches Temporal has read of it. Ctrl-C while it waits, or a Temporal
    that goes away, ends the waiting and not the pause."""
    pause = await _begun(settings, scope, length, why, console)
    end = f"until {pause.until.astimezone():%d %b %H:%M %Z}"
    try:
        has_worker = await _held(pause, console)
    except (asyncio.CancelledError, RPCError):
        text = f"The pause is on, {end}; each process holds it once it has read of it in Temporal."
        console.print(text, soft_wrap=True)
        raise
    console.print(
        f"Paused since {datetime.now().astimezone():%H:%M}, {end}: {scope.words}. Each process that reaches"
        f" Temporal holds it now. {_meaning(scope, has_worker=has_worker)} It ends by itself, or by"
        f" `mogulflow resume{scope.options}`.",
        soft_wrap=True,
    )


async def _begun(settings: Settings, scope: Scope, length: str, why: str, console: Console) -> Pause:
    try:
        return await operation.pause(settings, scope, length, why)
    except RPCError as error:
        if error.status in NOT_NOW:
            console.print(
                "Temporal did not say whether the pause is on: `mogulflow attention` tells once it answers,"
                " and to pause again does no harm.",
                soft_wrap=True,
            )
        raise


async def _held(pause: Pause, console: Console) -> bool:
    doing = f"Pausing {pause.scope.words}: each process that reaches Temporal holds it {WITHIN}"
    with console.status(doing):
        if not console.is_terminal:
            console.print(f"{doing}.", soft_wrap=True)
        return await operation.until_held(pause)


async def resume(scope: Scope, why: str, console: Console) -> None:
    count = await operation.resume(scope, why)
    held = f" What it holds goes on by itself, oldest first: {counted(count)}." if count else ""
    goes_on = f"Each process goes on {WITHIN}, once a worker has taken this up."
    console.print(f"Resumed: {scope.words}. {goes_on}{held}", soft_wrap=True)


def _meaning(scope: Scope, *, has_worker: bool) -> str:
    """The schedules are seen to by the pause's run, and so by a worker."""
    by = "and a worker pauses" if has_worker else "and once a worker is there it pauses"
    start = "" if has_worker else " No worker is there now: start `mogulflow serve`."
    if scope.system:
        what = "Steps that need it wait, and go on afterwards; nothing is lost."
    elif scope.template:
        what = "New runs are held, and steps of those under way wait; all go on afterwards, nothing is lost."
    elif scope.account:
        what = f"New runs are held, {by} its schedules; what is under way is finished. Nothing is lost."
    else:
        what = f"New runs are held, no step begins that calls a system, {by} the schedules."
        what += " What was sent before is finished, and all goes on afterwards."
    return what + start
