"""`release` and `drop` decide on a route's brake; `pause` and `resume` stop and start the rest."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import get_args

from rich.console import Console
from temporalio.client import Client
from temporalio.service import RPCError

import temporal
from commands.dates import in_words
from commands.person import who
from commands.stopped import Stopped
from commands.waiting import LOOK_SECONDS, NOT_NOW, nobody_takes
from dispatch.holdings import held_by, holdings, with_count
from dispatch.holds import KNOWN_WITHIN_SECONDS, open_hold
from models.holds import (
    LONGEST_PAUSE,
    Decision,
    Holding,
    HoldOn,
    Scope,
    Verdict,
    brake_on,
    route_of,
)
from models.routes import TemplateName
from settings import Settings
from workflows.engine.wording import counted
from workflows.hold.texts import options

SYSTEMS = ("chartmogul", "salesforce", "hubspot", "slack", "warehouse")
"""What can be paused alone."""

LIST_SECONDS = 60
"""Temporal's list of runs is that far behind at most."""

SHORTEST_PAUSE = timedelta(minutes=2)
"""Longer than it may take until it is held: one that is over before it is on would stop nothing."""

MOST_WORDS = 300
"""Characters of a reason."""

WITHIN = f"within {KNOWN_WITHIN_SECONDS} seconds"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


async def decide(route: str, verdict: Verdict, why: str, console: Console) -> None:
    """Let go, or drop, what the brake of the route holds. The brake's run does it, whatever becomes of us."""
    decision = Decision(verdict=verdict, why=_reason(why), by=who())
    client = await temporal.connect()
    name = brake_on(route)
    hold = await _hold_that_matters(client, name)
    if hold is None:
        raise Stopped(f"No brake is on for a route {route}. {await _brakes(client)}")
    await _decide(client, name, decision)
    if verdict is Verdict.RELEASED:
        console.print(
            f"What it holds goes on now, oldest first: {counted(hold.count)}. `mogulflow attention` says how"
            " many wait."
        )
    else:
        console.print(
            f"What it holds ends now, without any effect: {counted(hold.count)}. `mogulflow retry RUN` undoes"
            " it for one."
        )
    console.print("The brake is off, and counts anew.")


async def pause(settings: Settings, scope: Scope, length: str, why: str, console: Console) -> None:
    """Returns once each process that reaches Temporal has read of it. Ctrl-C while it waits, or a Temporal
    that goes away, ends the waiting and not the pause."""
    _check(settings, scope)
    lasts, reason = _length(length), _reason(why)
    client = await temporal.connect()
    until = datetime.now(UTC) + lasts
    opened = await _open(client, scope, HoldOn(why=reason, by=who(), until=until), console)
    end = f"until {until.astimezone():%d %b %H:%M %Z}"
    try:
        await _until_held(client, scope, opened, console)
        meaning = _meaning(scope, has_worker=not await _waits_for_a_worker(client, scope.hold))
    except (asyncio.CancelledError, RPCError):
        text = f"The pause is on, {end}; each process holds it once it has read of it in Temporal."
        console.print(text, soft_wrap=True)
        raise
    console.print(
        f"Paused since {datetime.now().astimezone():%H:%M}, {end}: {scope.words}. Each process that reaches"
        f" Temporal holds it now. {meaning} It ends by itself, or by `mogulflow resume{options(scope)}`.",
        soft_wrap=True,
    )


async def _open(client: Client, scope: Scope, hold: HoldOn, console: Console) -> Holding:
    """Raises RPCError. Where no answer came it may be on all the same."""
    try:
        return await open_hold(client, scope.hold, hold)
    except RPCError as error:
        if error.status in NOT_NOW:
            console.print(
                "Temporal did not say whether the pause is on: `mogulflow attention` tells once it answers,"
                " and to pause again does no harm.",
                soft_wrap=True,
            )
        raise


async def _until_held(client: Client, scope: Scope, pause: Holding, console: Console) -> None:
    """Processes read Temporal's list of runs: it must have the pause, and each must have read it since."""
    doing = f"Pausing {scope.words}: each process that reaches Temporal holds it {WITHIN}"
    with console.status(doing):
        if not console.is_terminal:
            console.print(f"{doing}.", soft_wrap=True)
        try:
            async with asyncio.timeout(LIST_SECONDS):
                while not await is_listed(client, pause):
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise Stopped(
                f"The pause of {scope.words} is on, but Temporal's list of runs does not show it yet, and"
                " processes hold it only then. `mogulflow attention` says when it does."
            ) from None
        await asyncio.sleep(KNOWN_WITHIN_SECONDS)


async def is_listed(client: Client, pause: Holding) -> bool:
    """Whether the list has this pause, and not only one before it that the list shows still. Its end tells
    it apart, which no other has: where it was on already its run stays, and where one before it was just
    ending another run goes on. With no worker to note a new end, its own run is enough. Raises RPCError."""
    listed = [each for each in await holdings(client) if each.name == pause.name and each.is_open]
    if any(each.until == pause.until for each in listed):
        return True
    is_ours = any(each.run_id == pause.run_id for each in listed)
    return is_ours and await _waits_for_a_worker(client, pause.name)


async def _waits_for_a_worker(client: Client, hold: str) -> bool:
    return nobody_takes(await client.get_workflow_handle(hold).describe())


async def resume(scope: Scope, why: str, console: Console) -> None:
    decision = Decision(verdict=Verdict.RELEASED, why=_reason(why) if why else "", by=who())
    client = await temporal.connect()
    hold = await _hold_that_matters(client, scope.hold)
    if hold is None:
        raise Stopped(f"Nothing of that kind is paused: {scope.words}. {await _pauses(client)}")
    await _decide(client, scope.hold, decision)
    held = f" What it holds goes on by itself, oldest first: {counted(hold.count)}." if hold.count else ""
    goes_on = f"Each process goes on {WITHIN}, once a worker has taken this up."
    console.print(f"Resumed: {scope.words}. {goes_on}{held}", soft_wrap=True)


async def _hold_that_matters(client: Client, name: str) -> Holding | None:
    """One that is open, or one that somebody ended by force and that left runs waiting."""
    for hold in await holdings(client):
        if hold.name == name:
            if not hold.is_open:
                raise Stopped(f"{name} was ended before, and is just telling the runs that it holds.")
            return await with_count(client, hold)
    left = (await client.count_workflows(held_by(name))).count
    return Holding(name=name, run_id="", since=datetime.now(UTC), count=left) if left else None


async def _decide(client: Client, name: str, decision: Decision) -> None:
    """Where its run is gone, a new one does what is left to do."""
    await open_hold(client, name, HoldOn(why="ended by force before"), decision)


async def _brakes(client: Client) -> str:
    routes = [route for each in await holdings(client) if (route := route_of(each.name)) and each.is_open]
    return f"There is one for {', '.join(routes)}." if routes else "There is none for any route."


async def _pauses(client: Client) -> str:
    names = [each.name for each in await holdings(client) if not route_of(each.name) and each.is_open]
    said = [f"{Scope.of(name).words} (`mogulflow resume{options(Scope.of(name))}`)" for name in names]
    return f"Paused are: {', '.join(said)}." if said else "Nothing is paused."


def _check(settings: Settings, scope: Scope) -> None:
    """Raises Stopped for a name that nothing has: a pause of it would stop nothing."""
    templates = [str(each) for each in get_args(TemplateName)]
    for option, value, known in (
        ("--template", scope.template, templates),
        ("--system", scope.system, list(SYSTEMS)),
        ("--account", scope.account, list(settings.chartmogul)),
    ):
        if value is not None and value not in known:
            raise Stopped(f"{option} {value}: there is none of that name. There is {', '.join(known)}.")


def scope_of(template: str | None, system: str | None, account: str | None) -> Scope:
    """Raises Stopped where more than one is named."""
    if sum(each is not None for each in (template, system, account)) > 1:
        raise Stopped("Name one of --template, --system and --account, or none for everything.")
    return Scope(template=template, system=system, account=account)


def _length(text: str) -> timedelta:
    """`90s`, `30m`, `1h`, `1h30m`, `2d`. Raises Stopped."""
    parts = re.findall(r"(\d{1,9})([smhd])", text.replace(" ", ""))
    if not parts or "".join(map("".join, parts)) != text.replace(" ", ""):
        raise Stopped(f"--for {text!r} is no length of time; write 30m, 1h, 1h30m or 2d.")
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if not SHORTEST_PAUSE.total_seconds() <= seconds <= LONGEST_PAUSE.total_seconds():
        shortest = (
            f"at least {in_words(SHORTEST_PAUSE)}, for more than one may pass until each process holds it"
        )
        raise Stopped(f"--for {text[:40]} must be {shortest}, and at most {in_words(LONGEST_PAUSE)}.")
    return timedelta(seconds=seconds)


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


def _reason(why: str) -> str:
    """Raises Stopped where there is none: whoever reads it in a month has nothing else."""
    line = " ".join(why.split())
    if not line:
        raise Stopped("Say why: it is kept in the run, for whoever asks later.")
    if len(line) > MOST_WORDS:
        raise Stopped(f"The reason has {len(line)} characters; {MOST_WORDS} are kept.")
    return line
